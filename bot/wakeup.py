"""Sleeping until woken, or until a slow poll's time: the wake-up is a hint, the poll is the truth."""

from __future__ import annotations

import asyncio


class Wakeup:
    """Something to wait on; waking while nobody waits is remembered."""

    def __init__(self) -> None:
        """Start asleep."""
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Wake whoever waits, or whoever waits next."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Wait to be woken, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()
