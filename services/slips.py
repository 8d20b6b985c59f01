"""Release slips: asked for by a household, approved by the desk, checked once at the gate."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select

from services import conversations, media, people, timers
from services.actors import Actor
from services.db import Session, upsert
from services.messages import Channel, Choice, T, Text, When, lines, window_end
from services.models import Counter, Person, ReleaseSlip, Unit, table_of
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound, Refused
from services.settings import Policy
from services.tickets import dispatch

SUBJECT, DUE = "slip", "slip.due"
SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that looks like another
CODE_SIGNS = 4
PAYLOAD = "slip-"  # what a scanned code begins with
LONGEST_AHEAD = timedelta(days=60)
DECISION_DAYS = timedelta(days=3)
NUMBER = re.compile(r"(?P<number>\d{4}-?R\d{1,3})(?:[\s-]*(?P<code>[A-Z0-9]{4}))?")
ONE_MORE = table_of(Counter).c.count + 1


class Valid(StrEnum):
    """Whether a slip opens the gate now."""

    YES = "yes"
    EARLY = "early"
    EXPIRED = "expired"
    USED = "used"
    WAITS = "waits"  # for the desk's word


class NeedsHome(Refused):
    """Only who lives here, or owns a flat, asks for a slip."""

    key = "refused.needs_home"


class BadTime(Refused):
    """The time has passed, or lies too far ahead."""

    key = "refused.slip_time"
    ends = False


class SlipDecided(Refused):
    """Somebody else of the desk was quicker."""

    key = "refused.slip_decided"


class SlipUnknown(Refused):
    """No slip bears this number with this check code."""

    key = "refused.slip_unknown"


class SlipUsed(Refused):
    """The slip opened the gate before."""

    key = "refused.slip_used"


class SlipNotValid(Refused):
    """The slip does not open the gate now."""

    key = "refused.slip_not_valid"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a household wants to carry out."""

    unit_id: int
    goods: str
    start: datetime
    end: datetime
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A slip as the desk and the gate see it."""

    slip: ReleaseSlip
    unit: Unit
    person: Person


def typed(text: str) -> tuple[str, str] | None:
    """Read a slip's number and check code as people type them: `0412-R3 K7QM`; None when it is no number."""
    found = NUMBER.fullmatch(text.strip().upper().replace("\u2014", "-"))
    if found is None:
        return None
    number = found["number"] if "-" in found["number"] else f"{found['number'][:4]}-{found['number'][4:]}"
    return number, found["code"] or ""


def whole(slip: ReleaseSlip) -> str:
    """Return number and check code as they are told and typed."""
    return f"{slip.number}-{slip.code}"


def validity(slip: ReleaseSlip, *, now: datetime, policy: Policy) -> Valid:
    """Say whether a slip opens the gate at a moment."""
    grace = timedelta(minutes=policy.forms.slip_grace_minutes)
    if slip.state == "used":
        return Valid.USED
    if now > slip.until_at + grace:
        return Valid.EXPIRED
    if slip.state != "approved":
        return Valid.WAITS
    return Valid.EARLY if now < slip.from_at - grace else Valid.YES


async def ask(session: Session, actor: Actor, *, wish: Wish, now: datetime, policy: Policy) -> ReleaseSlip:
    """Ask the desk for a slip. Raises `NeedsHome`, `BadTime`."""
    house = actor.house
    if house is None or actor.person_id is None or wish.unit_id not in {home.unit_id for home in actor.here}:
        raise NeedsHome
    if wish.end <= now or wish.start > now + LONGEST_AHEAD or wish.end <= wish.start:
        raise BadTime
    local = now.astimezone(house.zone)
    slip = ReleaseSlip(
        community_id=house.id,
        year=local.year,
        number=await _number(session, house.id, local),
        code="".join(secrets.choice(SIGNS) for _ in range(CODE_SIGNS)),
        unit_id=wish.unit_id,
        person_id=actor.person_id,
        address_id=actor.to.address_id,
        goods=wish.goods,
        carrier=wish.carrier,
        from_at=wish.start,
        until_at=wish.end,
        state="asked",
        round=1,
        asked_at=now,
    )
    session.add(slip)
    await session.flush()  # the desk's question carries its id
    await _ask_desk(session, slip, now=now, policy=policy)
    return slip


