"""Neighbours who wait for one public repair: recognised, counted, told once, asked at the end.

A joiner is a row, no ticket: nobody sees another's name, words or flat. What is said to many is a timer that goes on in
chunks; a row's own columns say who has heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from services import inlined, loading
from services.actors import Actor
from services.catalog import Kind
from services.db import Session, insert_once
from services.messages import T, When
from services.models import Joiner, Occupancy, Ticket, table_of
from services.refusals import Refused
from services.settings import Policy
from services.tickets import cards, dispatch, finding, history, likeness
from services.tickets.history import Said
from services.tickets.likeness import Fault
from services.tickets.rules import IN_HAND, Action, State

MOST_COMPARED = 40
OURS = frozenset({"parts", "weather", "department"})  # reasons that are no household's
JOINED, STILL = "join", "still"  # what history calls them


class JoinOver(Refused):
    """What somebody wants to wait for has ended meanwhile."""

    key = "refused.join_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Who waits along, where he can be reached, what he said."""

    place: str
    person_id: int | None = None
    address_id: int | None = None
    unit_id: int | None = None
    said: Said = field(default_factory=Said)


async def alike(
    session: Session, actor: Actor, *, category: str, place: str, matter: str, now: datetime, policy: Policy
) -> Ticket | None:
    """Return the open public repair that a report most likely is about; None when it is a new one."""
    if not policy.tickets.alike_hours:
        return None
    new = Fault(category, place, matter, now)
    within = timedelta(hours=policy.tickets.alike_hours)
    found = [
        (likeness.score(new, Fault(one.category, one.place, one.matter, one.created_at), within=within), one)
        for one in await _open(session, actor)
        if one.category in {category, "other"} and not _is_his(one, actor)
    ]
    score, best = max(found, key=lambda pair: (pair[0], -pair[1].id), default=(0, None))
    return best if score >= likeness.ALIKE else None


async def nearby(
    session: Session, actor: Actor, *, category: str | None, now: datetime, policy: Policy
) -> Sequence[Ticket]:
    """Return the open public repairs around somebody's homes, newest first: what his "me too" may mean."""
    since = now - timedelta(hours=policy.tickets.alike_hours)
    return [
        one
        for one in await _open(session, actor)
        if one.created_at >= since
        and category in {None, one.category}
        and not _is_his(one, actor)
        and _is_near(one, actor)
    ]


def _is_his(ticket: Ticket, actor: Actor) -> bool:
    """Whether he has reported it himself; what an employee writes is for a caller."""
    if actor.staff is not None:
        return False
    if ticket.requester_id is not None:
        return ticket.requester_id == actor.person_id
    return ticket.requester_address_id == actor.address_id


def _is_near(ticket: Ticket, actor: Actor) -> bool:
    place = likeness.where(ticket.place)
    return any(
        place.building in {None, home.building} and place.entrance in {None, home.entrance} for home in actor.here
    )


async def _open(session: Session, actor: Actor) -> Sequence[Ticket]:
    return await loading.objects(session, _open_public(), {"community_id": actor.community_id}, Ticket)


@cache
def _open_public() -> Select[Any]:
    ticket = table_of(Ticket).c
    return (
        select(table_of(Ticket))
        .where(
            ticket.community_id == bindparam("community_id"),
            inlined.outside(ticket.state, dispatch.ENDED),  # as the index says it
            inlined.among(ticket.state, tuple(sorted(IN_HAND))),
            inlined.equal(ticket.scope, "public"),
            inlined.equal(ticket.kind, Kind.REPAIR),
            ticket.confidential.is_(False),
        )
        .order_by(ticket.id.desc())
        .limit(MOST_COMPARED)
    )


def can_be_joined(ticket: Ticket) -> bool:
    """Whether a neighbour may wait along: never for complaints, nor for what is confidential."""
    return ticket.scope == "public" and ticket.kind == Kind.REPAIR and not ticket.confidential


