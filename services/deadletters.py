"""Messages that could not be sent, for people to look at: list, try again, give up; and those on hold."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from services.db import Session, wake
from services.models import Outgoing
from services.outbox import State

SET_ASIDE = (State.FAILED, State.UNKNOWN)


async def dead(session: Session, *, limit: int = 100) -> Sequence[Outgoing]:
    """Return the rows that failed, may not have arrived, or are held after a restore, newest first."""
    listed = (*SET_ASIDE, State.HELD)
    found = select(Outgoing).where(Outgoing.state.in_(listed)).order_by(Outgoing.id.desc()).limit(limit)
    return (await session.scalars(found)).all()


async def retry(session: Session, row_id: int) -> bool:
    """Send a row again, however late it is; the parts that arrived are not repeated."""
    again = {"state": State.PENDING, "attempts": 0, "due_at": None, "expires_at": None, "settled_at": None, "code": ""}
    return await _move(session, row_id, again)


async def drop(session: Session, row_id: int) -> bool:
    """Give a row up for good."""
    return await _move(session, row_id, {"state": State.CANCELLED})


async def release(session: Session) -> int:
    """Let the rows go that a restore put on hold; return how many."""
    result = await session.execute(
        update(Outgoing)
        .where(Outgoing.state == State.HELD)
        .values(state=State.PENDING)
        .returning(Outgoing.id)
        .execution_options(synchronize_session=False)
    )
    wake(session, "outbox")
    return len(result.all())


async def _move(session: Session, row_id: int, values: dict[str, object]) -> bool:
    result = await session.execute(
        update(Outgoing)
        .where(Outgoing.id == row_id, Outgoing.state.in_(SET_ASIDE))
        .values(values)
        .returning(Outgoing.id)
        .execution_options(synchronize_session=False)
    )
    wake(session, "outbox")
    return result.first() is not None
