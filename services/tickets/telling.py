"""What several effects share: buttons about a ticket, and who hears when its holder does not."""

from __future__ import annotations

from services import people
from services.db import Session
from services.messages import Choice, T, Text
from services.models import Ticket
from services.tickets import news
from services.tickets.deeds import Deed


def tap(ticket: Ticket, verb: str) -> Choice:
    """Return a button of the owner's about his ticket."""
    return Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}")


async def holder(session: Session, deed: Deed) -> T | None:
    """Return the name of who holds the ticket, most often the one who acts."""
    if deed.actor.staff is not None and deed.actor.staff.staff_id == deed.ticket.holder_id:
        return deed.actor.called
    return await people.staff_name(session, deed.ticket.holder_id)


async def holder_or_front(session: Session, deed: Deed, text: Text, *, also: int | None = None) -> None:
    """Tell who holds the ticket (and whoever asked); nobody holds it: the desk."""
    ticket = deed.ticket
    listeners = {staff_id for staff_id in (ticket.holder_id, also) if staff_id is not None}
    if listeners:
        await news.to_staff(session, ticket, sorted(listeners), text, media=deed.said.media, now=deed.now)
    else:
        await news.to_front(session, ticket, text, now=deed.now)
