"""What is due: one row per moment, unique by key, claimed by a tick in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, select, update

from services import direct, inlined, loading
from services.db import Session, insert_once, upsert, wake
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
    wake(session, "timers")


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
    wake(session, "timers")


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
    asked: dict[str, Any] = {"its": subject, "its_id": subject_id}
    await direct.execute(session, _cancel(some=bool(kinds)), asked | ({"kinds": list(kinds)} if kinds else {}))
    wake(session, "timers")


@cache
def _cancel(*, some: bool) -> Update:
    timer = table_of(Timer)
    its = timer.c.subject == bindparam("its"), timer.c.subject_id == bindparam("its_id")
    statement = update(timer).where(*its, inlined.equal(timer.c.state, "waiting")).values(state="cancelled")
    return statement.where(timer.c.kind.in_(bindparam("kinds", expanding=True))) if some else statement


async def earliest(session: Session, *, now: datetime) -> Timer | None:
    """Return the earliest timer that is due and that nobody is at; nothing is locked."""
    found = await loading.objects(session, _earliest(), {"now": now}, Timer)
    return found[0] if found else None


async def take(session: Session, timer: Timer, *, now: datetime) -> bool:
    """Lock a due timer, which the caller ends in the same transaction; False when somebody else was quicker."""
    return bool(await loading.objects(session, _take(), {"its_id": timer.id, "now": now}, Timer, fresh=True))


def _due() -> Select[Any]:
    timer = table_of(Timer)
    return select(timer).where(inlined.equal(timer.c.state, "waiting"), timer.c.due_at <= bindparam("now"))


@cache
def _earliest() -> Select[Any]:
    timer = table_of(Timer).c
    return _due().order_by(timer.due_at, timer.id).limit(1)


@cache
def _take() -> Select[Any]:
    return _due().where(table_of(Timer).c.id == bindparam("its_id")).with_for_update(skip_locked=True)


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
