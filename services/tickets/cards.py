"""Cards of tickets: who has one, and that it must change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from services import direct, outbox
from services.db import Session, upsert
from services.identity import UNTOLD
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
    drafts = [
        _draft(card.id, card.shown, To(card.address_id, card.spoken, ticket.community_id, topic=card.topic))
        for card in sorted(await direct.execute(session, _touch(), {"ticket_id": ticket.id}), key=attrgetter("id"))
    ]
    if drafts:
        await _queue(session, drafts, now=now)


@cache
def _touch() -> ReturningUpdate[Any]:
    card, address, person = table_of(Card), table_of(Address).c, table_of(Person).c
    # One table each: SQLite's RETURNING knows columns by their bare names only.
    whose = select(address.person_id).where(address.id == card.c.address_id).correlate(card).scalar_subquery()
    chosen = select(person.locale).where(person.id == whose).correlate(card).scalar_subquery()
    detected = select(address.locale).where(address.id == card.c.address_id).scalar_subquery()
    spoken = func.coalesce(func.nullif(chosen, ""), func.nullif(detected, ""), UNTOLD)
    return (
        update(card)
        .where(card.c.subject == SUBJECT, card.c.subject_id == bindparam("ticket_id"))
        .values(wanted=ONE_MORE)
        .returning(card.c.id, card.c.shown, card.c.address_id, card.c.topic, spoken.label("spoken"))
    )


async def _queue(session: Session, drafts: Sequence[Draft], *, now: datetime) -> None:
    """Enqueue card rows; one that waits already serves, one that ended without being shown gets another chance."""
    added = await outbox.enqueue(session, *drafts, now=now)
    if len(added) < len(drafts):
        await outbox.revive(session, keys=[draft.key for draft in drafts])


def _draft(card_id: int, shown: int, to: To, priority: Priority = Priority.WORK) -> Draft:
    return Draft(key=f"card:{card_id}:{shown + 1}", to=to, priority=priority, kind="card", card_id=card_id)


@dataclass(frozen=True, slots=True)
class Shown:
    """A revision of a card that is on a screen, as which message."""

    card_id: int
    revision: int
    message_id: str
    to: To


async def sent(session: Session, shown: Sequence[Shown], *, now: datetime) -> None:
    """These revisions are on the screen; where a newer one is wanted by now, it is sent too."""
    if not shown:
        return
    inorder = sorted(shown, key=attrgetter("card_id"))  # one order for everybody who locks several
    rows = [{"card_id": one.card_id, "revision": one.revision, "message": one.message_id} for one in inorder]
    wanted = {row.id: row.wanted for row in await direct.execute_many(session, _sent(), rows)}
    newer = [one for one in inorder if wanted.get(one.card_id, one.revision) > one.revision]
    if newer:
        await _queue(session, [_draft(one.card_id, one.revision, one.to) for one in newer], now=now)


@cache
def _sent() -> ReturningUpdate[Any]:
    card = table_of(Card)
    return (
        update(card)
        .where(card.c.id == bindparam("card_id"))
        .values(shown=bindparam("revision"), message_id=bindparam("message"))
        .returning(card.c.id, card.c.wanted)
    )


async def forget_message(session: Session, *, card_id: int) -> None:
    """The provider no longer knows the message: the next sending makes a new one."""
    await session.execute(update(Card).where(Card.id == card_id).values(message_id=""))


def stage(card: Card, ticket: Ticket) -> str:
    """Return the state worth a new message where nothing can be edited; later ones are told in other words."""
    return ticket.state if ticket.state in WORTH_A_MESSAGE else card.message_id
