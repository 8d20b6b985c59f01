"""Updates on their way to the bot: kept until confirmed, by long poll or by webhook."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.botapi.shapes import ApiError, Json

# what a bot gets when it never said what it wants
_DEFAULT_KINDS = frozenset({"message", "edited_message", "callback_query", "my_chat_member"})
_EVERY_KIND = _DEFAULT_KINDS | {"chat_member"}
_MOST_AT_ONCE = 100
_LONGEST_WAIT = 50


@dataclass(frozen=True, slots=True)
class Pending:
    """One update that the bot has not confirmed."""

    update_id: int
    kind: str
    lane: str  # Telegram keeps order within a lane only
    body: Json


@dataclass(slots=True)
class Updates:
    """The queue of one bot."""

    waiting: dict[int, Pending] = field(default_factory=dict)
    allowed: list[str] = field(default_factory=list)
    last_id: int = 100_000
    poll: "asyncio.Future[str] | None" = None
    on_push: Callable[[Pending], None] | None = None  # the webhook's doorbell

    def push(self, kind: str, content: Json, *, lane: str) -> int | None:
        """Queue an update; returns its id, or None when the bot does not want this kind."""
        wanted = frozenset(self.allowed) if self.allowed else _DEFAULT_KINDS
        if kind not in wanted:
            return None
        self.last_id += 1
        body = {"update_id": self.last_id, kind: content}
        pending = self.waiting[self.last_id] = Pending(self.last_id, kind, lane, body)
        if self.on_push is not None:
            self.on_push(pending)
        self._wake("news")
        return self.last_id

    def allow(self, kinds: list[str]) -> None:
        """Keep the kinds that the bot wants from now on; nothing named means the usual ones."""
        self.allowed = [kind for kind in kinds if kind in _EVERY_KIND]

    def confirm_below(self, offset: int) -> None:
        """Forget what the bot has confirmed."""
        if offset < 0:
            offset = sorted(self.waiting)[offset:][0] if self.waiting else 0
        for update_id in [known for known in self.waiting if known < offset]:
            del self.waiting[update_id]

    def drop_taps(self) -> None:
        """Forget taps that were not fetched in time."""
        for pending in [one for one in self.waiting.values() if one.kind == "callback_query"]:
            del self.waiting[pending.update_id]

    def deliver_to(self, doorbell: Callable[[Pending], None] | None) -> None:
        """Hand every update to a webhook from now on, or to whoever polls."""
        self.on_push = doorbell
        if doorbell is not None:
            self._wake("conflict")

    async def fetch(self, call: Json) -> list[Json]:
        """Serve getUpdates: at once when there is something, else when something comes."""
        if self.on_push is not None:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._wake("conflict")
        if "allowed_updates" in call:
            self.allow(call["allowed_updates"])
        offset = call.get("offset", 0)
        self.confirm_below(offset)
        deadline = time.monotonic() + min(max(call.get("timeout", 0), 0), _LONGEST_WAIT)
        while not self.waiting and time.monotonic() < deadline:
            await self._wait(deadline - time.monotonic())
        limit = min(max(call.get("limit", _MOST_AT_ONCE), 1), _MOST_AT_ONCE)
        return [pending.body for _, pending in zip(range(limit), self.waiting.values(), strict=False)]

    async def _wait(self, seconds: float) -> None:
        mine: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.poll = mine
        done, _ = await asyncio.wait({mine}, timeout=seconds)
        if self.poll is mine:
            self.poll = None
        if done and mine.result() == "conflict":
            raise ApiError(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )

    def _wake(self, reason: str) -> None:
        poll, self.poll = self.poll, None
        if poll is not None and not poll.done():
            poll.set_result(reason)
