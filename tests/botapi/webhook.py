"""Delivery of updates to the bot's own server, as Telegram does it.

One update in flight per lane, lanes beside each other up to `max_connections`; anything
but 2xx is tried again: the first time at once, then after growing pauses, or when the
answer's Retry-After says.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

import aiohttp
import orjson

from tests.botapi.shapes import Json
from tests.botapi.updates import Pending, Updates

_LONGEST_PAUSE = 60.0
_LONGEST_RETRY_AFTER = 3600
_DEADLINE = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True)
class Target:
    """Where updates go."""

    url: str
    secret: str | None
    max_connections: int


@dataclass(slots=True)
class Webhook:
    """The sender of one bot's updates; idle until a target is set."""

    updates: Updates
    first_pause: float
    target: Target | None = None
    attempts: list[Json] = field(default_factory=list)
    last_error: tuple[int, str] | None = None
    _lanes: dict[str, deque[Pending]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def aim(self, target: Target | None) -> None:
        """Start delivering to a target, or stop."""
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()
        self.target = target
        self.last_error = None
        if target is None:
            self.updates.deliver_to(None)
            return
        self._slots = asyncio.Semaphore(target.max_connections)
        self.updates.deliver_to(self._enqueue)
        for pending in self.updates.waiting.values():
            self._enqueue(pending)

    async def close(self) -> None:
        """Stop, and wait for what was in flight."""
        self.aim(None)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _enqueue(self, pending: Pending) -> None:
        lane = self._lanes.get(pending.lane)
        if lane is not None:
            lane.append(pending)
            return
        self._lanes[pending.lane] = deque([pending])
        task = asyncio.get_running_loop().create_task(self._serve(pending.lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, name: str) -> None:
        lane = self._lanes[name]
        tries = 0
        while lane:
            pending = lane[0]
            pause = await self._deliver(pending, tries) if pending.update_id in self.updates.waiting else None
            if pause is None:
                lane.popleft()
                self.updates.waiting.pop(pending.update_id, None)
                tries = 0
            else:
                tries += 1
                await asyncio.sleep(pause)
        if self._lanes.get(name) is lane:
            del self._lanes[name]

    async def _deliver(self, pending: Pending, tries: int) -> float | None:
        """Send once; returns None when it was taken, else the pause before the next try."""
        async with self._slots:
            status, retry_after, problem = await self._post(pending.body)
        self.attempts.append({"update_id": pending.update_id, "status": status, "at": time.monotonic()})
        if status is not None and 200 <= status < 300:
            return None
        self.last_error = (int(time.time()), problem)
        if retry_after is not None:
            return float(min(retry_after, _LONGEST_RETRY_AFTER))
        return 0.0 if tries == 0 else min(self.first_pause * 2 ** min(tries - 1, 20), _LONGEST_PAUSE)

    async def _post(self, body: Json) -> tuple[int | None, int | None, str]:
        if self.target is None:
            return None, None, "no target"
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=_DEADLINE, auto_decompress=True
            )
        headers = {"Content-Type": "application/json"}
        if self.target.secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.target.secret
        try:
            async with self._session.post(
                self.target.url, data=orjson.dumps(body), headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                told = answer.headers.get("Retry-After", "")
                wait = int(told) if told.isdigit() else None
                return (
                    answer.status,
                    wait,
                    f"Wrong response from the webhook: {answer.status} {answer.reason}",
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return None, None, f"Connection failed: {type(error).__name__}"
