"""Talking through the line: an employee opens it on a ticket; until "end", words go to the other side."""

from __future__ import annotations

from handlers import telling, wording, words
from handlers.turn import Turn
from services import media, relays
from services.messages import Choice, Reply, T, When, reply
from services.models import Relay
from services.tickets import finding


async def talk(turn: Turn, ticket_id: int) -> Reply:
    """Open a talk with the requester of a ticket."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    row = await relays.begin(
        turn.session, turn.actor, ticket=ticket, now=turn.now, minutes=turn.policy.tickets.relay_minutes
    )
    return reply(
        T("relay.begun_staff", number=ticket.number, until=When(row.until)), [Choice(T("relay.end"), relays.END)]
    )


async def end(turn: Turn) -> Reply:
    """End the talk that is open here."""
    row = await relays.of(turn.session, turn.actor, now=turn.now)
    if row is not None:
        await relays.end(turn.session, relay=row, by=turn.actor, now=turn.now)
        await wording.drop(turn, row)
    return reply(T("relay.ended"))


async def hear(turn: Turn, row: Relay) -> Reply:
    """Pass words on, or end the talk when they say so."""
    if words.means(turn, "words.end"):
        return await end(turn)
    if row.staff_address_id == turn.actor.address_id:
        return await telling.talk_on(turn, row.ticket_id, turn.text)
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    await relays.pass_on(turn.session, turn.actor, relay=row, words=turn.text, media=tuple(kept), now=turn.now)
    return Reply()
