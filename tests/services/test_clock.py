"""Desk time: ahead of the machine, shared, never back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.clock import DeskClock
from services.db import Database

NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)
DAY = 24 * 3600


class Machine:
    """A machine's clock, set by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


async def test_desk_time_is_machine_time_until_somebody_moves_it(database: Database) -> None:
    clock = DeskClock(machine=Machine())
    async with database.reading() as session:
        await clock.load(session)
    assert clock.now() == NOW
    assert clock.offset == timedelta()


async def test_moving_the_clock_is_seen_at_once_and_after_a_restart(database: Database) -> None:
    machine = Machine()
    clock = DeskClock(machine=machine)
    async with database.transaction() as session:
        assert await clock.advance(session, DAY) == NOW + timedelta(days=1)
        assert clock.now() == NOW, "nothing is moved before the commit"
    assert clock.now() == NOW + timedelta(days=1)
    machine.at += timedelta(hours=1)
    restarted = DeskClock(machine=machine)
    async with database.reading() as session:
        await restarted.load(session)
    assert restarted.now() == clock.now() == NOW + timedelta(days=1, hours=1)


async def test_two_who_move_the_clock_move_it_twice(database: Database) -> None:
    one, other = DeskClock(machine=Machine()), DeskClock(machine=Machine())

    async def move(clock: DeskClock) -> None:
        async with database.transaction() as session:
            await clock.advance(session, DAY)

    await asyncio.gather(move(one), move(other))
    async with database.reading() as session:
        await one.load(session)
        await other.load(session)
    assert one.now() == other.now() == NOW + timedelta(days=2)


async def test_a_move_that_is_rolled_back_is_none(database: Database) -> None:
    clock = DeskClock(machine=Machine())

    async def move_and_fail() -> None:
        async with database.transaction() as session:
            await clock.advance(session, DAY)
            raise LookupError

    with pytest.raises(LookupError):
        await move_and_fail()
    assert clock.now() == NOW
    async with database.reading() as session:
        await clock.load(session)
    assert clock.now() == NOW


async def test_desk_time_never_moves_back(database: Database) -> None:
    clock = DeskClock(timedelta(days=3), machine=Machine())
    async with database.transaction() as session:
        with pytest.raises(ValueError, match="never moves back"):
            await clock.advance(session, -1)
        await clock.load(session)
        assert clock.now() == NOW + timedelta(days=3)
        assert await clock.advance(session, 0) == NOW + timedelta(days=3)
