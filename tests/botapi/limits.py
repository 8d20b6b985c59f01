"""How much a bot may send: token buckets for the bot, each private chat and each group."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from tests.botapi.shapes import ApiError, Json


class Scope(StrEnum):
    """Which budget was overdrawn."""

    BOT = "bot"
    PRIVATE = "private"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Pace:
    """A burst, and what comes back per second."""

    burst: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Paces:
    """The three budgets as Telegram's pages name them."""

    bot: Pace = Pace(30, 30)
    private: Pace = Pace(5, 1)
    group: Pace = Pace(20, 20 / 60)


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float
    closed_until: float = 0.0


@dataclass(slots=True)
class Limits:
    """The budgets with what is left of them."""

    paces: Paces | None
    buckets: dict[str, _Bucket] = field(default_factory=dict)
    floods: list[Json] = field(default_factory=list)

    def spend(self, method: str, chat_id: int, *, cost: int, chat_too: bool, now: float) -> None:
        """Take `cost` messages from the budgets, or answer 429 and note the flood."""
        if self.paces is None:
            return
        drawn = [(Scope.BOT, "bot", self.paces.bot)]
        if chat_too:
            scope, pace = (Scope.PRIVATE, self.paces.private) if chat_id > 0 else (Scope.GROUP, self.paces.group)
            drawn.append((scope, str(chat_id), pace))
        levels = [(scope, self._level(key, pace, now), pace) for scope, key, pace in drawn]
        for scope, bucket, pace in levels:
            if bucket.closed_until > now or bucket.level < min(cost, pace.burst):
                raise self._flood(method, chat_id, scope, bucket, pace, cost=cost, now=now)
        for _, bucket, _ in levels:
            bucket.level -= cost

    def _level(self, key: str, pace: Pace, now: float) -> _Bucket:
        bucket = self.buckets.get(key)
        if bucket is None:
            bucket = self.buckets[key] = _Bucket(pace.burst, now)
        bucket.level = min(pace.burst, bucket.level + (now - bucket.at) * pace.per_second)
        bucket.at = now
        return bucket

    def _flood(
        self, method: str, chat_id: int, scope: Scope, bucket: _Bucket, pace: Pace, *, cost: int, now: float
    ) -> ApiError:
        told_before = bucket.closed_until > now
        short = (min(cost, pace.burst) - bucket.level) / pace.per_second
        if not told_before:
            bucket.closed_until = now + max(1, math.ceil(short))
        wait = math.ceil(bucket.closed_until - now)
        self.floods.append(
            {
                "method": method,
                "chat_id": chat_id,
                "scope": scope,
                "retry_after": wait,
                "told_before": told_before,
                "at": now,
            }
        )
        return too_many(wait)


def too_many(retry_after: int) -> ApiError:
    """The answer to a caller that is too fast."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", parameters={"retry_after": retry_after})
