"""Who works a ticket: takes it from the pool, says yes or does not, and goes on with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from scripts.simulate import answering, visiting
from scripts.simulate.roster import Employee
from scripts.simulate.stage import Stage
from services.actors import Role
from services.calendars import DEVELOPER
from services.catalog import Kind, Priority
from services.db import Session
from services.models import Ticket
from services.tickets import passing
from services.tickets.history import Said
from services.tickets.rules import Action, State

SAYS_YES, GIVES_BACK = 0.93, 0.96  # the rest forgets to answer
ASSIGNED_BY_DESK = 0.4
HASTE = frozenset({Priority.URGENT, Priority.EMERGENCY})
LOOKS_AGAIN = timedelta(minutes=45)
MORNING = 8.2
REASONS = ("skill", "busy", "other")


async def work(stage: Stage, session: Session, ticket: Ticket) -> None:
    """Do what comes next on a ticket."""
    state = State(ticket.state)
    if state is State.OPEN:
        await _from_pool(stage, session, ticket)
    elif state is State.ASSIGNED:
        await _say_yes(stage, session, ticket)
    elif state is State.WORKING:
        if ticket.kind == Kind.REPAIR and ticket.team != DEVELOPER:
            await visiting.carry_on(stage, session, ticket, hand_over)
        else:
            await answering.carry_on(stage, session, ticket, hand_over)


def _team(ticket: Ticket) -> str:
    """Return who works it: what is the developer's is looked after by the desk."""
    return "desk" if ticket.team == DEVELOPER else ticket.team


def tomorrow(stage: Stage) -> datetime:
    """Return when people are at work again."""
    today = stage.at_hour(MORNING)
    return (today if today > stage.now else stage.at_hour(MORNING, days=1)) + stage.about(20)


def _free(stage: Stage, ticket: Ticket, *, without: int | None = None) -> list[Employee]:
    """Return who could take it now, whose hands are free first."""
    role = Role.SUPERVISOR if ticket.confidential or ticket.kind == Kind.COMPLAINT else None
    found = stage.estate.on_duty(stage.now, team="" if role else _team(ticket), role=role)
    if not found and ticket.priority in HASTE:
        found = stage.estate.on_duty(stage.now, team="engineering", role=Role.ENGINEER)
    return sorted(
        (one for one in found if one.staff_id != without), key=lambda one: (max(one.free_at, stage.now), one.staff_id)
    )


async def _from_pool(stage: Stage, session: Session, ticket: Ticket) -> None:
    """Somebody of the team takes it, or the desk gives it to somebody."""
    free = _free(stage, ticket)
    if not free:
        stage.plan_work(ticket.id, tomorrow(stage))
        return
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    if desk and not ticket.confidential and stage.chance(ASSIGNED_BY_DESK):
        await stage.act(session, stage.dice.choice(desk).actor, Action.ASSIGN, ticket, to=free[0].staff_id)
        stage.plan_work(ticket.id, stage.now + stage.about(6))
        return
    await passing.accept(session, free[0].actor, ticket=ticket, now=stage.now, policy=stage.policy)
    stage.counts[Action.GRAB] += 1
    stage.plan_work(ticket.id, stage.now + stage.about(15))


async def _say_yes(stage: Stage, session: Session, ticket: Ticket) -> None:
    """The holder says yes, gives it back, or does not look at his phone."""
    holder = stage.estate.staff[ticket.holder_id or 0]
    if not holder.is_on_duty(stage.now):
        await hand_over(stage, session, ticket, holder)
        return
    thrown = 0.0 if ticket.priority in HASTE else stage.dice.random()
    if thrown < SAYS_YES:
        await passing.accept(session, holder.actor, ticket=ticket, now=stage.now, policy=stage.policy)
        stage.counts[Action.ACCEPT] += 1
        stage.plan_work(ticket.id, stage.now + stage.about(3 if ticket.priority in HASTE else 25))
    elif thrown < GIVES_BACK:
        reason = stage.dice.choice(REASONS)
        await passing.give_back(
            session, holder.actor, ticket=ticket, reason=reason, said=Said(), now=stage.now, policy=stage.policy
        )
        stage.counts[Action.GIVE_BACK] += 1
        stage.plan_work(ticket.id, stage.now + stage.about(10))
    else:
        stage.plan_work(ticket.id, stage.now + LOOKS_AGAIN)


async def hand_over(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> None:
    """The holder's shift is over: somebody on duty goes on with it; nobody there, it waits for the next shift."""
    free = _free(stage, ticket, without=holder.staff_id)
    if not free:
        comes = holder.next_shift(stage.now)
        stage.plan_work(ticket.id, min(comes or tomorrow(stage), tomorrow(stage)))
        return
    words = stage.words["said_hand_on"]
    await stage.act(session, holder.actor, Action.HAND_ON, ticket, words=words, to=free[0].staff_id)
    stage.plan_work(ticket.id, stage.now + stage.about(8))
