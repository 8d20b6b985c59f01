"""Cards of tickets: who has one, and that it must change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from services import direct, outbox
from services.db import Session, upsert
from services.models import Address, Card, Person, Ticket, table_of
from services.outbox import Draft, Priority, To
from services.tickets.rules import State

SUBJECT = "ticket"
ONE_MORE = table_of(Card).c.wanted + 1
WORTH_A_MESSAGE = frozenset({State.OPEN, State.ASSIGNED, State.WORKING})


class View(StrEnum):
    """For whose eyes a card is."""

    GROUP = "group"
    HOLDER = "holder"
    FRONT = "front"


async def show(session: Session, *, ticket: Ticket, to: To, view: View, priority: Priority, now: datetime) -> None:
    """Give an address a card of the ticket, or bring the one it has up to date."""
    row = {
        "community_id": ticket.community_id,
        "subject": SUBJECT,
        "subject_id": ticket.id,
        "address_id": to.address_id,
        "topic": to.topic,
        "view": view,
        "wanted": 1,
        "shown": 0,
    }
    card = await upsert(
        session,
        Card,
        row,
        on=("subject", "subject_id", "address_id", "view"),
        change={"wanted": ONE_MORE, "topic": to.topic},
        returning=(Card.id, Card.shown),
    )
    await _queue(session, [_draft(found["id"], found["shown"], to, priority) for found in card.mappings()], now=now)


async def touch(session: Session, *, ticket: Ticket, now: datetime) -> None:
    """Every card of the ticket must change: any number of changes until sending is one edit."""
    changed = sorted(await direct.execute(session, _touch(), {"ticket_id": ticket.id}), key=attrgetter("id"))
    if changed:
        locales = await _locales(session, [row.address_id for row in changed])
        there = [To(row.address_id, locales[row.address_id], ticket.community_id, topic=row.topic) for row in changed]
        drafts = [_draft(row.id, row.shown, to, Priority.WORK) for row, to in zip(changed, there, strict=True)]
        await _queue(session, drafts, now=now)


@cache
def _touch() -> ReturningUpdate[Any]:
    card = table_of(Card)
    return (
        update(card)
        .where(card.c.subject == SUBJECT, card.c.subject_id == bindparam("ticket_id"))
        .values(wanted=ONE_MORE)
        .returning(card.c.id, card.c.shown, card.c.address_id, card.c.topic)
    )


async def _queue(session: Session, drafts: Sequence[Draft], *, now: datetime) -> None:
    """Enqueue card rows; one that waits already serves, one that ended without being shown gets another chance."""
    added = await outbox.enqueue(session, *drafts, now=now)
    if len(added) < len(drafts):
        await outbox.revive(session, keys=[draft.key for draft in drafts])


async def _locales(session: Session, address_ids: Sequence[int]) -> dict[int, str]:
    rows = await direct.execute(session, _spoken_at(), {"addresses": list(address_ids)})
    return {row[0]: row[2] or row[1] or "zh_Hans" for row in rows}


@cache
def _spoken_at() -> Select[Any]:
    address, person = table_of(Address), table_of(Person)
    return (
        select(address.c.id, address.c.locale, person.c.locale)
        .select_from(address.outerjoin(person, person.c.id == address.c.person_id))
        .where(address.c.id.in_(bindparam("addresses", expanding=True)))
    )


def _draft(card_id: int, shown: int, to: To, priority: Priority) -> Draft:
    return Draft(key=f"card:{card_id}:{shown + 1}", to=to, priority=priority, kind="card", card_id=card_id)


async def sent(session: Session, *, card_id: int, revision: int, message_id: str, to: To, now: datetime) -> None:
    """A revision is on the screen; when a newer one is wanted by now, it is sent too."""
    shown = {"card_id": card_id, "revision": revision, "message": message_id}
    wanted: int | None = await direct.scalar(session, _sent(), shown)
    if wanted is not None and wanted > revision:
        await _queue(session, [_draft(card_id, revision, to, Priority.WORK)], now=now)


@cache
def _sent() -> ReturningUpdate[Any]:
    card = table_of(Card)
    return (
        update(card)
        .where(card.c.id == bindparam("card_id"))
        .values(shown=bindparam("revision"), message_id=bindparam("message"))
        .returning(card.c.wanted)
    )


async def forget_message(session: Session, *, card_id: int) -> None:
    """The provider no longer knows the message: the next sending makes a new one."""
    await session.execute(update(Card).where(Card.id == card_id).values(message_id=""))


def stage(card: Card, ticket: Ticket) -> str:
    """Return the state worth a new message where nothing can be edited; later ones are told in other words."""
    return ticket.state if ticket.state in WORTH_A_MESSAGE else card.message_id
