"""Filing a ticket: limits, number, who gets it, the first row of its history, the cards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, or_, select

from services import direct, loading, people
from services.actors import Actor, House, Role
from services.calendars import DEVELOPER, calendars
from services.catalog import Kind, Priority, Way
from services.db import Session, upsert
from services.messages import Channel, T, When
from services.models import Counter, Ticket, table_of
from services.refusals import Refused
from services.settings import Policy
from services.tickets import (
    apart,
    cards,
    complaints,
    deadlines,
    dispatch,
    engine,
    escalation,
    family,
    forwarded,
    history,
    merging,
    news,
    requests,
    terms,
)
from services.tickets.deeds import Deed
from services.tickets.dispatch import Candidate, Need
from services.tickets.history import Said
from services.tickets.requests import Plan, Request, Requester, Source
from services.tickets.rules import Action, State
from services.tickets.terms import Clock
from services.understanding.gravity import serious_in


class TooMany(Refused):
    """One address filed its share of tickets today."""

    key = "refused.too_many"


class TooAlike(Refused):
    """The same was filed before today."""

    key = "refused.too_alike"


ONE_MORE = table_of(Counter).c.count + 1
__all__ = ["Request", "Requester", "Source", "TooAlike", "TooMany", "file", "tell_requester"]

SOURCES = {Channel.SMS: Source.SMS, Channel.WEB: Source.WEB}


async def file(
    session: Session,
    actor: Actor,
    *,
    house: House,
    request: Request,
    now: datetime,
    policy: Policy,
) -> Ticket:
    """File a request: it gets a number and, where the rule finds somebody, a holder. Raises `Refused`."""
    if not (actor.memberships or actor.system or request.emergency):
        await _limits(session, actor, house, request, now, policy)
    if request.outside is not None:
        await forwarded.see_new(session, community_id=house.id, outside=request.outside)
    plan = await requests.plan(session, house, request, now, policy)
    holder = await _holder(session, actor, house, request, plan, now)
    ticket = await _row(session, actor, house, request, plan, holder, now, policy)
    await loading.add(session, ticket)
    said = Said(request.matter, request.media)
    await history.append(session, actor, ticket=ticket, action=Action.FILE, now=now, codes=_codes(ticket), said=said)
    if holder is not None:
        await engine.hold(session, ticket, from_staff_id=None, now=now)
    owed = terms.terms(requests.matter(request, plan), policy.deadlines)
    known = calendars(policy, house.zone)
    await deadlines.begin(
        session, ticket, owed, now=now, figures=policy.deadlines, calendars=known, outside=_outside(request)
    )
    if plan.rework_of is not None:
        await merging.tie(session, ticket, other_id=plan.rework_of, kind="rework", now=now)
    if request.kind is Kind.COMPLAINT or request.outside is not None or ticket.serious:
        deed = Deed(actor, ticket, Action.FILE, now, policy, said)
        await complaints.begin(session, deed, request.outside)
    await _show(session, house, ticket, holder, now)
    await family.filed(session, ticket, now=now)
    if plan.priority is Priority.EMERGENCY:
        await escalation.page_now(session, ticket=ticket, house=house, now=now, policy=policy)
    return ticket


def _outside(request: Request) -> Mapping[Clock, datetime]:
    """Return what an office that forwarded a case, or a notice, sets a date for, in place of our own terms."""
    if request.kind is Kind.RECTIFICATION and request.end is not None:
        return {Clock.RESOLVE: request.end}
    if request.outside is None:
        return {}
    return {Clock.ANSWER: request.outside.contact_by, Clock.RESOLVE: request.outside.reply_by}


async def _limits(
    session: Session, actor: Actor, house: House, request: Request, now: datetime, policy: Policy
) -> None:
    today = now.astimezone(house.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    whose = {"person_id": actor.person_id} if actor.person_id is not None else {"address_id": actor.address_id}
    asked = {**whose, "today": today, "house_id": house.id, "said": request.matter}
    count, same = (await direct.execute(session, _filed(known=actor.person_id is not None), asked)).one()
    if count >= policy.tickets.per_day:
        raise TooMany(count=policy.tickets.per_day, phone=house.phone)
    if same >= policy.tickets.alike_per_day:
        raise TooAlike(phone=house.phone)


@cache
def _filed(*, known: bool) -> Select[int, int]:
    """How many tickets somebody filed himself since a moment, and how many of them say the same."""
    ticket = table_of(Ticket).c
    if known:
        by_him = ticket.filed_by == bindparam("person_id")  # not what the desk filed for him
        mine = ticket.requester_id == bindparam("person_id"), or_(ticket.filed_by.is_(None), by_him)
    else:
        mine = ticket.requester_address_id == bindparam("address_id"), ticket.filed_by.is_(None)
    since = ticket.created_at >= bindparam("today"), ticket.community_id == bindparam("house_id")
    alike = func.count().filter(ticket.matter == bindparam("said"))
    return select(func.count(), alike).where(*mine, *since)


async def _holder(
    session: Session, actor: Actor, house: House, request: Request, plan: Plan, now: datetime
) -> Candidate | None:
    """Return who gets the ticket at once; a stranger's goes to the desk first, unless there is danger."""
    if not request.requester.known and not request.emergency:
        return None
    if request.kind is Kind.COMPLAINT:
        found = await dispatch.leads(session, community_id=house.id, now=now, about=request.about)
        return dispatch.choose([c for c in found if c.on_duty], Need(Role.SUPERVISOR))
    if request.kind is Kind.RECTIFICATION and actor.staff is not None:  # whoever writes a notice sees it through
        mates = await dispatch.candidates(session, community_id=house.id, team=actor.staff.team, now=now)
        return next((one for one in mates if one.staff_id == actor.staff.staff_id), None)
    if plan.way in {Way.GRAB, Way.DESK} and request.hands is None:
        return None
    found = await dispatch.candidates(session, community_id=house.id, team=plan.team, now=now)
    same = next((one for one in found if one.on_duty and one.staff_id == request.hands), None)
    if same is not None or plan.way in {Way.GRAB, Way.DESK}:
        return same
    pick = dispatch.in_turn if plan.way is Way.ROTATE else dispatch.choose
    return pick(found, Need(request.category.skill, request.building, await _before(session, plan)))


