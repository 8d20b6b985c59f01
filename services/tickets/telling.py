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


async def by(session: Session, deed: Deed) -> T | None:
    """Return the name of the employee who did it; None when it was the system or the owner."""
    return await people.staff_name(session, deed.actor.staff.staff_id if deed.actor.staff else None)


async def holder_or_front(session: Session, deed: Deed, text: Text, *, also: int | None = None) -> None:
    """Tell who holds the ticket (and whoever asked); nobody holds it: the desk."""
    ticket = deed.ticket
    listeners = {staff_id for staff_id in (ticket.holder_id, also) if staff_id is not None}
    if listeners:
        await news.to_staff(session, ticket, sorted(listeners), text, media=deed.said.media, now=deed.now)
    else:
        await news.to_front(session, ticket, text, now=deed.now)
