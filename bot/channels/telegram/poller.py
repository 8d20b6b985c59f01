"""Long polling: fetch, store, and only then confirm."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import orjson
import structlog

from bot.channels.port import Store
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.request import SlowDown

Remember: TypeAlias = Callable[[int], Awaitable[None]]
Pause: TypeAlias = Callable[[int], float]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0

log = structlog.get_logger(__name__)


def growing(tries: int) -> float:
    """Seconds to rest after so many failures in a row, with jitter."""
    longest = min(_FIRST_PAUSE * float(2 ** min(tries, 10)), _LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter


async def poll(
    channel: TelegramChannel,
    store: Store,
    *,
    offset: int | None,
    stop: asyncio.Event,
    remember: Remember,
    pause: Pause = growing,
) -> None:
    """Poll until told to stop; the offset moves, and is remembered, once a whole batch is stored.

    A failed batch is fetched again; what of it had been stored is known by its id.
    """
    may_poll, failures = False, 0
    while not stop.is_set():
        try:
            if not may_poll:
                await channel.bot.delete_webhook(drop_pending_updates=False)
                may_poll = True
            updates = await _unless(stop, channel.updates(offset))
            if updates:
                await _keep(channel, store, updates)
                offset = max(update["update_id"] for update in updates) + 1
                await remember(offset)
            failures = 0
        except Exception as error:
            failures += 1
            log.warning("polling failed", account=channel.account, failures=failures, why=repr(error))
            may_poll = False
            rest = error.seconds if isinstance(error, SlowDown) else pause(failures)
            await _unless(stop, asyncio.sleep(rest))


async def _keep(channel: TelegramChannel, store: Store, updates: Sequence[dict[str, Any]]) -> None:
    events = [channel.event(update, orjson.dumps(update).decode()) for update in updates]
    results = await asyncio.gather(*(store(event) for event in events), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _unless(stop: asyncio.Event, work: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever the work gives
    """Return what the work gives, or None as soon as it's time to stop."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, stopping):
            task.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)
