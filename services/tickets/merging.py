"""Tickets that are one matter: merged, taken apart again, or only tied to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select

from services import inlined, loading
from services.actors import Actor
from services.db import Session, insert_once
from services.models import Ticket, TicketLink, table_of
from services.refusals import Refused
from services.settings import Policy
from services.tickets import dispatch, engine, finding, history, news
from services.tickets.history import Happened
from services.tickets.rules import LIVE, Action, State

MOST_ALIKE = 5
WORK = frozenset(
    {
        Action.ACCEPT,
        Action.GRAB,
        Action.ON_THE_WAY,
        Action.ARRIVED,
        Action.PAUSE,
        Action.RESUME,
        Action.EXTEND,
        Action.DONE,
        Action.OWNER_ACCEPTS,
        Action.OWNER_RETURNS,
        Action.CLOSE,
        Action.REOPEN,
        Action.CANCEL,
    }
)  # of the common log, what everybody reads whose ticket lives on in it


class NotThere(Refused):
    """A ticket can't go into itself, nor into one that is over."""

    key = "refused.not_there"


class NeedsLead(Refused):
    """Tickets of different homes become one, or two again, on the word of who leads."""

    key = "refused.merge_needs_lead"


class UnmergeTooLate(Refused):
    """What was merged can be taken apart only for a while."""

    key = "refused.unmerge_late"


def may(actor: Actor, ticket: Ticket, into: Ticket) -> bool:
    """Whether the actor may make the two one, and two again: across homes only who leads."""
    one_home = ticket.unit_id is not None and ticket.unit_id == into.unit_id
    one_person = ticket.requester_id is not None and ticket.requester_id == into.requester_id
    return one_home or one_person or actor.is_lead


async def merge(
    session: Session, actor: Actor, *, ticket_id: int, into_id: int, now: datetime, policy: Policy
) -> tuple[Ticket, Ticket]:
    """Let a ticket live on in another, whose holder, clocks and survey stay; return both. Raises `Refused`."""
    if ticket_id == into_id:
        raise NotThere
    first, second = sorted((ticket_id, into_id))  # locked in the order of ids
    found = {one: await finding.find(session, actor, ticket_id=one, lock=True) for one in (first, second)}
    ticket, into = found[ticket_id], found[into_id]
    if into.state not in LIVE or into.community_id != ticket.community_id:
        raise NotThere
    if not may(actor, ticket, into):
        raise NeedsLead(number=ticket.number, into=into.number)
    codes = {"into": into.id, "into_number": into.number}
    change = await engine.act(session, actor, Action.MERGE, ticket=ticket, now=now, policy=policy, codes=codes)
    if change.state is State.MERGED:
        into.merged_count += 1 + ticket.merged_count
        into.media_count += ticket.media_count
        into.joined_count += ticket.joined_count
        await _move_on(session, ticket, into)
        await link(session, actor, ticket=into, other=ticket, now=now, policy=policy)
    return ticket, into


async def _move_on(session: Session, ticket: Ticket, into: Ticket) -> None:
    """What had gone into the merged one goes on to the root: a chain never grows."""
    for other in await news.merged_into(session, ticket):
        other.merged_into_id = into.id
        ticket.media_count = max(0, ticket.media_count - other.media_count)
        ticket.joined_count = max(0, ticket.joined_count - other.joined_count)
    ticket.merged_count = 0


async def unmerge(session: Session, actor: Actor, *, ticket_id: int, now: datetime, policy: Policy) -> Ticket:
    """Give a merged ticket its own life again, for some days. Raises `Refused`."""
    ticket, root = await _with_root(session, actor, ticket_id)
    if root is not None and not may(actor, ticket, root):
        raise NeedsLead(number=ticket.number, into=root.number)
    days = policy.tickets.unmerge_days
    if ticket.closed_at is not None and root is not None and now - ticket.closed_at > timedelta(days=days):
        raise UnmergeTooLate(number=ticket.number, days=days)
    await engine.act(session, actor, Action.UNMERGE, ticket=ticket, now=now, policy=policy)
    if root is not None:
        root.merged_count -= 1
        root.media_count = max(0, root.media_count - ticket.media_count)
        root.joined_count = max(0, root.joined_count - ticket.joined_count)
    return ticket


