"""Token buckets of channel accounts, rows shared by all replicas; bulk leaves a reserve for replies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from services.db import Session, insert_once, machine_now
from services.models import Bucket

MILLI = 1000


@dataclass(frozen=True, slots=True)
class Limit:
    """Messages per second, the most that may go at once, and what bulk leaves for replies."""

    per_second: float
    burst: int
    reserve: int


@dataclass(frozen=True, slots=True)
class Grant:
    """How many rows may be claimed now, of which kinds."""

    name: str
    urgent: int
    bulk: int
    only_alarms: bool = False
    tokens_milli: int = 0
    at: datetime | None = None


async def grant(session: Session, name: str, limit: Limit | None, *, most: int) -> Grant:
    """Refill the account's bucket and say what may leave; without a limit everything may."""
    if limit is None:
        return Grant(name, most, most)
    row = await _locked(session, name, limit)
    now: datetime = row[4]
    tokens = row[0] + int((now - row[1]).total_seconds() * limit.per_second * _speed(row[3], now) * MILLI)
    tokens = min(tokens, limit.burst * MILLI)
    whole = max(0, tokens // MILLI)
    paused = row[2] is not None and row[2] > now
    bulk = 0 if paused else max(0, whole - limit.reserve)
    return Grant(name, min(whole, most), bulk, paused, tokens, now)


async def _locked(
    session: Session, name: str, limit: Limit
) -> tuple[int, datetime, datetime | None, datetime | None, datetime]:
    wanted = (
        select(Bucket.tokens_milli, Bucket.refilled_at, Bucket.paused_until, Bucket.slow_until, machine_now(session))
        .where(Bucket.name == name)
        .with_for_update()
    )
    row = (await session.execute(wanted)).one_or_none()
    if row is None:
        fresh = {"name": name, "tokens_milli": limit.burst * MILLI, "refilled_at": machine_now(session)}
        await insert_once(session, Bucket, fresh)
        row = (await session.execute(wanted)).one()
    return row[0], row[1], row[2], row[3], row[4]


def _speed(slow_until: datetime | None, now: datetime) -> float:
    return 0.5 if slow_until is not None and slow_until > now else 1.0


async def spend(session: Session, given: Grant, count: int) -> None:
    """Take the tokens of what was claimed."""
    if given.at is None:
        return
    await session.execute(
        update(Bucket)
        .where(Bucket.name == given.name)
        .values(tokens_milli=given.tokens_milli - count * MILLI, refilled_at=given.at)
        .execution_options(synchronize_session=False)
    )


async def pause(session: Session, name: str, wait: timedelta) -> None:
    """Obey the provider: everything but alarms waits, then goes on at half speed for as long again."""
    await session.execute(
        update(Bucket)
        .where(Bucket.name == name)
        .values(
            paused_until=machine_now(session, wait),
            slow_until=machine_now(session, wait * 2 + timedelta(seconds=10)),
            tokens_milli=0,
        )
        .execution_options(synchronize_session=False)
    )
