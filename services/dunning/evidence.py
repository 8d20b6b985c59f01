"""A household's record: all that was tried and whether it arrived, letters, promises, payments, in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services import looks
from services.actors import Actor
from services.db import Session
from services.dunning import handing, letters
from services.models import (
    Address,
    Bill,
    Content,
    DunningAttempt,
    Handing,
    Instalment,
    Letter,
    Outgoing,
    Payment,
    Person,
    Promise,
    Sparing,
    Staff,
    Unit,
)
from services.money import standing


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an attempt: which way it went, and what became of it."""

    channel: str
    state: str


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt, with what became of its messages."""

    attempt: DunningAttempt
    messages: Sequence[Message]
    words: str
    by: str  # who noted it
    person: str  # whom it was for


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter, and each time it was handed over."""

    letter: Letter
    handed: Sequence[Handing]


@dataclass(frozen=True, slots=True)
class Promised:
    """A promise with its parts."""

    promise: Promise
    parts: Sequence[Instalment]


@dataclass(frozen=True, slots=True)
class Record:
    """What a court is shown of one household."""

    unit: Unit
    owed: Sequence[Bill]
    tried: Sequence[Tried]
    letters: Sequence[Sent]
    promises: Sequence[Promised]
    spared: Sequence[Sparing]
    paid: Sequence[Payment]


async def asked(session: Session, actor: Actor, *, unit: Unit, now: datetime) -> None:
    """Write down that somebody looks at a household's record; raises `NotAllowed`."""
    letters.check(actor, unit.community_id)
    payers = (await standing.payers(session, unit_ids=[unit.id])).get(unit.id, ())
    whose = payers[0].id if payers else None
    await looks.note(session, actor, what="record", person_id=whose, unit_id=unit.id, now=now)


async def of(session: Session, actor: Actor, *, unit: Unit) -> Record:
    """Put a household's record together; raises `NotAllowed`."""
    letters.check(actor, unit.community_id)
    household = await standing.household(session, unit_id=unit.id)
    unit = next((one for one in household if one.attached_to is None), unit)  # a parking space belongs to its home
    units = [one.id for one in household]
    owed = select(Bill).where(Bill.unit_id.in_(units), standing.OPEN).order_by(Bill.due_on, Bill.id)
    paid = select(Payment).where(Payment.unit_id.in_(units)).order_by(Payment.paid_on, Payment.id)
    spared = select(Sparing).where(Sparing.unit_id == unit.id).order_by(Sparing.id)
    return Record(
        unit,
        (await session.scalars(owed)).all(),
        await _tried(session, unit),
        await _letters(session, unit),
        await _promises(session, unit),
        (await session.scalars(spared)).all(),
        (await session.scalars(paid)).all(),
    )


async def _tried(session: Session, unit: Unit) -> Sequence[Tried]:
    its = DunningAttempt.unit_id == unit.id
    statement = select(DunningAttempt).where(its).order_by(DunningAttempt.at, DunningAttempt.id)
    attempts = (await session.scalars(statement)).all()
    messages = await _messages(session, attempts)
    contents = select(Content.id, Content.words).where(Content.id.in_(_ids(one.content_id for one in attempts)))
    words = {row.id: row.words or "" for row in await session.execute(contents)}
    by = await _staff(session, _ids(one.staff_id for one in attempts))
    named = select(Person.id, Person.name).where(Person.id.in_(_ids(one.person_id for one in attempts)))
    names = {row.id: row.name for row in await session.execute(named)}
    return [
        Tried(
            one,
            messages.get(one.id, ()),
            words.get(one.content_id or 0, ""),
            by.get(one.staff_id or 0, ""),
            names.get(one.person_id or 0, ""),
        )
        for one in attempts
    ]


def _ids(found: Iterable[int | None]) -> Sequence[int]:
    return sorted({one for one in found if one is not None})


async def _staff(session: Session, ids: Sequence[int]) -> Mapping[int, str]:
    named = select(Staff.id, Person.name).join(Person, Person.id == Staff.person_id).where(Staff.id.in_(ids))
    return {row.id: row.name for row in await session.execute(named)}


async def _messages(session: Session, attempts: Sequence[DunningAttempt]) -> Mapping[int, Sequence[Message]]:
    """Return all messages of some attempts, on whatever way they went, by the keys that they can have."""
    persons = _ids(one.person_id for one in attempts)
    found = await session.execute(select(Address.id, Address.person_id).where(Address.person_id.in_(persons)))
    of_person: dict[int, list[int]] = {}
    for address_id, person_id in found:
        of_person.setdefault(person_id or 0, []).append(address_id)
    by_key = {
        key: attempt.id
        for attempt in attempts
        if attempt.outbox_key
        for key in _keys(attempt, of_person.get(attempt.person_id or 0, ()))
    }
    sent = await session.execute(
        select(Outgoing.key, Outgoing.state, Address.channel)
        .join(Address, Address.id == Outgoing.address_id)
        .where(Outgoing.key.in_(list(by_key)))
        .order_by(Outgoing.id)
    )
    messages: dict[int, list[Message]] = {}
    for key, state, channel in sent:
        messages.setdefault(by_key[key], []).append(Message(channel, state))
    return messages


def _keys(attempt: DunningAttempt, addresses: Sequence[int]) -> Sequence[str]:
    """Return what its messages may be called: one an address, and what went another way when one was gone."""
    firsts = dict.fromkeys([attempt.outbox_key, *(f"dunning:{attempt.id}:{address}" for address in addresses)])
    return [*firsts, *(f"{first}:via:{address}" for first in firsts for address in addresses)]


async def _letters(session: Session, unit: Unit) -> Sequence[Sent]:
    found = (await session.scalars(select(Letter).where(Letter.unit_id == unit.id).order_by(Letter.id))).all()
    handed = await handing.of(session, [letter.id for letter in found])
    return [Sent(letter, handed.get(letter.id, ())) for letter in found]


async def _promises(session: Session, unit: Unit) -> Sequence[Promised]:
    found = (await session.scalars(select(Promise).where(Promise.unit_id == unit.id).order_by(Promise.id))).all()
    within = Instalment.promise_id.in_([one.id for one in found])
    parts = (await session.scalars(select(Instalment).where(within).order_by(Instalment.due_on))).all()
    return [Promised(one, [part for part in parts if part.promise_id == one.id]) for one in found]
