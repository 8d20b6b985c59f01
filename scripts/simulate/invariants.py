"""What must hold of a database at any time; each line of the answer is something that does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from services.db import Database
from services.models import Deadline, Escalation, History, Holding, Outgoing, Pause, Survey, Ticket, Timer
from services.tickets import history
from services.tickets.rules import Action

MOST = 5  # examples of each
OVER = ("closed", "cancelled", "merged")
A_DAY = timedelta(days=1)


async def broken(db: Database, *, now: datetime, chains: bool) -> list[str]:
    """Return what does not hold; `chains` walks every ticket's history, too."""
    found: list[str] = []
    async with db.reading() as session:
        for name, statement in _checks(now):
            rows = (await session.execute(statement.limit(MOST))).all()
            found += [f"{name}: {', '.join(str(value) for value in row)}" for row in rows]
        if chains:
            found += (await history.verify(session)).broken
    return found


def _checks(now: datetime) -> Sequence[tuple[str, Select[*tuple[Any, ...]]]]:
    return (
        ("held, but not by exactly one open holding of its holder", _holdings()),
        ("an open holding of a ticket that nobody holds", _loose_holdings()),
        ("paused without an open pause", _unpaused()),
        ("an open pause of a ticket that is not paused", _loose_pauses()),
        ("a deadline runs on an ended ticket", _running_on()),
        ("waits for something, but no timer does", _unwatched()),
        ("rests until a time, but no timer does", _unwoken()),
        ("the owner has the word, but nothing closes it", _never_closing()),
        ("a timer failed", select(Timer.key).where(Timer.state == "failed")),
        ("a timer is overdue", select(Timer.key).where(Timer.state == "waiting", Timer.due_at < now - A_DAY)),
        ("a message waits for more than a day", _stuck(now)),
        ("a step was taken twice", _twice()),
        ("a survey without an acceptance", _unearned()),
        ("closed without a verdict", _unsaid()),
        ("billed above what was agreed", _overcharged()),
        ("two tickets of one number", _doubles()),
    )


def _holdings() -> Select[*tuple[Any, ...]]:
    mine = Holding.ticket_id == Ticket.id, Holding.until.is_(None), Holding.staff_id == Ticket.holder_id
    count = select(func.count(Holding.id)).where(*mine).correlate(Ticket).scalar_subquery()
    return select(Ticket.number).where(Ticket.holder_id.is_not(None), Ticket.state.not_in(OVER), count != 1)


def _loose_holdings() -> Select[*tuple[Any, ...]]:
    unheld = or_(Ticket.holder_id.is_(None), Ticket.state.in_(OVER))
    return select(Ticket.number).join(Holding, Holding.ticket_id == Ticket.id).where(Holding.until.is_(None), unheld)


def _unpaused() -> Select[*tuple[Any, ...]]:
    rest = exists().where(Pause.ticket_id == Ticket.id, Pause.ended_at.is_(None))
    return select(Ticket.number).where(Ticket.state == "paused", ~rest)


def _loose_pauses() -> Select[*tuple[Any, ...]]:
    rests = select(Ticket.number).join(Pause, Pause.ticket_id == Ticket.id)
    return rests.where(Pause.ended_at.is_(None), Ticket.state != "paused")


def _running_on() -> Select[*tuple[Any, ...]]:
    ended = Ticket.state.in_((*OVER, "done"))
    return (
        select(Ticket.number, Deadline.clock)
        .join(Deadline, Deadline.ticket_id == Ticket.id)
        .where(Deadline.ended_at.is_(None), ended)
    )


def _timer(kind: str) -> Any:  # noqa: ANN401 - a condition
    mine = and_(Timer.subject == "ticket", Timer.subject_id == Ticket.id)
    return exists().where(mine, Timer.kind == kind, Timer.state == "waiting")


def _unwatched() -> Select[*tuple[Any, ...]]:
    waits = exists().where(Deadline.ticket_id == Ticket.id, Deadline.ended_at.is_(None), Deadline.next_at.is_not(None))
    in_hand = Ticket.state.in_(("open", "assigned", "working"))
    return select(Ticket.number).where(in_hand, waits, ~_timer("ticket.clock"))


def _unwoken() -> Select[*tuple[Any, ...]]:
    rests = Ticket.state == "paused", Ticket.paused_until.is_not(None)
    return select(Ticket.number).where(*rests, ~_timer("ticket.clock"))


def _never_closing() -> Select[*tuple[Any, ...]]:
    return select(Ticket.number).where(Ticket.state == "done", ~_timer("ticket.autoclose"))


def _stuck(now: datetime) -> Select[*tuple[Any, ...]]:
    waits = Outgoing.state.in_(("pending", "sending"))
    return select(Outgoing.key).where(waits, Outgoing.created_at < now - A_DAY, Outgoing.desk_due.is_(None))


def _twice() -> Select[*tuple[Any, ...]]:
    step = Escalation.deadline_id, Escalation.step, Escalation.due_at
    return select(*step).group_by(*step).having(func.count() > 1)


def _unearned() -> Select[*tuple[Any, ...]]:
    accepted = exists().where(History.ticket_id == Survey.ticket_id, History.action == Action.OWNER_ACCEPTS)
    return select(Survey.ticket_id).where(~accepted)


def _unsaid() -> Select[*tuple[Any, ...]]:
    said = Ticket.closed_how.in_(("accepted", "silence", "desk"))
    return select(Ticket.number).where(Ticket.state == "closed", or_(~said, Ticket.closed_at.is_(None)))


def _overcharged() -> Select[*tuple[Any, ...]]:
    return select(Ticket.number).where(func.coalesce(Ticket.charged_cents, 0) > func.coalesce(Ticket.agreed_cents, 0))


def _doubles() -> Select[*tuple[Any, ...]]:
    other = aliased(Ticket)
    same = and_(other.community_id == Ticket.community_id, other.year == Ticket.year, other.number == Ticket.number)
    return select(Ticket.number).join(other, and_(same, other.id > Ticket.id))