async def work_of(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the ticket that a merged one lives on in; who asks has been let to the merged one."""
    return await session.get(Ticket, ticket.merged_into_id) if ticket.merged_into_id is not None else None


async def common_log(session: Session, ticket: Ticket, root: Ticket) -> Sequence[Happened]:
    """Return what was done in the common work since the ticket became part of it, without its owner's words."""
    since = ticket.closed_at
    rows = await history.timeline(session, root)
    told = [row for row in rows if row.action in WORK and since is not None and row.at >= since]
    return [row if row.action == Action.DONE else replace(row, words=None) for row in told]


async def _with_root(session: Session, actor: Actor, ticket_id: int) -> tuple[Ticket, Ticket | None]:
    """Lock a ticket and the one it went into, in the order of ids; it may move on while we wait."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id)
    while True:
        root_id = ticket.merged_into_id
        ids = sorted({ticket_id, root_id or ticket_id})
        found = {one: await finding.find(session, actor, ticket_id=one, lock=True) for one in ids}
        if ticket.merged_into_id == root_id:
            return ticket, found[root_id] if root_id is not None else None


async def link(session: Session, actor: Actor, *, ticket: Ticket, other: Ticket, now: datetime, policy: Policy) -> None:
    """Tie two tickets that have to do with each other; the first is locked by the caller."""
    if ticket.id == other.id:
        raise NotThere
    codes = {"to": other.id, "number": other.number}
    await engine.act(session, actor, Action.LINK, ticket=ticket, now=now, policy=policy, codes=codes)
    await tie(session, ticket, other_id=other.id, kind="related", now=now)


async def tie(session: Session, ticket: Ticket, *, other_id: int, kind: str, now: datetime) -> None:
    """Keep that two tickets belong together; once per pair and kind."""
    first, second = sorted((ticket.id, other_id))
    row = {
        "community_id": ticket.community_id,
        "ticket_id": first,
        "other_id": second,
        "kind": kind,
        "at": now,
    }
    await insert_once(session, TicketLink, row)


async def tied(session: Session, ticket: Ticket) -> Sequence[Ticket]:
    """Return the tickets that have to do with this one, oldest first."""
    ends = select(TicketLink.ticket_id, TicketLink.other_id).where(
        or_(TicketLink.ticket_id == ticket.id, TicketLink.other_id == ticket.id)
    )
    pairs = (await session.execute(ends)).all()
    others = {one for pair in pairs for one in pair} - {ticket.id}
    if not others:
        return []
    return (await session.scalars(select(Ticket).where(Ticket.id.in_(others)).order_by(Ticket.id))).all()


async def alike(session: Session, ticket: Ticket) -> Sequence[Ticket]:
    """Return open tickets that may be the same matter: the same kind of thing in the same home, or in public places."""
    asked = {
        "ticket_id": ticket.id,
        "community_id": ticket.community_id,
        "category": ticket.category,
        "unit_id": ticket.unit_id,
        "scope": ticket.scope,
    }
    return await loading.objects(session, _alike(in_a_home=ticket.unit_id is not None), asked, Ticket)


@cache
def _alike(*, in_a_home: bool) -> Select[Any]:
    ticket = table_of(Ticket).c
    return (
        select(table_of(Ticket))
        .where(
            ticket.unit_id == bindparam("unit_id") if in_a_home else ticket.scope == bindparam("scope"),
            ticket.category == bindparam("category"),
            ticket.community_id == bindparam("community_id"),
            ticket.id != bindparam("ticket_id"),
            inlined.outside(ticket.state, dispatch.ENDED),  # as the index says it
            inlined.among(ticket.state, tuple(sorted(LIVE))),
        )
        .order_by(ticket.id.desc())
        .limit(MOST_ALIKE)
    )
