"""A call that was made: how it went, what comes next, and what the ticket's history keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from services import timers
from services.actors import Actor
from services.db import Session
from services.messages import T, lines, plain
from services.models import FollowUp
from services.refusals import NotAllowed, Refused
from services.settings import Policy
from services.tickets import dispatch, engine, followups, history
from services.tickets.followups import SUBJECT, Result, Task
from services.tickets.history import Said
from services.tickets.rules import TABLE, Action, standings

MOST_TRIES = 2
NOTED = "followed_up"  # the row of history


class Step(StrEnum):
    """What comes after a call."""

    NOTHING = "nothing"
    COME_AGAIN = "come_again"  # the ticket goes on
    SUPERVISOR = "supervisor"


class NotedBefore(Refused):
    """The call has its result already."""

    key = "refused.follow_up_done"


def steps(actor: Actor, task: Task) -> Sequence[Step]:
    """Return what may follow when the owner is not content."""
    rule, ticket = TABLE[Action.REOPEN], task.ticket
    again = ticket is not None and ticket.state in rule.states and standings(actor, ticket) & rule.who
    found = [Step.COME_AGAIN] if again else []
    return [*found, *([] if actor.is_lead else [Step.SUPERVISOR]), Step.NOTHING]


async def noted(
    session: Session,
    actor: Actor,
    *,
    follow_up_id: int,
    result: Result,
    now: datetime,
    policy: Policy,
    step: Step = Step.NOTHING,
    words: str = "",
) -> FollowUp:
    """Keep how a call went; nobody there is tried once more, then that is the end of it. Raises `Refused`."""
    task = await followups.find(session, actor, follow_up_id=follow_up_id, lock=True)
    row = task.row
    if row.done_at is not None:
        raise NotedBefore
    if result is not Result.NOT_CONTENT:
        step = Step.NOTHING
    elif step not in steps(actor, task):
        raise NotAllowed
    await _write_down(session, actor, task, result, step, words, now)
    if result is Result.NOT_REACHED:
        row.tries += 1
        if row.tries < MOST_TRIES:
            return await _once_more(session, row, now, policy)
        result = Result.UNREACHABLE
    if step is Step.SUPERVISOR:
        return await _handed_up(session, actor, task, words, now, policy)
    row.done_at, row.result, row.next_step, row.outcome = now, result, step, words
    row.staff_id = actor.staff.staff_id if actor.staff is not None else row.staff_id
    await timers.cancel(session, subject=SUBJECT, subject_id=row.id)
    if step is Step.COME_AGAIN and task.ticket is not None:
        said = Said(words)
        await session.flush()  # this call is made: the ticket's going on must not take it for a waiting one
        await engine.act(session, actor, Action.REOPEN, ticket=task.ticket, now=now, policy=policy, said=said)
    return row


async def _write_down(
    session: Session, actor: Actor, task: Task, result: Result, step: Step, words: str, now: datetime
) -> None:
    """A survey of all owners has no ticket: what came of its calls stands on the row alone."""
    if task.ticket is None:
        return
    codes = {"follow_up": task.row.id, "why": task.row.why, "result": result, "next": step}
    said = Said(words) if words else None
    await history.append(session, actor, ticket=task.ticket, action=NOTED, now=now, codes=codes, said=said)


async def _once_more(session: Session, row: FollowUp, now: datetime, policy: Policy) -> FollowUp:
    """Try again tomorrow; the deadline counts from then."""
    at = now + timedelta(hours=policy.surveys.call_again_hours)
    row.due_at = at + timedelta(hours=policy.surveys.follow_up_hours)
    await timers.cancel(session, subject=SUBJECT, subject_id=row.id)
    await timers.move(
        session,
        key=f"{SUBJECT}:{row.id}:again",
        kind="follow_up.again",
        subject=SUBJECT,
        subject_id=row.id,
        due_at=at,
        community_id=row.community_id,
    )
    return row


async def _handed_up(session: Session, actor: Actor, task: Task, words: str, now: datetime, policy: Policy) -> FollowUp:
    """Let somebody who leads call; he hears what was said so far."""
    row, ticket = task.row, task.ticket
    leads = await (
        dispatch.leads_of(session, ticket, now=now)
        if ticket is not None
        else dispatch.leads(session, community_id=row.community_id, now=now)
    )
    row.staff_id = leads[0].staff_id if leads else None
    row.due_at = now + timedelta(hours=policy.surveys.follow_up_hours)
    head = lines(T("call.handed_up", name=actor.called or plain(actor.name)), plain(words) if words else None)
    await followups.tell(session, await followups.task(session, row), now=now, head=head)
    return row
