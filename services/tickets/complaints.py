"""Complaints: repeats recognised, cases that an office forwards, the appeal, the group, the signature."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from services import timers
from services.actors import LEADS, Actor, Role
from services.catalog import Kind
from services.db import Session
from services.messages import T
from services.models import OutsideCase, Ticket, TicketLink
from services.refusals import Refused
from services.settings import Policy
from services.tickets import apart, dispatch, effects_complaints, engine, finding, forwarded, merging, news, passing
from services.tickets.deeds import Deed
from services.tickets.dispatch import Candidate
from services.tickets.history import Said
from services.tickets.requests import Outside
from services.tickets.rules import Action, Change, State

REPEAT = "repeat"
LOOKS_BACK = timedelta(days=90)  # "had he told us before?"
MOST_EARLIER = 5


class NotReplied(Refused):
    """A forwarded case is signed when its written reply has gone back."""

    key = "refused.not_replied"


# ---------------------------------------------------------------- as it comes in


async def begin(session: Session, deed: Deed, outside: Outside | None) -> None:
    """Tie a new complaint to what was said before, keep the office's case, tell who leads what is serious."""
    ticket = deed.ticket
    if outside is not None:
        await forwarded.keep(session, deed, outside)
    kind = REPEAT if ticket.kind == Kind.COMPLAINT else "related"
    for other in await earlier(session, ticket, now=deed.now, policy=deed.policy):
        await merging.tie(session, ticket, other_id=other.id, kind=kind, now=deed.now)
    if ticket.serious:
        await effects_complaints.alert(session, deed, ticket.serious, words=deed.said.words)


async def earlier(session: Session, ticket: Ticket, *, now: datetime, policy: Policy) -> Sequence[Ticket]:
    """Return what the same person, or the same home, said on the same matter before, newest first.

    A complaint repeats another for `complaints.repeat_days` after its answer; of a forwarded case everything on the
    matter in the last months counts, whatever kind of ticket it was.
    """
    came_back = ticket.source == "forwarded"
    since = now - (LOOKS_BACK if came_back else timedelta(days=policy.complaints.repeat_days))
    whose = [Ticket.requester_id == ticket.requester_id] if ticket.requester_id is not None else []
    whose += [Ticket.unit_id == ticket.unit_id] if ticket.unit_id is not None else []
    if not whose or not (came_back or ticket.kind == Kind.COMPLAINT):
        return []
    same = Ticket.category == ticket.category
    if ticket.about_staff_id is not None:
        same = same | (Ticket.about_staff_id == ticket.about_staff_id)
    found = await session.scalars(
        select(Ticket)
        .where(
            or_(*whose),
            Ticket.community_id == ticket.community_id,
            Ticket.id < ticket.id,
            same,
            *(() if came_back else (Ticket.kind == Kind.COMPLAINT,)),
            Ticket.state.not_in((State.CANCELLED, State.MERGED)),
            func.coalesce(Ticket.done_at, Ticket.created_at) >= since,
        )
        .order_by(Ticket.id.desc())
        .limit(MOST_EARLIER)
    )
    return found.all()


async def told_before(
    session: Session, actor: Actor, *, person_id: int | None, unit_id: int | None, now: datetime
) -> Sequence[Ticket]:
    """Return what a person, or his home, told us in the last months, newest first: as far as the actor may see it."""
    whose = [Ticket.requester_id == person_id] if person_id is not None else []
    whose += [Ticket.unit_id == unit_id] if unit_id is not None else []
    if not whose:
        return []
    found = await session.scalars(
        select(Ticket)
        .where(or_(*whose), Ticket.community_id == actor.community_id, Ticket.created_at >= now - LOOKS_BACK)
        .where(finding.seen_by(actor))
        .order_by(Ticket.id.desc())
        .limit(MOST_EARLIER)
    )
    return found.all()


async def repeated(session: Session, ticket: Ticket) -> Sequence[Ticket]:
    """Return the earlier complaints that this one repeats, oldest first."""
    other = select(TicketLink.ticket_id).where(TicketLink.other_id == ticket.id, TicketLink.kind == REPEAT)
    return (await session.scalars(select(Ticket).where(Ticket.id.in_(other)).order_by(Ticket.id))).all()


