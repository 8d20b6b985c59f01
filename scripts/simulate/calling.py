"""Calls after the end: twice a day whoever owes some goes through them, and most owners are there."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import or_, select

from scripts.simulate.stage import Stage
from services.actors import Role
from services.db import Session
from services.models import FollowUp
from services.tickets import calls, followups
from services.tickets.calls import Step
from services.tickets.followups import Result

ROUNDS = (9.5, 14.5)  # hours of the day
MOST = 60
HOW = (Result.CONTENT, Result.NOT_CONTENT, Result.NOT_REACHED, Result.WRONG_NUMBER)
HOW_OFTEN = (70, 10, 17, 3)


def begin(stage: Stage) -> None:
    """Plan the rounds of the next day, and after them those of the day after."""
    for hour in ROUNDS:
        stage.plan(stage.at_hour(hour, days=1), partial(_round, stage))
    stage.plan(stage.at_hour(1, days=1), partial(_again, stage))


async def _again(stage: Stage, session: Session) -> None:  # noqa: ARG001
    begin(stage)


async def _round(stage: Stage, session: Session) -> None:
    """Go through what is open; who was not there is left alone until he is due again."""
    soon = stage.now + timedelta(hours=stage.policy.surveys.follow_up_hours)
    again = or_(FollowUp.tries == 0, FollowUp.due_at <= soon)
    waiting = select(FollowUp.id).where(FollowUp.done_at.is_(None), again)
    for follow_up_id in (await session.scalars(waiting.order_by(FollowUp.due_at).limit(MOST))).all():
        stage.later(stage.about(60), partial(_call, stage, follow_up_id=follow_up_id))


async def _call(stage: Stage, session: Session, *, follow_up_id: int) -> None:
    row = await session.get_one(FollowUp, follow_up_id)
    caller = stage.estate.staff.get(row.staff_id or 0)
    if caller is None or row.done_at is not None:
        leads = stage.estate.on_duty(stage.now, role=Role.SUPERVISOR)
        if not leads or row.done_at is not None:
            return
        caller = leads[0]
    task = await followups.find(session, caller.actor, follow_up_id=follow_up_id, lock=True)
    (result,) = stage.dice.choices(HOW, HOW_OFTEN)
    step = stage.dice.choice(calls.steps(caller.actor, task)) if result is Result.NOT_CONTENT else Step.NOTHING
    words = stage.words["said_follow_up"] if result in followups.SPOKEN else ""
    await calls.noted(
        session,
        caller.actor,
        follow_up_id=follow_up_id,
        result=result,
        step=step,
        words=words,
        now=stage.now,
        policy=stage.policy,
    )
    stage.counts[f"call {result}"] += 1
    if step is Step.COME_AGAIN and task.ticket is not None:
        stage.plan_work(task.ticket.id, stage.now + stage.about(20))
