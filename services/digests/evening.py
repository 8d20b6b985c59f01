"""What was due today and is still open: for those who lead, for a team's group, and for each who holds some of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from services import inlined, people
from services.actors import Actor, House
from services.db import Session
from services.digests import periods
from services.digests.pages import Page
from services.digests.pressing import sees
from services.messages import Choice, Style, T, Text, When, lines, plain
from services.models import Ticket
from services.tickets.dispatch import ENDED
from services.tickets.rules import State

RUNS = (State.OPEN, State.ASSIGNED, State.WORKING)
MOST_LISTED = 30
MOST_BUTTONS = 8


async def not_cleared(session: Session, *, house: House, now: datetime) -> Sequence[Ticket]:
    """Return what is open and was due by the end of today, what is longest due first."""
    by = periods.day_of(now, house.zone).ends_at
    found = await session.scalars(
        select(Ticket)
        .where(
            Ticket.community_id == house.id,
            inlined.outside(Ticket.state, ENDED),
            inlined.among(Ticket.state, RUNS),
            Ticket.due_at < by,
        )
        .order_by(Ticket.due_at, Ticket.id)
    )
    return found.all()


async def for_lead(session: Session, actor: Actor, *, house: House, now: datetime) -> Page:
    """List everything that he may see, by who holds it; what he may not see is only counted."""
    found = await not_cleared(session, house=house, now=now)
    seen = [ticket for ticket in found if sees(actor, ticket)]
    buttons = [Choice(T("uncleared.view", number=one.number), f"t:view:{one.id}") for one in seen[:MOST_BUTTONS]]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    return Page(await _listed(session, found, seen, house=house, now=now), rows)


async def for_group(session: Session, *, team: str, house: House, now: datetime) -> Page | None:
    """List a team's, without what is confidential; None when there is nothing to list."""
    found = [ticket for ticket in await not_cleared(session, house=house, now=now) if ticket.team == team]
    seen = [ticket for ticket in found if not (ticket.confidential or ticket.about_staff_id or ticket.about_team)]
    if not seen:
        return None
    text = lines(await _listed(session, found, seen, house=house, now=now), T("uncleared.please"))
    return Page(text)


async def for_holder(session: Session, actor: Actor, *, house: House, now: datetime) -> Page | None:
    """List what somebody holds and ask for reason and new time; None when it is cleared by now."""
    staff = actor.staff
    found = await not_cleared(session, house=house, now=now)
    held = [ticket for ticket in found if staff is not None and ticket.holder_id == staff.staff_id]
    mine = [ticket for ticket in held if sees(actor, ticket)]
    if not mine:
        return None
    listed = [_line(ticket, now) for ticket in mine[:MOST_LISTED]]
    text = lines(T("uncleared.mine", count=len(mine), number=mine[0].number), *listed)
    buttons = [Choice(T("uncleared.extend", number=one.number), f"t:extend:{one.id}") for one in mine[:MOST_BUTTONS]]
    return Page(text, [[button] for button in buttons])


async def _listed(
    session: Session, found: Sequence[Ticket], seen: Sequence[Ticket], *, house: House, now: datetime
) -> Text:
    head = T("uncleared.head", estate=house.name, day=When(now, Style.DAY), count=len(found))
    if not found:
        return T("uncleared.none", estate=house.name, day=When(now, Style.DAY))
    by_holder: defaultdict[int | None, list[Ticket]] = defaultdict(list)
    for ticket in seen[:MOST_LISTED]:
        by_holder[ticket.holder_id].append(ticket)
    parts: list[Text] = []
    for holder_id in sorted(by_holder, key=lambda one: (one is not None, one or 0)):
        name = await people.staff_name(session, holder_id)
        parts.append(T("uncleared.holder", name=name or T("uncleared.nobody"), count=len(by_holder[holder_id])))
        parts += [_line(ticket, now) for ticket in by_holder[holder_id]]
    more, hidden = len(seen) - MOST_LISTED, len(found) - len(seen)
    return lines(
        head,
        *parts,
        T("uncleared.more", count=more) if more > 0 else None,
        T("uncleared.hidden", count=hidden) if hidden else None,
    )


def _line(ticket: Ticket, now: datetime) -> T:
    late = ticket.due_at is not None and ticket.due_at < now
    by = When(ticket.due_at) if ticket.due_at is not None else None
    return T(
        "uncleared.late" if late else "uncleared.line",
        number=ticket.number,
        place=plain(ticket.place),
        matter=ticket.matter,
        by=by,
    )
