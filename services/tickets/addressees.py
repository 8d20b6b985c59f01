"""The addressee of a rectification notice hears what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services import conversations
from services.db import Session
from services.messages import Channel, Choice, T, Text, When, lines, plain
from services.models import Party, Ticket
from services.outbox import Priority
from services.tickets import parties
from services.tickets.deeds import Deed
from services.tickets.parties import Side
from services.tickets.rules import Action

TOLD: Mapping[str, str] = {
    Action.FOUND_RIGHT: "passed",
    Action.FOUND_WRONG: "failed",
    Action.EXTEND: "extended",
    Action.CANCEL: "withdrawn",
}


async def follow(session: Session, deed: Deed) -> None:
    """Tell the addressee what an employee did to the notice."""
    ticket, what = deed.ticket, TOLD.get(deed.action)
    party = await parties.of(session, ticket, role=Side.ADDRESSEE) if what is not None else None
    if party is None or what is None:
        return
    due = deed.codes.get("until")
    text = T(
        f"rectify.{what}",
        number=ticket.number,
        matter=ticket.matter,
        due=When(due) if isinstance(due, datetime) else None,
    )
    words = plain(deed.said.words) if deed.said.words else None
    again = deed.action in {Action.FOUND_WRONG, Action.EXTEND}
    party.state = "told" if again else "settled"
    await tell(session, ticket, party, lines(text, words), media=deed.said.media, offers=again, now=deed.now)


async def tell(
    session: Session,
    ticket: Ticket,
    party: Party,
    text: Text,
    *,
    now: datetime,
    media: tuple[int, ...] = (),
    offers: bool = False,
) -> bool:
    """Tell everybody of the household who can be reached; False when nobody can."""
    found = await parties.reached(session, await parties.unit_of(session, party))
    rows = [[Choice(T("rectify.done"), f"go:rectified:{ticket.id}")]] if offers else []
    for person_id, to in found.items():
        await conversations.tell(
            session,
            to=to,
            key=f"rectify:{ticket.id}:{ticket.seq}:{person_id}",
            text=text,
            rows=rows,
            media=() if to.channel == Channel.SMS else media,
            priority=Priority.WORK,
            person_id=person_id,
            now=now,
        )
    return bool(found)