async def _number(session: Session, community_id: int, local: datetime) -> str:
    day = f"{local:%m%d}"
    row = {"community_id": community_id, "year": local.year, "day": f"{day}R", "count": 1}
    on, change = ("community_id", "year", "day"), {"count": ONE_MORE}
    counted = await upsert(session, Counter, row, on=on, change=change, returning=(Counter.count,))
    return f"{day}-R{counted.scalar_one()}"


async def _ask_desk(session: Session, slip: ReleaseSlip, *, now: datetime, policy: Policy) -> None:
    """Put the slip before the desk on duty; who leads hears of it when nobody looks."""
    found = await dispatch.candidates(session, community_id=slip.community_id, team="desk", now=now)
    here = [one.staff_id for one in found if one.on_duty] or [one.staff_id for one in found]
    for staff_id, to in (await people.addresses_of_staff(session, here)).items():
        await conversations.ask(
            session,
            to=to,
            person_id=None,
            form="slip_decision",
            given={"slip": slip.id, "number": slip.number},
            key=f"slip:{slip.id}:desk:{slip.round}:{staff_id}",
            priority=Priority.WORK,
            now=now,
            expires_at=now + DECISION_DAYS,
        )
    await timers.move(
        session,
        key=f"slip:{slip.id}:due",
        kind=DUE,
        subject=SUBJECT,
        subject_id=slip.id,
        due_at=now + timedelta(minutes=policy.forms.slip_minutes),
        community_id=slip.community_id,
    )


async def overdue(session: Session, *, slip_id: int, now: datetime) -> None:
    """Nobody of the desk looked at a slip: who leads hears it, once per question."""
    slip = await session.get(ReleaseSlip, slip_id)
    if slip is None or slip.state != "asked" or slip.until_at < now:
        return
    leads = await dispatch.leads(session, community_id=slip.community_id, now=now)
    told = [one.staff_id for one in leads if one.on_duty] or [one.staff_id for one in leads]
    rows = [[Choice(T("slip.look"), f"go:slip:{slip.id}")]]
    for staff_id, to in (await people.addresses_of_staff(session, told)).items():
        await conversations.tell(
            session,
            to=to,
            key=f"slip:{slip.id}:due:{slip.round}:{staff_id}",
            text=T("slip.overdue", number=slip.number, asked=When(slip.asked_at)),
            rows=rows,
            priority=Priority.WORK,
            now=now,
        )


async def for_desk(session: Session, actor: Actor, *, slip_id: int) -> Shown:
    """Return a slip to the desk or who leads. Raises `NotFound`."""
    if not actor.is_front:
        raise NotFound
    return await _shown(session, ReleaseSlip.id == slip_id, ReleaseSlip.community_id == actor.community_id)


async def _shown(session: Session, *which: ColumnElement[bool], lock: bool = False) -> Shown:
    statement = (
        select(ReleaseSlip, Unit, Person)
        .join(Unit, Unit.id == ReleaseSlip.unit_id)
        .join(Person, Person.id == ReleaseSlip.person_id)
        .where(*which)
    )
    row = (
        await session.execute(statement.with_for_update(of=ReleaseSlip, key_share=True) if lock else statement)
    ).one_or_none()
    if row is None:
        raise NotFound
    return Shown(*row)


async def approve(session: Session, actor: Actor, *, slip_id: int, now: datetime) -> ReleaseSlip:
    """Let the goods go: the household gets number and picture. Raises `SlipDecided`."""
    slip = await _undecided(session, actor, slip_id)
    slip.state, slip.decided_at, slip.decided_by = "approved", now, _staff(actor)
    words = f"{PAYLOAD}{whole(slip)}"
    slip.media_id = await media.draw(session, words, community_id=slip.community_id, now=now)
    text = lines(
        T("slip.approved", number=whole(slip), start=When(slip.from_at), end=window_end(slip.from_at, slip.until_at)),
        T("slip.approved.how"),
    )
    await _tell_household(session, slip, text, tag="approved", media_id=slip.media_id, now=now)
    return slip


