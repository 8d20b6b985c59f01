"""Figures of single employees: for who leads, and for each man his own; never for colleagues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, case, func, select, true

from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Ticket, TicketLink
from services.refusals import NotAllowed
from services.reports import Share
from services.tickets.paying import DONE_WORK, REWORK
from services.tickets.rules import State


async def first_time_fixes(session: Session, actor: Actor, *, start: datetime, end: datetime) -> Mapping[int, Share]:
    """Return by staff id how many repairs, of those closed from `start` until before `end`, were right at once.

    A repair counts for who held it at the end. It was not right when the owner sent it back, when the desk opened it
    again, or when the same was done again within its guarantee: such work is tied to it as rework. Raises `NotAllowed`.
    """
    staff = actor.staff
    if staff is None:
        raise NotAllowed
    again = (
        select(TicketLink.id)
        .where(TicketLink.ticket_id == Ticket.id, TicketLink.kind == REWORK)  # the earlier of two stands first
        .exists()
    )
    right = case((and_(Ticket.returns == 0, ~again), 1), else_=0)
    rows = await session.execute(
        select(Ticket.holder_id, func.sum(right), func.count())
        .where(
            Ticket.community_id == staff.community_id,
            Ticket.kind == Kind.REPAIR,
            Ticket.state == State.CLOSED,
            Ticket.closed_how.in_(DONE_WORK),
            Ticket.closed_at >= start,
            Ticket.closed_at < end,
            true() if actor.is_lead else Ticket.holder_id == staff.staff_id,
        )
        .group_by(Ticket.holder_id)
        .order_by(Ticket.holder_id)
    )
    return {
        holder: Share(int(right_ones), int(count)) for holder, right_ones, count in rows.all() if holder is not None
    }
