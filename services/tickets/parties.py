"""Whom a ticket concerns beside its requester: rows of `party`; what they said lies in content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from services import people, places
from services.actors import Actor
from services.db import Session, insert_once
from services.messages import T, Text, When, joined, lines, plain, window_end
from services.models import Content, History, Party, Ticket, Unit
from services.outbox import To
from services.tickets import history
from services.tickets.history import Said

LEAK = "leak_from_above"  # the category with two households


class Side(StrEnum):
    """What a party is to a ticket."""

    ABOVE = "above"
    BELOW = "below"
    ADDRESSEE = "addressee"  # of a rectification notice


class Allowed(StrEnum):
    """Whether somebody may come in."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shown:
    """A party as employees see it."""

    party: Party
    unit: Unit | None
    words: str


async def add(session: Session, ticket: Ticket, *, role: Side, unit_id: int | None, name: str = "") -> Party:
    """Add a party, or return the one that the ticket has in that role."""
    row: dict[str, Any] = {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "role": role,
        "unit_id": unit_id,
        "name": name,
        "state": "named",
        "how": "",
        "tries": 0,
        "allowed": Allowed.UNKNOWN,
    }
    await insert_once(session, Party, row)
    found = await of(session, ticket, role=role)
    if found is None:
        raise LookupError(role)
    return found


async def of(session: Session, ticket: Ticket, *, role: Side) -> Party | None:
    """Return a ticket's party in a role."""
    return (await session.scalars(select(Party).where(Party.ticket_id == ticket.id, Party.role == role))).one_or_none()


async def by_id(session: Session, party_id: int) -> Party | None:
    """Return a party by id."""
    return await session.get(Party, party_id)


async def shown(session: Session, ticket: Ticket) -> Sequence[Shown]:
    """Return the parties of a ticket with their units and words, for those who work it."""
    await session.flush()  # another unit may just have been named
    rows = await session.execute(
        select(Party, Unit, Content.words)
        .outerjoin(Unit, Unit.id == Party.unit_id)
        .outerjoin(Content, Content.id == Party.content_id)
        .where(Party.ticket_id == ticket.id)
        .order_by(Party.role)
    )
    return [Shown(party, unit, words or "") for party, unit, words in rows.all()]


async def unit_of(session: Session, party: Party) -> Unit | None:
    """Return a party's unit."""
    return await session.get(Unit, party.unit_id) if party.unit_id is not None else None


async def reached(session: Session, unit: Unit | None) -> Mapping[int, To]:
    """Return where the people of a unit can be written to, by person; of an empty flat nobody."""
    if unit is None or unit.vacant_since is not None:
        return {}
    residents = await people.residents_of(session, unit_id=unit.id)
    return await people.addresses_of(session, [person.id for person in residents])


async def note(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    party: Party,
    *,
    action: str,
    now: datetime,
    words: str = "",
    media: tuple[int, ...] = (),
    codes: Mapping[str, Any] | None = None,
) -> None:
    """Write down what happened with a party; its words are kept as content, which retention may erase."""
    said = Said(words, media) if words or media else None
    await history.append(
        session,
        actor,
        ticket=ticket,
        action=action,
        now=now,
        codes={"role": party.role, "allowed": party.allowed, **(codes or {})},
        said=said,
    )
    if words:
        newest = select(History.content_id).where(History.ticket_id == ticket.id, History.seq == ticket.seq)
        party.content_id = await session.scalar(newest)


def label(unit: Unit) -> T:
    """Name a unit as its people do."""
    return places.unit_label(unit)


def line(one: Shown) -> Text:
    """Say who a party is and what it allowed, for those who work the ticket."""
    party = one.party
    where = label(one.unit) if one.unit is not None else plain(party.name or "?")
    return lines(
        joined(
            [T("party.line", role=T(f"party.{party.role}"), where=where, allowed=_allowed(party)), _when(party)], " · "
        ),
        T("party.words", words=one.words) if one.words else None,
    )


def says_something(party: Party) -> bool:
    """Whether there is anything to show of a party: whoever reported a leak has said nothing yet."""
    return party.role != Side.BELOW or party.allowed != Allowed.UNKNOWN


def _allowed(party: Party) -> T:
    """What was allowed counts; else how far one has come with the household."""
    if party.allowed != Allowed.UNKNOWN or party.role == Side.BELOW:
        return T(f"allowed.{party.allowed}")
    return T(f"party.state.{party.state}")


def _when(party: Party) -> T | None:
    if party.from_at is None or party.until_at is None:
        return None
    return T("when.window", start=When(party.from_at), end=window_end(party.from_at, party.until_at))
