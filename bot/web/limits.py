"""How often somebody may do something, kept in memory: a first dam before the inbox's own."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

MOST_KEYS = 10_000


class Pace:
    """At most `count` times within any `seconds`, for each key."""

    def __init__(self, count: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the pace and the machine's clock."""
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._times: dict[str, deque[float]] = {}

    def wait(self, key: str) -> float:
        """Count one more and return 0, or return the seconds to wait first."""
        now = self._clock()
        times = self._times.setdefault(key, deque())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._count:
            return times[0] + self._seconds - now
        times.append(now)
        if len(self._times) > MOST_KEYS:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        old = now - self._seconds
        self._times = {key: times for key, times in self._times.items() if times and times[-1] > old}
