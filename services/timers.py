"""What is due: one row per moment, unique by key, claimed by a tick in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from services import inlined
from services.db import Session, insert_once, upsert
from services.models import Timer

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


async def take_due(session: Session, *, now: datetime) -> Timer | None:
    """Lock and return the earliest timer that is due; the caller ends it in the same transaction."""
    return (
        await session.scalars(
            select(Timer)
            .where(inlined.equal(Timer.state, "waiting"), Timer.due_at <= now)
            .order_by(Timer.due_at, Timer.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
    ).one_or_none()


async def next_at(session: Session) -> datetime | None:
    """Return when the next timer is due."""
    return (
        await session.scalars(
            select(Timer.due_at).where(inlined.equal(Timer.state, "waiting")).order_by(Timer.due_at, Timer.id).limit(1)
        )
    ).one_or_none()


async def failed(session: Session, *, timer_id: int, now: datetime) -> None:
    """Count a failure: try again a minute later, and give up after some tries."""
    timer = await session.get(Timer, timer_id)
    if timer is None:
        return
    timer.tries += 1
    timer.due_at = now + BACKOFF * timer.tries
    if timer.tries >= MOST_TRIES:
        timer.state = "failed"
