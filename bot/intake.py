"""Intake: raw events into the inbox, one commit for all that wait; only then is the sender told "got it"."""

from __future__ import annotations

import asyncio

from bot.channels.port import RawEvent
from bot.metrics import Metrics
from services import inbox
from services.db import Database, Session

MOST_AT_ONCE = 500


class Intake:
    """Stores events in groups: while one commit is on its way, the next group gathers."""

    def __init__(self, db: Database, metrics: Metrics) -> None:
        """Take the database; nothing runs before the first event."""
        self._db = db
        self._metrics = metrics
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

        async def work(session: Session) -> set[tuple[str, str, str]]:
            return await inbox.store(session, rows)

        new = await self._db.run(work)
        for event in events:
            self._metrics.stored(event.channel)
        return new

    async def settle(self) -> None:
        """Wait until nothing is on its way any more."""
        if self._storing is not None:
            await asyncio.gather(self._storing, return_exceptions=True)
