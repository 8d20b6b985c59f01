"""How letters were handed over, and what came of it: rows that a court is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import exists, or_, select

from services.actors import Actor
from services.db import Session, insert_once
from services.dunning import letters
from services.dunning.letters import Printed
from services.models import Bill, DunningAttempt, Handing, Letter, Unit
from services.money import standing
from services.refusals import NotAllowed, Refused


class BadDay(Refused):
    """A letter is handed over after it was printed, and not tomorrow."""

    key = "refused.handed_day"
    ends = False


class Way(StrEnum):
    """How a letter goes out."""

    HAND = "hand"
    POST = "post"  # registered
    EMS = "ems"
    DOOR = "door"  # stuck on it, with a photo


BY_POST = frozenset({Way.POST, Way.EMS})


class Outcome(StrEnum):
    """What came of it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Handed:
    """How, when, with what of it to show."""

    way: Way
    on: date
    number: str = ""
    outcome: Outcome | None = None
    media: Sequence[int] = ()


async def note(session: Session, actor: Actor, *, printed: Printed, handed: Handed, key: str, now: datetime) -> None:
    """Write down how a letter was handed over; the same event writes once. Raises `NotAllowed`, `BadDay`."""
    letter = printed.letter
    letters.check(actor, letter.community_id)
    if actor.staff is None:
        raise NotAllowed
    if not fits(actor, letter, handed.on, now):
        raise BadDay
    outcome = handed.outcome.value if handed.outcome else ""
    row = {
        "community_id": letter.community_id,
        "letter_id": letter.id,
        "key": key,
        "way": handed.way.value,
        "number": handed.number,
        "on": handed.on,
        "result": outcome,
        "result_on": handed.on if outcome else None,
        "media": list(handed.media),
        "noted_at": now,
        "noted_by": actor.staff.staff_id,
    }
    await insert_once(session, Handing, row)
    attempt = await session.get_one(DunningAttempt, letter.attempt_id)
    attempt.result, attempt.staff_id = f"letter_{outcome or handed.way.value}", actor.staff.staff_id


def fits(actor: Actor, letter: Letter, on: date, now: datetime) -> bool:
    """Whether a letter can have been handed over on a day: from when it was printed until today."""
    zone = actor.house.zone if actor.house is not None else None
    return letter.made_on <= on <= now.astimezone(zone).date()


async def came_of(
    session: Session, actor: Actor, *, printed: Printed, outcome: Outcome, on: date, now: datetime
) -> None:
    """Write down what came of a letter that was posted before. Raises `NotAllowed`, `BadDay`."""
    letters.check(actor, printed.letter.community_id)
    if not fits(actor, printed.letter, on, now):
        raise BadDay
    sent = (await of(session, [printed.letter.id])).get(printed.letter.id, ())
    if not sent or actor.staff is None:
        raise NotAllowed
    sent[-1].result, sent[-1].result_on = outcome.value, on
    attempt = await session.get_one(DunningAttempt, printed.letter.attempt_id)
    attempt.result = f"letter_{outcome.value}"


async def of(session: Session, letter_ids: Sequence[int]) -> Mapping[int, Sequence[Handing]]:
    """Return how letters were handed over, in the order in which it was noted."""
    rows = await session.scalars(select(Handing).where(Handing.letter_id.in_(letter_ids)).order_by(Handing.id))
    found: dict[int, list[Handing]] = {}
    for row in rows:
        found.setdefault(row.letter_id, []).append(row)
    return found


def is_open(sent: Sequence[Handing]) -> bool:
    """Whether it is not known yet what came of a letter that was posted."""
    return bool(sent) and sent[-1].way in BY_POST and not sent[-1].result


async def not_noted(
    session: Session, actor: Actor, *, community_id: int, most: int
) -> Sequence[tuple[Printed, Sequence[Handing]]]:
    """Return the oldest letters to who still owes of which it is not noted how they went out, or what came of it."""
    letters.check(actor, community_id)
    answered = exists().where(Handing.letter_id == Letter.id, (Handing.way == Way.DOOR) | (Handing.result != ""))
    handed = exists().where(Handing.letter_id == Letter.id, Handing.way == Way.HAND)
    owes = exists().where(
        Bill.unit_id == Letter.unit_id,
        standing.OPEN,
        Bill.due_on <= Letter.made_on,
        or_(Bill.payer_id.is_(None), Bill.payer_id == Letter.person_id),
    )
    open_ones = select(Letter, Unit).join(Unit, Unit.id == Letter.unit_id).where(~answered, ~handed, owes)
    rows = (
        await session.execute(open_ones.where(Letter.community_id == community_id).order_by(Letter.id).limit(most))
    ).all()
    sent = await of(session, [letter.id for letter, _ in rows])
    return [(Printed(letter, unit), sent.get(letter.id, ())) for letter, unit in rows]