async def heard_by(session: Session, ticket: Ticket, *, now: datetime) -> Sequence[Candidate]:
    """Return who here may deal with a complaint; nobody when it is about whoever is above them all."""
    return await dispatch.leads_of(session, ticket, now=now)


# ---------------------------------------------------------------- what is done to it


async def appeal(
    session: Session, actor: Actor, *, ticket_id: int, said: Said, now: datetime, policy: Policy
) -> Ticket:
    """Take the owner's complaint to the next tier, once. Raises `Refused`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    tier = await effects_complaints.above(session, Deed(actor, ticket, Action.APPEAL, now, policy))
    codes = {"to": tier[0].staff_id} if tier else {}
    await engine.act(session, actor, Action.APPEAL, ticket=ticket, now=now, policy=policy, said=said, codes=codes)
    return ticket


async def concern(
    session: Session, actor: Actor, *, ticket_id: int, about: apart.About, now: datetime, policy: Policy
) -> Ticket:
    """Note whom a complaint is about; one of them who holds it loses it to somebody else at once. Raises `Refused`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    codes = {"staff": about.staff_id, "team": about.team, "unit": about.unit_id}
    await engine.act(session, actor, Action.CONCERN, ticket=ticket, now=now, policy=policy, codes=codes)
    if ticket.holder_id in await apart.of_ticket(session, ticket):
        await passing.pass_over(session, ticket, now=now, policy=policy, why="concerned")
    return ticket


async def rally(
    session: Session, actor: Actor, *, ticket_id: int, members: Sequence[int], now: datetime, policy: Policy
) -> Ticket:
    """Call a rapid-response group together; nobody whom it is about. Raises `Refused`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    away = await apart.of_ticket(session, ticket)
    codes = {"members": sorted({one for one in members if one not in away})}
    await engine.act(session, actor, Action.RALLY, ticket=ticket, now=now, policy=policy, codes=codes)
    return ticket


async def at_hand(session: Session, ticket: Ticket, *, now: datetime) -> Sequence[Candidate]:
    """Return who can be called together: everybody on the roster now who may know, those who lead in any case."""
    leads = await dispatch.leads_of(session, ticket, now=now)
    found = await dispatch.candidates(
        session,
        community_id=ticket.community_id,
        team="",
        now=now,
        roles=[role for role in Role if role not in LEADS],
        about=apart.about(ticket),
    )
    return [*leads, *(one for one in found if one.on_duty)]


async def record_wanted(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """The owner has no screen for the record of his complaint: somebody prints it."""
    await news.to_front(session, ticket, T("staff.record_wanted", number=ticket.number), now=now)


async def sign_off(
    session: Session, actor: Actor, *, ticket_id: int, outcome: str, said: Said, now: datetime, policy: Policy
) -> Change:
    """Sign a finished ticket, as who did not answer it himself. Raises `Refused`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    case = await forwarded.case_of(session, ticket)
    if case is not None and case.replied_at is None:
        raise NotReplied(number=ticket.number, outside=case.number)
    codes = {"outcome": outcome} if outcome else {}
    return await engine.act(
        session, actor, Action.SIGN_OFF, ticket=ticket, now=now, policy=policy, said=said, codes=codes
    )


# ---------------------------------------------------------------- forwarded cases


async def reply(
    session: Session, actor: Actor, *, ticket_id: int, words: str, now: datetime, policy: Policy
) -> OutsideCase:
    """Keep the written reply to the office that forwarded a case; its clock ends. Raises `Refused`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id, lock=True)
    case = await forwarded.case_of(session, ticket)
    if case is None:
        raise forwarded.NotForwarded(number=ticket.number)
    said = Said(words)
    codes = {"office": case.office, "outside": case.number}
    await engine.act(session, actor, Action.REPLY, ticket=ticket, now=now, policy=policy, said=said, codes=codes)
    case.replied_at = now
    await timers.cancel(session, subject=forwarded.SUBJECT, subject_id=case.id)
    return case