async def join(
    session: Session, actor: Actor, *, ticket_id: int, whom: Neighbour, now: datetime
) -> tuple[Ticket, bool]:
    """Let a neighbour wait for a public repair; False when he does already. Raises `JoinOver`."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
    while ticket is not None and ticket.merged_into_id is not None:
        ticket = await finding.locked(session, ticket_id=ticket.merged_into_id)
    if ticket is None or ticket.community_id != actor.community_id:
        raise JoinOver
    if not can_be_joined(ticket) or ticket.state not in IN_HAND:
        raise JoinOver
    household = await _is_another_household(session, ticket, whom.unit_id)
    added = (await insert_once(session, Joiner, _row(ticket, whom, now), Joiner.id)).scalar_one_or_none()
    if added is None:
        return ticket, False
    codes = {"from": ticket.state, "to_state": ticket.state, "joiner": added}
    said = whom.said if whom.said.words or whom.said.media else None
    await history.append(session, actor, ticket=ticket, action=JOINED, now=now, codes=codes, said=said)
    ticket.joined_count += int(household)
    ticket.media_count += len(whom.said.media)
    await cards.touch(session, ticket=ticket, now=now)
    return ticket, True


def _row(ticket: Ticket, whom: Neighbour, now: datetime) -> dict[str, Any]:
    return {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "person_id": whom.person_id,
        "address_id": whom.address_id,
        "unit_id": whom.unit_id,
        "place": whom.place,
        "state": "waiting",
        "asks": 0,
        "joined_at": now,
        "told_at": now if has_news(ticket) else None,  # the answer to his yes says it
    }


async def _is_another_household(session: Session, ticket: Ticket, unit_id: int | None) -> bool:
    """Whether nobody of the home waits already, nor has reported it."""
    if unit_id is None:
        return True
    waits = select(Joiner.id).where(Joiner.ticket_id == ticket.id, Joiner.unit_id == unit_id)
    lives = select(Occupancy.id).where(
        Occupancy.unit_id == unit_id, Occupancy.person_id == ticket.requester_id, Occupancy.status == "active"
    )
    found = await session.scalar(select(func.count()).where(or_(waits.exists(), lives.exists())))
    return not found


def households(ticket: Ticket) -> int:
    """Return how many households have spoken of it, the first one among them."""
    return 1 + ticket.merged_count + ticket.joined_count


def has_news(ticket: Ticket) -> bool:
    """Whether there is something to say beyond that it is known: somebody said yes, or is there."""
    return ticket.state in {State.WORKING, State.PAUSED} and ticket.accepted_at is not None


def progress(ticket: Ticket, *, now: datetime) -> T:
    """Say in half a sentence how far it is, to whoever waits."""
    if ticket.state == State.PAUSED and ticket.pause_reason in OURS:
        reason = T(f"pause.{ticket.pause_reason}")
        if ticket.paused_until is None:
            return T("progress.paused_open", reason=reason)
        return T("progress.paused", reason=reason, until=When(ticket.paused_until))
    if ticket.step == Action.ARRIVED:
        return T("progress.there")
    if ticket.step == Action.ON_THE_WAY:
        return T("progress.coming")
    if ticket.promised_at is not None and ticket.promised_at > now:
        return T("progress.by" if has_news(ticket) else "progress.soon", by=When(ticket.promised_at))
    return T("progress.taken" if has_news(ticket) else "progress.known")


async def waited_for(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return the repairs in work that somebody waits for with his neighbours."""
    mine = Joiner.person_id == actor.person_id if actor.person_id is not None else Joiner.address_id == actor.address_id
    found = await session.scalars(
        select(Ticket)
        .join(Joiner, Joiner.ticket_id == Ticket.id)
        .where(mine, Ticket.state.in_(sorted(IN_HAND)))
        .order_by(Ticket.id.desc())
        .limit(finding.MOST_LISTED)
    )
    return found.all()
