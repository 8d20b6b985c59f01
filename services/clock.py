"""Desk time: machine time plus an offset that is stored, shared by all commands, and only ever grows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from services.db import Session, afterwards, upsert
from services.models import ClockOffset

ROW = 1
NONE = timedelta(0)


class DeskClock:
    """The clock on the desk's wall; the machine's clock is handed in."""

    def __init__(self, offset: timedelta = NONE, *, machine: Callable[[], datetime]) -> None:
        """Start at an offset from machine time; `machine` returns aware moments."""
        self._offset = offset
        self._machine = machine

    @property
    def offset(self) -> timedelta:
        """How far desk time runs ahead."""
        return self._offset

    def now(self) -> datetime:
        """Return desk time."""
        return self._machine() + self._offset

    async def load(self, session: Session) -> None:
        """Take over what another process, or an earlier run, has moved the clock to."""
        stored = await session.scalar(select(ClockOffset.seconds).where(ClockOffset.id == ROW))
        self._forward(timedelta(seconds=stored or 0))

    async def advance(self, session: Session, seconds: int) -> datetime:
        """Move desk time forward for everybody and return it; this clock follows when the session commits."""
        if seconds < 0:
            raise ValueError(f"desk time never moves back: {seconds} seconds")
        ahead = int(self._offset.total_seconds())
        row = {"id": ROW, "seconds": ahead + seconds, "moved_at": self._machine()}
        change = {"seconds": ClockOffset.seconds + seconds, "moved_at": row["moved_at"]}
        moved = await upsert(
            session, ClockOffset, row, on=(ClockOffset.id,), change=change, returning=(ClockOffset.seconds,)
        )
        offset = timedelta(seconds=moved.scalar_one())
        afterwards(session, lambda: self._forward(offset))
        return self._machine() + max(offset, self._offset)

    def _forward(self, offset: timedelta) -> None:
        self._offset = max(self._offset, offset)
