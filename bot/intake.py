"""Intake: raw events into the inbox, one commit for all that wait; only then is the sender told "got it"."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from bot.channels.port import RawEvent
from bot.metrics import Metrics
from services import inbox
from services.db import Database, Session
from services.inbox import Claimed

MOST_AT_ONCE = 500


class Worker(Protocol):
    """Who works events in this process: he takes what he can in the very commit that stores it."""

    async def take(self, session: Session, *, stored: int) -> Sequence[Claimed]:
        """Claim events."""

    def begin(self, events: Sequence[Claimed]) -> None:
        """Work them, now that it is committed."""


class Intake:
    """Stores events in groups: while one commit is on its way, the next group gathers."""

    def __init__(self, db: Database, metrics: Metrics, worker: Worker | None = None) -> None:
        """Take the database, and who works here what is stored; nothing runs before the first event."""
        self._db = db
        self._metrics = metrics
        self._worker = worker
        self._waiting: list[tuple[RawEvent, asyncio.Future[bool]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def store(self, event: RawEvent) -> bool:
        """Return when the event is committed: True when it is new. Raises what the database raises."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all())
        return await future

    async def _store_all(self) -> None:
        await asyncio.sleep(0)  # whoever else has just been heard comes along
        while self._waiting:
            group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                new = await self._commit([event for event, _ in group])
            except Exception as error:  # whoever waits must hear of it; the loop goes on with the next group
                for _, future in group:
                    if not future.done():
                        future.set_exception(error)
                continue
            for event, future in group:
                if not future.done():
                    future.set_result((event.channel, event.account, event.event_id) in new)

    async def _commit(self, events: list[RawEvent]) -> set[tuple[str, str, str]]:
        rows = [
            {
                "channel": event.channel,
                "account": event.account,
                "event_id": event.event_id,
                "lane": event.lane,
                "payload": event.payload,
            }
            for event in events
        ]

        async def work(session: Session) -> tuple[set[tuple[str, str, str]], Sequence[Claimed]]:
            new = await inbox.store(session, rows)
            return new, await self._worker.take(session, stored=len(new)) if self._worker else ()

        new, taken = await self._db.run(work, holding=inbox.STORING)
        if self._worker is not None and taken:
            self._worker.begin(taken)
        for channel, count in Counter(event.channel for event in events).items():
            self._metrics.stored(channel, count)
        return new

    async def settle(self) -> None:
        """Wait until nothing is on its way any more."""
        if self._storing is not None:
            await asyncio.gather(self._storing, return_exceptions=True)