async def ask_household(session: Session, actor: Actor, *, slip_id: int, words: str, now: datetime) -> ReleaseSlip:
    """Ask the household something before the slip is given. Raises `SlipDecided`."""
    slip = await _undecided(session, actor, slip_id)
    slip.state = "back"
    to = await people.to_of(session, address_id=slip.address_id)
    if to is not None:
        await conversations.ask(
            session,
            to=to,
            person_id=slip.person_id,
            form="slip_answer",
            given={"slip": slip.id, "number": slip.number, "question": words},
            key=f"slip:{slip.id}:household:{slip.round}",
            priority=Priority.REPLY,
            now=now,
            expires_at=max(slip.until_at, now + timedelta(hours=1)),
        )
    return slip


async def answer(session: Session, actor: Actor, *, slip_id: int, words: str, now: datetime, policy: Policy) -> None:
    """Put the household's answer with its wish and ask the desk anew. Raises `NotFound`, `SlipDecided`."""
    slip = await session.get(ReleaseSlip, slip_id, with_for_update=True)
    if slip is None or slip.person_id != actor.person_id:
        raise NotFound
    if slip.state != "back":
        raise SlipDecided(number=slip.number)
    slip.state, slip.round, slip.goods = "asked", slip.round + 1, f"{slip.goods}\n{words}"
    await _ask_desk(session, slip, now=now, policy=policy)


async def _undecided(session: Session, actor: Actor, slip_id: int) -> ReleaseSlip:
    if not actor.is_front:
        raise NotAllowed
    of_house = ReleaseSlip.id == slip_id, ReleaseSlip.community_id == actor.community_id
    slip = (await _shown(session, *of_house, lock=True)).slip
    if slip.state != "asked":
        raise SlipDecided(number=slip.number)
    await conversations.end_where(session, key_prefix=f"slip:{slip.id}:desk:")
    await timers.cancel(session, subject=SUBJECT, subject_id=slip.id)
    return slip


def _staff(actor: Actor) -> int | None:
    return actor.staff.staff_id if actor.staff is not None else None


async def _tell_household(
    session: Session, slip: ReleaseSlip, text: Text, *, tag: str, now: datetime, media_id: int | None = None
) -> None:
    to = await people.to_of(session, address_id=slip.address_id)
    if to is None:
        to = (await people.addresses_of(session, [slip.person_id])).get(slip.person_id)
    if to is not None:
        await conversations.tell(
            session,
            to=to,
            key=f"slip:{slip.id}:{tag}",
            text=text,
            priority=Priority.REPLY,
            person_id=slip.person_id,
            media=(media_id,) if media_id is not None and to.channel != Channel.SMS else (),
            now=now,
        )


def at_gate(actor: Actor) -> bool:
    """Whether the actor may check slips: security, the desk, who leads."""
    return actor.keeps_watch or actor.is_front


async def check(session: Session, actor: Actor, *, number: str, code: str) -> Shown:
    """Return the newest slip of the number whose check code is right. Raises `SlipUnknown`, `NotAllowed`."""
    if not at_gate(actor):
        raise NotAllowed
    slip = (
        await session.scalars(
            select(ReleaseSlip)
            .where(ReleaseSlip.community_id == actor.community_id, ReleaseSlip.number == number)
            .order_by(ReleaseSlip.year.desc())
            .limit(1)
        )
    ).one_or_none()
    if slip is None or not hmac.compare_digest(slip.code, code.upper()):
        raise SlipUnknown(number=f"{number}-{code.upper()}")
    return await _shown(session, ReleaseSlip.id == slip.id)


async def use(session: Session, actor: Actor, *, slip_id: int, now: datetime, policy: Policy) -> ReleaseSlip:
    """Let the goods through, once. Raises `SlipUsed`, `SlipNotValid`."""
    if not at_gate(actor):
        raise NotAllowed
    of_house = ReleaseSlip.id == slip_id, ReleaseSlip.community_id == actor.community_id
    slip = (await _shown(session, *of_house, lock=True)).slip
    valid = validity(slip, now=now, policy=policy)
    if valid is Valid.USED:
        name = await people.staff_name(session, slip.used_by)
        raise SlipUsed(number=slip.number, at=When(slip.used_at or now), name=name)
    if valid is not Valid.YES:
        raise SlipNotValid(number=slip.number, why=T(f"gate.valid.{valid}"))
    slip.state, slip.used_at, slip.used_by = "used", now, _staff(actor)
    await _tell_household(session, slip, T("slip.used", number=slip.number, at=When(now)), tag="used", now=now)
    return slip
