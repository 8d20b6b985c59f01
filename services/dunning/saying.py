"""The words of a step: amounts only where the address is proven, nothing sent that is not true any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time

from sqlalchemy import select

from services import conversations, houses, people, places
from services.actors import House
from services.db import Session
from services.dunning import pauses, quiet
from services.dunning.steps import Name, Step, Via
from services.messages import Cents, Channel, Choice, Style, T, Text, When
from services.models import Address, Bill, DunningAttempt, Person, Unit
from services.money import standing
from services.money.landed import trusted
from services.outbox import Priority, To
from services.settings import Policies

ASKING = frozenset({Name.WEEK, Name.TALK, Name.MONTH})  # after these he is asked why


async def ways(session: Session, payers: Sequence[Person], via: Via) -> Sequence[To]:
    """Return the addresses of the first payer that can be reached, by the way that the step asks for."""
    best = await people.addresses_of(session, [person.id for person in payers])
    to = next((best[person.id] for person in payers if person.id in best), None)
    if to is None or via is Via.CHAT or to.channel == Channel.SMS:
        return [to] if to is not None else []
    texts = await _by_text(session, to)
    return [*([to] if via is Via.BOTH else []), *texts] or [to]


async def _by_text(session: Session, to: To) -> Sequence[To]:
    whose = select(Address.person_id).where(Address.id == to.address_id).scalar_subquery()
    phone = Address.channel == Channel.SMS, Address.person_id == whose, Address.gone_at.is_(None)
    found = (await session.scalars(select(Address).where(*phone).order_by(Address.id).limit(1))).all()
    return [To(one.id, to.locale, to.community_id, one.channel) for one in found]


async def say(
    session: Session,
    *,
    attempt_id: int,
    step: Step,
    home: Unit,
    bills: Sequence[Bill],
    person: Person,
    to: To,
    house: House,
    now: datetime,
) -> None:
    """Say a step to one address, privately; it is looked at again when it leaves."""
    key = f"dunning:{attempt_id}:{to.address_id}"
    sure = bool(await trusted(session, address_ids=[to.address_id]))
    await conversations.tell(
        session,
        to=to,
        person_id=person.id,
        key=key,
        text=text(step, home, bills, house, sure=sure),
        rows=choices(home) if step.name in ASKING and to.channel != Channel.SMS else (),
        priority=Priority.NOTICE,
        still_wanted=f"dunning:{attempt_id}",
        now=now,
    )
    attempt = await session.get_one(DunningAttempt, attempt_id)
    attempt.outbox_key = attempt.outbox_key or key


def text(step: Step, home: Unit, bills: Sequence[Bill], house: House, *, sure: bool) -> Text:
    """Put the words together; without a proven address no amount and no item is named."""
    if not sure:
        return T("dunning.plain", phone=house.phone)
    place = places.unit_label(home)
    due = min(bill.due_on for bill in bills)
    return T(
        f"dunning.{step.name}",
        unit=place,
        items=_items(bills),
        cents=Cents(sum(standing.open_cents(bill) for bill in bills)),
        due=When(datetime.combine(due, time(12), tzinfo=UTC), Style.DAY),
        phone=house.phone,
    )


def _items(bills: Sequence[Bill]) -> T:
    first = T("dunning.item", item=bills[0].item, period=bills[0].period)
    return T("dunning.items", first=first, count=len(bills)) if len(bills) > 1 else first


def choices(home: Unit) -> list[list[Choice]]:
    """Offer what somebody may answer who has not paid."""
    return [
        [Choice(T("dunning.paid"), "go:paid"), Choice(T("dunning.later"), f"go:promise:{home.id}")],
        [Choice(T("dunning.object"), "go:complaint"), Choice(T("dunning.hardship"), f"go:hardship:{home.id}")],
    ]


async def still_wanted(session: Session, attempt_id: int, *, now: datetime, policies: Policies) -> bool:
    """Whether a step still holds when it leaves: not paid, nothing holds it up, nobody is asleep.

    A step that is not sent gives its place back, so that a later round may take it.
    """
    attempt = await session.get(DunningAttempt, attempt_id)
    if attempt is None or attempt.state != "said":
        return False
    house = await houses.by_id(session, community_id=attempt.community_id)
    policy = await policies.of(session, attempt.community_id)
    held = await pauses.paused_bills(session, unit_ids=[attempt.unit_id], now=now)
    units = [unit.id for unit in await standing.household(session, unit_id=attempt.unit_id)]
    open_ids = {bill.id for bill in await standing.owed(session, unit_ids=units)}
    spared = await pauses.spared(session, homes=[attempt.unit_id], now=now)
    awake = quiet.until(now, policy.dunning, house.zone) == now
    if awake and not spared and set(attempt.bills) <= open_ids - held:
        return True
    attempt.state, attempt.key = "skipped", f"{attempt.key}:{attempt.id}"
    return False
