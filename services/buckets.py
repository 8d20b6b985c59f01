"""Token buckets of channel accounts, rows shared by all replicas; bulk leaves a reserve for replies.

Tokens may run into debt: alarms borrow, up to one more burst, and the rest waits until that is paid back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, case, select, update

from services import direct
from services.db import Session, insert_once, machine_now, machine_time
from services.models import Bucket, table_of

MILLI = 1000
AFTERWARDS = timedelta(seconds=10)  # slow for at least so long after a pause


@dataclass(frozen=True, slots=True)
class Limit:
    """Messages per second, the most that may go at once, and what bulk leaves for replies."""

    per_second: float
    burst: int
    reserve: int


@dataclass(frozen=True, slots=True)
class Grant:
    """How many rows may be claimed now: of alarms, of all down to work, of everything."""

    name: str
    alarms: int
    replies: int
    bulk: int
    tokens_milli: int | None = None  # None: not counted
    refilled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Level:
    tokens_milli: int
    refilled_at: datetime
    paused_until: datetime | None
    slow_until: datetime | None
    now: datetime

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > self.now

    def refilled(self, limit: Limit) -> int:
        """Return the thousandths of tokens there are by now."""
        speed = 0.5 if self.slow_until is not None and self.slow_until > self.now else 1.0
        seconds = max(0.0, (self.now - self.refilled_at).total_seconds())
        return min(self.tokens_milli + int(seconds * limit.per_second * speed * MILLI), limit.burst * MILLI)


async def grant(session: Session, name: str, limit: Limit | None, *, most: int) -> Grant:
    """Lock the account's bucket until the transaction ends, refill it and say what may leave."""
    level = await _locked(session, name, limit)
    if limit is None:
        return Grant(name, most, most, 0 if level.is_paused else most)
    tokens = level.refilled(limit)
    whole = tokens // MILLI
    return Grant(
        name,
        alarms=_between(whole + limit.burst, most),
        replies=_between(whole, most),
        bulk=0 if level.is_paused else _between(whole - limit.reserve, most),
        tokens_milli=tokens,
        refilled_at=max(level.now, level.refilled_at),
    )


def _between(count: int, most: int) -> int:
    return max(0, min(count, most))


async def _locked(session: Session, name: str, limit: Limit | None) -> _Level:
    row = (await direct.execute(session, _lock(), {"bucket": name})).one_or_none()
    if row is None:
        full = limit.burst * MILLI if limit else 0
        await insert_once(session, Bucket, {"name": name, "tokens_milli": full}, at="refilled_at")
        row = (await direct.execute(session, _lock(), {"bucket": name})).one()
    return _Level(*row)


@cache
def _lock() -> Select[Any]:
    bucket = table_of(Bucket).c
    return (
        select(bucket.tokens_milli, bucket.refilled_at, bucket.paused_until, bucket.slow_until, machine_time())
        .where(bucket.name == bindparam("bucket"))
        .with_for_update()
    )


async def spend(session: Session, given: Grant, count: int) -> None:
    """Take the tokens of what was claimed."""
    if given.tokens_milli is None or not count:
        return
    left = {"bucket": given.name, "left": given.tokens_milli - count * MILLI, "since": given.refilled_at}
    await direct.execute(session, _spend(), left)


@cache
def _spend() -> Update:
    bucket = table_of(Bucket)
    named = bucket.c.name == bindparam("bucket")
    return update(bucket).where(named).values(tokens_milli=bindparam("left"), refilled_at=bindparam("since"))


async def pause(session: Session, name: str, wait: timedelta) -> None:
    """Obey the provider: bulk waits as told; the bucket fills from nothing, at half speed for a while.

    The chat that was refused rests by itself (`address.next_at`); a reply to somebody else is not held back for it.
    """
    until = machine_now(wait)
    await session.execute(
        update(Bucket)
        .where(Bucket.name == name)
        .values(
            paused_until=case((Bucket.paused_until > until, Bucket.paused_until), else_=until),
            slow_until=machine_now(wait * 2 + AFTERWARDS),
            tokens_milli=case((Bucket.tokens_milli > 0, 0), else_=Bucket.tokens_milli),
            refilled_at=machine_now(),
        )
        .execution_options(synchronize_session=False)
    )
