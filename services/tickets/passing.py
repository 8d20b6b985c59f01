"""Work that changes hands: given back, taken over, handed on because somebody left or can't be reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select

from services import actors, houses, inlined, people
from services.actors import LEADS, Actor
from services.catalog import Kind
from services.db import Session
from services.messages import Channel, T, plain
from services.models import Address, Number, Staff, Ticket
from services.settings import Policy
from services.tickets import apart, dispatch, engine, finding, news
from services.tickets.dispatch import Candidate, Need
from services.tickets.history import Said
from services.tickets.rules import IN_HAND, NOT_YET, Action, Change, State, standings, taking

PASSER = "passer"


async def give_back(
    session: Session, actor: Actor, *, ticket: Ticket, reason: str, said: Said, now: datetime, policy: Policy
) -> Candidate | None:
    """Let go of a ticket; return who has it next, or None when it waits in the pool. Raises `Refused`."""
    staff = actor.staff
    codes = {"reason": reason}
    await engine.act(session, actor, Action.GIVE_BACK, ticket=ticket, now=now, policy=policy, said=said, codes=codes)
    return await _next(session, ticket, without=staff.staff_id if staff else 0, now=now, policy=policy)


async def pass_over(session: Session, ticket: Ticket, *, now: datetime, policy: Policy, why: str) -> Candidate | None:
    """Take a ticket from who must not have it, and give it to somebody else; None when it waits in the pool."""
    before = ticket.holder_id or 0
    house = await houses.by_id(session, community_id=ticket.community_id)
    passer = actors.system(PASSER, Action.GIVE_BACK, house=house)
    await engine.act(session, passer, Action.GIVE_BACK, ticket=ticket, now=now, policy=policy, codes={"reason": why})
    return await _next(session, ticket, without=before, now=now, policy=policy)


async def _next(session: Session, ticket: Ticket, *, without: int, now: datetime, policy: Policy) -> Candidate | None:
    """Give the ticket to the next one on duty, but not to whoever had it."""
    house = await houses.by_id(session, community_id=ticket.community_id)
    others = await _others(session, ticket, without=without, now=now)
    chosen = dispatch.in_turn(others, Need(""))
    if chosen is not None:
        passer = actors.system(PASSER, Action.ASSIGN, house=house)
        codes = {"to": chosen.staff_id}
        await engine.act(session, passer, Action.ASSIGN, ticket=ticket, now=now, policy=policy, codes=codes)
    return chosen


async def _others(session: Session, ticket: Ticket, *, without: int, now: datetime) -> Sequence[Candidate]:
    complaint = ticket.kind == Kind.COMPLAINT
    found = await dispatch.candidates(
        session,
        community_id=ticket.community_id,
        team=ticket.team,
        now=now,
        roles=sorted(LEADS) if complaint else (),
        about=apart.about(ticket),
    )
    unheard = await _unreachable(session, [one.staff_id for one in found])
    return [one for one in found if one.staff_id != without and one.staff_id not in unheard]


async def accept(session: Session, actor: Actor, *, ticket: Ticket, now: datetime, policy: Policy) -> Change:
    """Say yes to what one was given, or take what anybody may have. Raises `Refused`."""
    action = taking(standings(actor, ticket), State(ticket.state))
    return await engine.act(session, actor, action, ticket=ticket, now=now, policy=policy)


async def take(session: Session, actor: Actor, *, ticket: Ticket, now: datetime, policy: Policy) -> Change:
    """Take a ticket, whoever has it: what a lead does when nobody else will. Raises `Refused`."""
    staff = actor.staff
    if (
        staff is not None
        and actor.is_lead
        and State(ticket.state) not in NOT_YET
        and ticket.holder_id != staff.staff_id
    ):
        codes = {"to": staff.staff_id}
        await engine.act(session, actor, Action.HAND_ON, ticket=ticket, now=now, policy=policy, codes=codes)
    return await accept(session, actor, ticket=ticket, now=now, policy=policy)


async def stranded(session: Session) -> Sequence[int]:
    """Return employees who hold open tickets but have left, or can't be reached on any way."""
    holds = exists().where(
        Ticket.holder_id == Staff.id,
        inlined.outside(Ticket.state, dispatch.ENDED),  # as the index says it
        inlined.among(Ticket.state, tuple(sorted(IN_HAND))),
    )
    return (await session.scalars(select(Staff.id).where(~Staff.active | _unheard(), holds).order_by(Staff.id))).all()


async def _unreachable(session: Session, staff_ids: Sequence[int]) -> frozenset[int]:
    """Return who of them can't be reached on any way: work that goes to him would only go on again."""
    found = await session.scalars(select(Staff.id).where(Staff.id.in_(staff_ids), _unheard()))
    return frozenset(found)


def _unheard() -> ColumnElement[bool]:
    """Say that an employee can't be reached.

    A number counts as a way only for who writes from it, or never had another: somebody who blocked the chat does not
    know that his work comes by text message now, and work that nobody looks at is lost.
    """
    own = Address.person_id == Staff.person_id, Address.is_group.is_(False)
    lost = exists().where(*own, Address.gone_at.is_not(None))
    opened = (Address.channel == Channel.SMS) & Address.last_in_at.is_(None)  # by us, when somebody was paged
    live = exists().where(*own, Address.gone_at.is_(None), ~opened)
    known = exists().where(*own, Address.gone_at.is_(None)) | exists().where(Number.person_id == Staff.person_id)
    return ~live & (lost | ~known)


async def hand_on_all(session: Session, *, staff_id: int, now: datetime, policy: Policy, why: str) -> int:
    """Let everything somebody holds go to others, and tell who leads; return how many tickets that were."""
    found = await finding.in_hand(session, staff_id=staff_id, lock=True)
    for ticket in found:
        await _hand_on(session, ticket, staff_id, why, now=now, policy=policy)
        await session.flush()  # what the next one is given counts this one
    return len(found)


async def _hand_on(session: Session, ticket: Ticket, staff_id: int, why: str, *, now: datetime, policy: Policy) -> None:
    house = await houses.by_id(session, community_id=ticket.community_id)
    passer = actors.system(PASSER, Action.GIVE_BACK, house=house)
    codes = {"reason": why}
    await engine.act(session, passer, Action.GIVE_BACK, ticket=ticket, now=now, policy=policy, codes=codes)
    chosen = await _next(session, ticket, without=staff_id, now=now, policy=policy)
    name = await people.staff_name(session, staff_id)
    text = T(
        "staff.stranded" if chosen is not None else "staff.stranded_pool",
        number=ticket.number,
        place=plain(ticket.place),
        name=name,
        reason=T(f"give_back.{why}"),
        to=T("staff.name", name=chosen.name, badge=chosen.badge) if chosen is not None else None,
    )
    leads = await dispatch.leads_of(session, ticket, now=now)
    told = [one.staff_id for one in leads if one.on_duty and one.staff_id != staff_id] or [
        one.staff_id for one in leads if one.staff_id != staff_id
    ]
    await news.to_staff(session, ticket, told, text, now=now, tag=":stranded")
