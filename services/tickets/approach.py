"""Neighbours whom a complaint is about are spoken to: they hear that "a resident says", and never who."""

from __future__ import annotations

from datetime import datetime

from services import conversations, houses
from services.actors import Actor
from services.db import Session
from services.messages import T
from services.models import Ticket, Unit
from services.outbox import Priority
from services.phones import readable
from services.refusals import NotAllowed, Refused
from services.tickets import finding, history, parties
from services.tickets.history import Said
from services.tickets.rules import LIVE, Standing, State, TooLate, standings

TOLD = "told_neighbours"  # the row of history
MAY = frozenset({Standing.HOLDER, Standing.FRONT, Standing.LEAD})
TAIL = 8  # digits of a number that tell whose it is


class NoNeighbours(Refused):
    """Nobody noted which flat it is about."""

    key = "refused.no_neighbours"


class GivesAway(Refused):
    """The words would tell who spoke."""

    key = "refused.gives_away"
    ends = False


async def tell(session: Session, actor: Actor, *, ticket_id: int, said: Said, now: datetime) -> bool:
    """Tell the flat what a resident says; False when nobody of it can be reached. Raises `Refused`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    if not standings(actor, ticket) & MAY:
        raise NotAllowed
    unit = await session.get(Unit, ticket.about_unit_id) if ticket.about_unit_id is not None else None
    if unit is None:
        raise NoNeighbours(number=ticket.number)
    if State(ticket.state) not in LIVE:
        raise TooLate
    if await _gives_away(session, ticket, said.words):
        raise GivesAway
    house = await houses.by_id(session, community_id=ticket.community_id)
    text = T("neighbours.told", place=parties.label(unit), words=said.words, estate=house.name, phone=house.phone)
    reached = await parties.reached(session, unit)
    await history.append(
        session, actor, ticket=ticket, action=TOLD, now=now, codes={"reached": len(reached)}, said=said
    )
    for to in reached.values():
        key = f"neighbours:{ticket.id}:{ticket.seq}:{to.address_id}"
        await conversations.tell(session, to=to, key=key, text=text, priority=Priority.WORK, now=now)
    return bool(reached)


async def _gives_away(session: Session, ticket: Ticket, words: str) -> bool:
    """Whether the words name who spoke: by name, by number, by door."""
    digits = "".join(sign for sign in words if sign.isdigit())
    phone = "".join(sign for sign in readable(ticket.requester_phone) if sign.isdigit())[-TAIL:]
    home = await session.get(Unit, ticket.unit_id) if ticket.unit_id is not None else None
    door = home.room if home is not None and home.id != ticket.about_unit_id else ""
    name = ticket.requester_name
    return bool((name and name in words) or (phone and phone in digits) or (door and door in words))
