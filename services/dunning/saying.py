"""The words of a step: amounts only where the address is proven, nothing sent that is not true any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy import select, update

from services import conversations, houses, outbox, people, places
from services.actors import House
from services.db import Session
from services.dunning import pauses, quiet
from services.dunning.cases import SAID, Case
from services.dunning.steps import OF_THE_OFFICE, Does, Name, Step, StepList, Via
from services.messages import Cents, Channel, Choice, Say, Style, T, Text, When
from services.models import Address, Bill, DunningAttempt, Person, Unit
from services.money import standing
from services.money.landed import trusted
from services.outbox import Draft, Priority, To
from services.settings import Policies

ASKING = frozenset({Name.WEEK, Name.TALK, Name.MONTH})  # after these he is asked why
MEETING = frozenset({Name.TALK, Name.MONTH})  # after these he may pick a time to meet


@dataclass(frozen=True, slots=True)
class Reached:
    """Where payers can be reached: best, by text message, and which addresses may hear amounts."""

    best: Mapping[int, To]  # by person
    by_text: Mapping[int, To]
    proven: frozenset[int]  # addresses

    def who(self, payers: Sequence[Person]) -> Person | None:
        """Return the first payer that can be reached, else the first."""
        return next((person for person in payers if person.id in self.best), payers[0] if payers else None)

    def ways(self, payers: Sequence[Person], via: Via) -> Sequence[To]:
        """Return the addresses of that payer, by the way that the step asks for."""
        person = self.who(payers)
        best = self.best.get(person.id) if person is not None else None
        if person is None or best is None or via is Via.CHAT or best.channel == Channel.SMS:
            return [best] if best is not None else []
        texts = [self.by_text[person.id]] if person.id in self.by_text else []
        return [*([best] if via is Via.BOTH else []), *texts] or [best]


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that is taken for a household, and where it is said, if it is."""

    case: Case
    step: Step
    person: Person | None
    ways: Sequence[To]

    @property
    def way(self) -> str:
        """The channel of a message, else what is done; who can't be written to is called."""
        if self.step.does is not Does.MESSAGE:
            return self.step.does
        return self.ways[0].channel if self.ways else Does.CALL

    @property
    def state(self) -> str:
        """Said, wanted from the office, or a task of the collector."""
        if self.ways:
            return SAID
        return "wanted" if self.step.does in OF_THE_OFFICE else "task"


async def reached(session: Session, persons: Sequence[Person]) -> Reached:
    """Look up where some payers can be reached."""
    ids = sorted({person.id for person in persons})
    best = await people.addresses_of(session, ids)
    phone = Address.channel == Channel.SMS, Address.person_id.in_(ids), Address.gone_at.is_(None)
    rows = (await session.scalars(select(Address).where(*phone).order_by(Address.id.desc()))).all()
    texts = {
        one.person_id: To(one.id, best[one.person_id].locale, one.community_id, one.channel)
        for one in rows
        if one.person_id is not None and one.person_id in best
    }
    addresses = [to.address_id for to in (*best.values(), *texts.values())]
    return Reached(best, texts, await trusted(session, address_ids=addresses))


async def say(
    session: Session, taken: Sequence[tuple[int, Taken]], house: House, known: Reached, now: datetime
) -> None:
    """Say steps privately, each to its addresses; each is looked at again when it leaves."""
    drafts = [
        await _draft(session, attempt_id, one, to, house, now, sure=to.address_id in known.proven)
        for attempt_id, one in taken
        for to in one.ways
    ]
    await outbox.enqueue(session, *drafts, now=now)
    keys = [{"id": attempt_id, "outbox_key": _key(attempt_id, one.ways[0])} for attempt_id, one in taken]
    if keys:
        await session.execute(update(DunningAttempt), keys)


def _key(attempt_id: int, to: To) -> str:
    return f"dunning:{attempt_id}:{to.address_id}"


async def _draft(
    session: Session, attempt_id: int, one: Taken, to: To, house: House, now: datetime, *, sure: bool
) -> Draft:
    case, step, key = one.case, one.step, _key(attempt_id, to)
    asks = step.name in ASKING and to.channel != Channel.SMS
    said = Say(
        text(step, case.home, case.bills, house, sure=sure),
        tuple(tuple(row) for row in choices(step, case.home)) if asks else (),
    )
    person_id = one.person.id if one.person else None
    return Draft(
        key=key,
        to=to,
        priority=Priority.NOTICE,
        say=said,
        prompt_id=await conversations.offer(session, to=to, key=key, say=said, person_id=person_id, now=now),
        still_wanted=f"dunning:{attempt_id}",
    )


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


def choices(step: Step, home: Unit) -> list[list[Choice]]:
    """Offer what somebody may answer who has not paid; once the steward wants to talk, a time to meet too."""
    meet = Choice(T("dunning.meet"), f"go:meet:{home.id}")
    return [
        [Choice(T("dunning.paid"), "go:paid"), Choice(T("dunning.later"), f"go:promise:{home.id}")],
        [Choice(T("dunning.object"), "go:complaint"), Choice(T("dunning.hardship"), f"go:hardship:{home.id}")],
        *([[meet]] if step.name in MEETING else []),
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
    left = attempt.list == StepList.LEFT
    held = await pauses.paused_bills(session, unit_ids=[attempt.unit_id], now=now)
    open_ids = await _open(session, attempt)
    spared = not left and await pauses.spared(session, homes=[attempt.unit_id], now=now)
    awake = quiet.until(now, policy.dunning, house.zone) == now
    if awake and not spared and set(attempt.bills) <= open_ids - held:
        return True
    attempt.state, attempt.key = "skipped", f"{attempt.key}:{attempt.id}"
    return False


async def _open(session: Session, attempt: DunningAttempt) -> set[int]:
    """Return which bills the household still owes, or who left it."""
    if attempt.list == StepList.LEFT:
        its = Bill.id.in_(attempt.bills), Bill.payer_id == attempt.person_id, standing.OPEN
        return set((await session.scalars(select(Bill.id).where(*its))).all())
    units = [unit.id for unit in await standing.household(session, unit_id=attempt.unit_id)]
    return {bill.id for bill in await standing.owed(session, unit_ids=units)}
