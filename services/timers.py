"""What is due: one row per moment, unique by key, claimed by a tick in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, select, update

from services import direct, inlined
from services.db import Session, insert_once, upsert
from services.models import Timer, table_of

MOST_TRIES = 5
BACKOFF = timedelta(minutes=1)


async def set_once(
    session: Session,
    *,
    key: str,
    kind: str,
    subject: str,
    subject_id: int,
    due_at: datetime,
    community_id: int | None,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Set a timer unless its key was used before."""
    await insert_once(session, Timer, _row(key, kind, subject, subject_id, due_at, community_id, given))


async def move(
    session: Session,
    *,
    key: str,
    kind: str,
    subject: str,
    subject_id: int,
    due_at: datetime,
    community_id: int | None,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Set a timer, or move the one of that key to the new time and wake it again."""
    row = _row(key, kind, subject, subject_id, due_at, community_id, given)
    await upsert(session, Timer, row, on=("key",), change={"due_at": due_at, "state": "waiting", "given": row["given"]})


def _row(
    key: str,
    kind: str,
    subject: str,
    subject_id: int,
    due_at: datetime,
    community_id: int | None,
    given: Mapping[str, Any] | None,
) -> dict[str, Any]:
    return {
        "key": key,
        "kind": kind,
        "subject": subject,
        "subject_id": subject_id,
        "due_at": due_at,
        "community_id": community_id,
        "given": given or {},
        "state": "waiting",
    }


async def cancel(session: Session, *, subject: str, subject_id: int, kinds: tuple[str, ...] = ()) -> None:
    """Cancel the waiting timers of a subject, all or of these kinds."""
    statement = update(Timer).where(
        Timer.subject == subject, Timer.subject_id == subject_id, inlined.equal(Timer.state, "waiting")
    )
    if kinds:
        statement = statement.where(Timer.kind.in_(kinds))
    await session.execute(statement.values(state="cancelled").execution_options(synchronize_session=False))


async def earliest(session: Session, *, now: datetime) -> Timer | None:
    """Return the earliest timer that is due and that nobody is at; nothing is locked."""
    return (
        await session.scalars(
            select(Timer)
            .where(inlined.equal(Timer.state, "waiting"), Timer.due_at <= now)
            .order_by(Timer.due_at, Timer.id)
            .limit(1)
        )
    ).one_or_none()


async def take(session: Session, timer: Timer, *, now: datetime) -> bool:
    """Lock a due timer, which the caller ends in the same transaction; False when somebody else was quicker."""
    found = await session.scalars(
        select(Timer)
        .where(Timer.id == timer.id, inlined.equal(Timer.state, "waiting"), Timer.due_at <= now)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found.one_or_none() is not None


async def next_at(session: Session) -> datetime | None:
    """Return when the next timer is due."""
    found: datetime | None = await direct.scalar(session, _next_at(), {})
    return found


@cache
def _next_at() -> Select[Any]:
    timer = table_of(Timer).c
    return select(timer.due_at).where(inlined.equal(timer.state, "waiting")).order_by(timer.due_at).limit(1)


async def failed(session: Session, *, timer_id: int, now: datetime) -> None:
    """Count a failure: try again a minute later, and give up after some tries."""
    timer = await session.get(Timer, timer_id)
    if timer is None:
        return
    timer.tries += 1
    timer.due_at = now + BACKOFF * timer.tries
    if timer.tries >= MOST_TRIES:
        timer.state = "failed"