async def _before(session: Session, plan: Plan) -> int | None:
    """Return who did the work that is to be done again: somebody else looks at it, if he is as fit."""
    if plan.rework_of is None:
        return None
    return await session.scalar(select(Ticket.holder_id).where(Ticket.id == plan.rework_of))


async def _row(
    session: Session,
    actor: Actor,
    house: House,
    request: Request,
    plan: Plan,
    holder: Candidate | None,
    now: datetime,
    policy: Policy,
) -> Ticket:
    year, number = await _number(session, house, now)
    return Ticket(
        community_id=house.id,
        year=year,
        number=number,
        state=State.ASSIGNED if holder else State.OPEN,
        holder_id=holder.staff_id if holder else None,
        team=plan.team,
        priority=plan.priority,
        dispatch=plan.way,
        payer=plan.payer,
        source=request.source or SOURCES.get(actor.channel or Channel.WEB, Source.CHAT),
        filed_by=actor.person_id,
        first_taker_id=await _first_taker(session, actor, house, request, holder, now),
        created_at=now,
        **_asked(request),
        **_promises(request, plan, now, policy, house.zone),
        **_whose(request.requester),
        **FRESH,
    )


FRESH: Mapping[str, Any] = {
    "step": "",
    "closed_how": "",
    "quality": "",
    "cycle": 1,
    "returns": 0,
    "joined_count": 0,
    "urges": 0,
    "absences": 0,
    "no_shows": 0,
    "merged_count": 0,
    "appeals": 0,
    "outcome": "",
    "responders": "",
    "pause_reason": "",
    "state_before": "",
    "seq": 0,
    "head": "",
    "sealed_seq": 0,
}


def _asked(request: Request) -> dict[str, Any]:
    """Return the columns that say what is wanted."""
    return {
        "kind": request.kind,
        "category": request.category.key,
        "scope": request.scope,
        "unit_id": request.unit_id,
        "place": request.place,
        "matter": request.matter,
        "media_count": len(request.media),
        "grade": request.category.grade,
        "follow_up": request.category.follow_up,
        "confidential": request.confidential,
        "anonymous": request.anonymous,
        "about_staff_id": request.about.staff_id,
        "about_team": request.about.team,
        "about_unit_id": request.about.unit_id,
        "serious": serious_in(request.matter) or "",
        "tier": Role.SUPERVISOR if request.kind is Kind.COMPLAINT else "",
    }


