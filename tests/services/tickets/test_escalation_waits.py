"""Steps whose messages have not left: the ladder goes on without ringing again and again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from services import timers
from services.actors import Actor
from services.db import Session
from services.models import Deadline, Escalation, Prompt, Ticket
from services.settings import Policy
from services.tickets import escalation
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line


async def _accepted(session: Session, line: Line) -> tuple[Ticket, Actor]:
    """Return a repair that somebody said yes to, and who that is; nothing of what is said leaves."""
    owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
    engineer = await estate.actor_of(session, line, await estate.web_of(session, "王师傅"))
    ticket = await estate.filed(session, line, owner)
    await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
    return ticket, engineer


async def _look(session: Session, ticket_id: int, now: datetime) -> datetime | None:
    await escalation.look(session, ticket_id=ticket_id, now=now, policy=Policy())
    await session.flush()
    return await timers.next_at(session)


async def test_a_warning_that_has_not_left_does_not_hold_up_what_comes_after_it(line: Line) -> None:
    """The timer must not stay due: it would ring without end for as long as a provider is away."""
    async with line.db.transaction() as session:
        ticket, _ = await _accepted(session, line)
        taken: list[str] = []
        at = await timers.next_at(session)
        while at is not None and at < line.now + timedelta(days=4):
            rung = await _look(session, ticket.id, at)
            assert rung is None or rung > at
            at = rung
        taken += await session.scalars(
            select(Escalation.step).join(Deadline, Deadline.id == Escalation.deadline_id).order_by(Escalation.id)
        )
        assert {"warn", "owner", "lead"} <= set(taken)


async def test_what_was_asked_about_a_deadline_ends_with_it(line: Line) -> None:
    """A digit typed later must not answer it."""
    async with line.db.transaction() as session:
        ticket, engineer = await _accepted(session, line)
        at = await timers.next_at(session)
        assert at is not None
        await _look(session, ticket.id, at)
        asked = select(Prompt.state).where(Prompt.key.startswith("choose:escalation:"))
        assert set(await session.scalars(asked)) == {"open"}
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了")
        assert set(await session.scalars(asked)) == {"cancelled"}
