"""What people do when a timer has rung: holders who were warned, leads who hear, hands that are paged."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import select

from scripts.simulate import owners
from scripts.simulate.roster import Employee
from scripts.simulate.stage import Stage
from services.actors import Role
from services.db import Session
from services.models import Deadline, Escalation, Survey, Ticket, Timer
from services.tickets import passing
from services.tickets.ladder import Step
from services.tickets.rules import IN_HAND, NOT_YET, Action, State
from services.tickets.terms import Clock

WARNED_PUTS_OFF, LEAD_PUTS_OFF, SENDS, TAKES = 0.45, 0.45, 0.75, 0.85
LATE = ("previous", "parts", "busy", "road", "owner", "other")
GOES = 0.9


async def follow(stage: Stage, session: Session, timer: Timer) -> None:
    """Let people hear what a timer brought about."""
    if timer.kind == "survey.ask":
        survey = await session.get(Survey, timer.subject_id)
        if survey is not None and survey.state == "asked":
            owners.plan_answer(stage, survey)
    elif timer.kind == "ticket.autoclose":
        await stage.ticket(session, timer.subject_id)  # which forgets it when it is over
    elif timer.kind == "ticket.clock":
        await _clock(stage, session, timer.subject_id)


async def _clock(stage: Stage, session: Session, ticket_id: int) -> None:
    ticket = await stage.ticket(session, ticket_id)
    steps = await session.execute(
        select(Escalation.step, Escalation.told, Deadline.clock)
        .join(Deadline, Deadline.id == Escalation.deadline_id)
        .where(Escalation.ticket_id == ticket_id, Escalation.at == stage.now)
        .order_by(Escalation.id)
    )
    for step, told, clock in steps.all():
        stage.counts[f"step {step.partition(':')[0]}"] += 1
        _hear(stage, ticket, step.partition(":")[0], told, clock)
    if ticket.state == State.WORKING and not stage.is_planned(ticket_id):  # a rest is over
        stage.plan_work(ticket_id, stage.now + stage.about(20))


def _hear(stage: Stage, ticket: Ticket, step: str, told: list[int], clock: str) -> None:
    if step == Step.PAGE:
        for staff_id in told:
            go = partial(answer_page, stage, staff_id=staff_id, ticket_id=ticket.id)
            stage.later(stage.about(1.5, 0.7), go)
    elif step == Step.WARN and told and stage.chance(WARNED_PUTS_OFF):
        put_off = partial(_put_off, stage, staff_id=told[0], ticket_id=ticket.id)
        stage.later(stage.about(6), put_off)
    elif step in {Step.LEAD, Step.SUPERVISOR, Step.MANAGER} and told:
        react = partial(_react, stage, staff_id=told[0], ticket_id=ticket.id, clock=clock)
        stage.later(stage.about(12), react)


async def answer_page(stage: Stage, session: Session, *, staff_id: int, ticket_id: int) -> None:
    """Somebody who was paged says that he goes, unless another was quicker."""
    ticket = await stage.ticket(session, ticket_id)
    one = stage.estate.staff[staff_id]
    if ticket.state in NOT_YET and stage.chance(GOES):
        await passing.accept(session, one.actor, ticket=ticket, now=stage.now, policy=stage.policy)
        stage.counts[Action.GRAB] += 1
        stage.plan_work(ticket_id, stage.now + timedelta(minutes=2))


async def _put_off(stage: Stage, session: Session, *, staff_id: int, ticket_id: int) -> None:
    """The holder who was warned gives a reason and a new time."""
    ticket = await stage.ticket(session, ticket_id)
    if ticket.holder_id == staff_id and State(ticket.state) in IN_HAND - NOT_YET:
        await _extend(stage, session, ticket, stage.estate.staff[staff_id])


async def _extend(stage: Stage, session: Session, ticket: Ticket, one: Employee) -> None:
    hours = stage.dice.choice((2, 3, 4, 20, 24))
    until, reason = stage.now + timedelta(hours=hours), stage.dice.choice(LATE)
    await stage.act(session, one.actor, Action.EXTEND, ticket, until=until, reason=reason)


async def _react(stage: Stage, session: Session, *, staff_id: int, ticket_id: int, clock: str) -> None:
    """Whoever leads gives more time, sends somebody, takes it, or lets it be."""
    ticket = await stage.ticket(session, ticket_id)
    if State(ticket.state) not in IN_HAND or ticket.state == State.PAUSED:
        return
    lead, thrown = stage.estate.staff[staff_id], stage.dice.random()
    if thrown < LEAD_PUTS_OFF and clock != Clock.ACCEPT:
        await _extend(stage, session, ticket, lead)
    elif thrown < SENDS:
        await _send(stage, session, ticket, lead)
    elif thrown < TAKES:
        await passing.take(session, lead.actor, ticket=ticket, now=stage.now, policy=stage.policy)
        stage.counts["taken by a lead"] += 1
        stage.plan_work(ticket_id, stage.now + stage.about(10))


async def _send(stage: Stage, session: Session, ticket: Ticket, lead: Employee) -> None:
    team = "engineering" if ticket.team == "developer" else ticket.team
    found = stage.estate.on_duty(stage.now, team=team)
    others = [one for one in found if one.staff_id != ticket.holder_id and one.post.role is not Role.MANAGER]
    if not others:
        return
    other = min(others, key=lambda one: (max(one.free_at, stage.now), one.staff_id))
    action = Action.ASSIGN if State(ticket.state) in NOT_YET else Action.HAND_ON
    await stage.act(session, lead.actor, action, ticket, to=other.staff_id)
    stage.plan_work(ticket.id, stage.now + stage.about(6))