def _promises(request: Request, plan: Plan, now: datetime, policy: Policy, zone: ZoneInfo) -> dict[str, Any]:
    """Return the columns that say by when somebody comes; by when somebody answers is a clock's."""
    comes = request.kind is Kind.REPAIR and plan.team != DEVELOPER
    by = terms.promised(now, policy, zone, priority=plan.priority, end=request.end) if comes else None
    return {"from_at": request.start, "until_at": request.end, "answer_by": None, "promised_at": by}


def _whose(requester: Requester) -> dict[str, Any]:
    """Return the columns that say for whom: a copy, so that a later change of the register changes no ticket."""
    return {
        "requester_id": requester.person_id,
        "requester_address_id": requester.address_id,
        "requester_name": requester.name,
        "requester_phone": requester.phone,
        "shows_number": requester.shows_number,
        "needs_care": requester.needs_care,
    }


async def _first_taker(
    session: Session, actor: Actor, house: House, request: Request, holder: Candidate | None, now: datetime
) -> int | None:
    """Return who answers for a request to the end: whoever took it down; of what came by itself the desk on duty.

    A confidential one that came by itself is no matter of the desk's; one about who took it down is not his either.
    """
    staff = actor.staff
    if staff is not None and staff.staff_id not in await apart.of(session, request.about, community_id=house.id):
        return staff.staff_id
    if request.confidential:
        return holder.staff_id if holder is not None else None
    found = await dispatch.candidates(session, community_id=house.id, team="desk", now=now)
    first = dispatch.choose([c for c in found if c.on_duty], Need("desk"))
    return first.staff_id if first else None


async def _number(session: Session, house: House, now: datetime) -> tuple[int, str]:
    """Return the next short number of the community and day."""
    local = now.astimezone(house.zone)
    day = f"{local:%m%d}"
    row = {"community_id": house.id, "year": local.year, "day": day, "count": 1}
    counted = await upsert(
        session,
        Counter,
        row,
        on=("community_id", "year", "day"),
        change={"count": ONE_MORE},
        returning=(Counter.count,),
    )
    return local.year, f"{day}-{counted.scalar_one():02d}"


def _codes(ticket: Ticket) -> dict[str, str | int | None]:
    return {
        "number": ticket.number,
        "kind": ticket.kind,
        "category": ticket.category,
        "priority": ticket.priority,
        "source": ticket.source,
        "holder": ticket.holder_id,
        "first_taker": ticket.first_taker_id,
        "to_state": ticket.state,
    }


async def _show(session: Session, house: House, ticket: Ticket, holder: Candidate | None, now: datetime) -> None:
    if holder is not None:
        await news.card_to_staff(session, ticket, holder.staff_id, view=cards.View.HOLDER, now=now)
        if ticket.media_count:
            await news.files_to_staff(session, ticket, holder.staff_id, now=now)
    if ticket.confidential:
        if holder is None:
            await news.card_to_front(session, ticket, now=now)
        return
    group = await people.group_of(session, community_id=house.id, team=ticket.team)
    if group is not None:
        await cards.show(
            session, ticket=ticket, to=group, view=cards.View.GROUP, priority=news.priority_of(ticket), now=now
        )
    if holder is None:
        await news.card_to_front(session, ticket, now=now)


async def tell_requester(session: Session, ticket: Ticket, *, now: datetime) -> bool:
    """Tell the person for whom an employee filed; False when he can't be reached by chat or text message."""
    if ticket.source == Source.FORWARDED:
        soon = T("news.filed_forwarded", number=ticket.number, matter=ticket.matter, by=When(ticket.answer_by or now))
        return await news.to_owner(session, ticket, soon, now=now)
    taker = await people.staff_name(session, ticket.first_taker_id)
    by = When(ticket.promised_at) if ticket.promised_at else None
    text = T(
        "news.filed" if by else "news.filed_soon",
        number=ticket.number,
        matter=ticket.matter,
        place=ticket.place,
        name=taker,
        by=by,
    )
    return await news.to_owner(session, ticket, text, now=now)
