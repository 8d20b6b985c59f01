"""What follows the end of a ticket: a survey, a person's call, nothing; and why nobody was asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, select, update

from services import actors, conversations, timers
from services.actors import Actor
from services.catalog import FollowUp as Rule
from services.db import Session
from services.models import Staff, Survey, Ticket
from services.tickets import followups, history
from services.tickets.deeds import Deed
from services.tickets.followups import Why
from services.tickets.rules import Action

NOT_SENT = "no_survey"  # the row of history
SYSTEM = "surveys"


class Unasked(StrEnum):
    """Why an owner was not asked how it was."""

    NEVER = "never"  # the catalogue says so
    CALLED = "called"  # the catalogue says: somebody calls
    OWN = "own"  # an employee filed it for himself
    MERGED = "merged"
    SILENCE = "silence"  # he never said that it is fixed
    BY_DESK = "by_desk"  # closed after a talk
    RECENT = "recent"  # asked about something else a few days ago
    UNREACHABLE = "unreachable"


async def follow(session: Session, deed: Deed) -> None:
    """Plan what the catalogue wants after the end, and write down why nobody is asked."""
    ticket, score = deed.ticket, deed.codes.get("score")
    rule = Rule(ticket.follow_up)
    if score:
        await plan(session, deed)
        if rule is Rule.ALWAYS and score > deed.policy.surveys.unhappy_at_most:  # else who leads calls him
            await followups.plan(session, ticket, why=Why.RULE, now=deed.now, policy=deed.policy)
        return
    unasked = await _unasked(session, deed, rule)
    if unasked is None:
        await plan(session, deed)
        return
    await not_sent(session, ticket, unasked, now=deed.now, actor=deed.actor)
    why = CALLS.get(unasked)
    if why is not None:
        await followups.plan(session, ticket, why=why, now=deed.now, policy=deed.policy)


CALLS = {Unasked.CALLED: Why.RULE, Unasked.SILENCE: Why.UNSENT, Unasked.UNREACHABLE: Why.UNSENT}


async def _unasked(session: Session, deed: Deed, rule: Rule) -> Unasked | None:
    """Return why nobody is asked, as far as it is known at the end; None: the survey comes."""
    if rule is Rule.NEVER:
        return Unasked.NEVER
    if await _is_own(session, deed.ticket):
        return Unasked.OWN
    if rule is Rule.ALWAYS:
        return Unasked.CALLED
    if deed.action is Action.CLOSE:
        return Unasked.SILENCE if deed.actor.system else Unasked.BY_DESK
    return None


async def _is_own(session: Session, ticket: Ticket) -> bool:
    """Whether an employee filed the ticket for himself."""
    if ticket.requester_id is None or ticket.requester_id != ticket.filed_by:
        return False
    his = Staff.person_id == ticket.requester_id, Staff.community_id == ticket.community_id, Staff.active
    return await session.scalar(select(Staff.id).where(*his).limit(1)) is not None


async def not_sent(
    session: Session, ticket: Ticket, why: Unasked, *, now: datetime, actor: Actor | None = None
) -> None:
    """Write into the ticket's history why nobody is asked; its row is locked by the caller."""
    by = actor or actors.system(SYSTEM)
    await history.append(session, by, ticket=ticket, action=NOT_SENT, now=now, codes={"why": why})


async def plan(session: Session, deed: Deed) -> None:
    """Plan the one question of this ticket and cycle, some hours after the owner's acceptance."""
    ticket = deed.ticket
    survey_id = await session.scalar(
        insert(Survey)
        .values(
            community_id=ticket.community_id,
            ticket_id=ticket.id,
            cycle=ticket.cycle,
            staff_id=ticket.holder_id,
            person_id=ticket.requester_id,
            address_id=ticket.requester_address_id,
            state="waiting",
            fixed=True if deed.codes.get("score") else None,
        )
        .returning(Survey.id)
    )
    if survey_id is None or deed.codes.get("score"):
        return
    await timers.set_once(
        session,
        key=f"survey:{survey_id}:ask",
        kind="survey.ask",
        subject="survey",
        subject_id=survey_id,
        due_at=deed.now + timedelta(hours=deed.policy.surveys.delay_hours),
        community_id=ticket.community_id,
    )


async def drop(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """The ticket is open again: nobody is asked how it was, nor called for that."""
    dropped = await session.scalars(
        update(Survey)
        .where(Survey.ticket_id == ticket.id, Survey.state.in_(("waiting", "asked")))
        .values(state="cancelled", why="returned")
        .returning(Survey.id)
        .execution_options(synchronize_session=False)
    )
    for survey_id in dropped.all():
        await timers.cancel(session, subject="survey", subject_id=survey_id)
        await conversations.end_where(session, key_prefix=f"survey:{survey_id}:")
    await followups.drop(session, ticket, now=now)
