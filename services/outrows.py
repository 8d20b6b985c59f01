"""What the outbox deals in: priorities and states, drafts, claimed rows, paces, results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

from services import buckets
from services.messages import Say

OPEN = ("pending", "sending")


class Priority(IntEnum):
    """What goes first."""

    ALARM = 0
    REPLY = 1
    WORK = 2
    NOTICE = 3
    SURVEY = 4


class State(StrEnum):
    """Where a row is; states move forward."""

    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class To:
    """An address as a sender of messages needs it."""

    address_id: int
    locale: str
    community_id: int | None
    channel: str = ""
    topic: str = ""  # of a forum; empty: the group itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row to be enqueued."""

    key: str
    to: To
    priority: Priority
    say: Say | None = None
    kind: str = "say"
    prompt_id: int | None = None
    card_id: int | None = None
    after_id: int | None = None
    still_wanted: str = ""
    desk_due: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row in this sender's hands, with what its address tells."""

    id: int
    key: str
    community_id: int | None
    address_id: int
    external: str
    is_group: bool
    topic: str
    kind: str
    priority: int
    payload: Mapping[str, Any]
    locale: str
    prompt_id: int | None
    card_id: int | None
    still_wanted: str
    attempts: int
    parts_sent: int
    next_at: datetime | None
    machine_now: datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one private chat and one group may be written to: seconds per message, seconds of burst."""

    chat: float = 1.0
    chat_burst: float = 3.0  # less than the provider bears: a letter may be two messages, and calls overtake each other
    group: float = 4.0
    group_burst: float = 16.0

    @classmethod
    def per_group(cls, per_minute: float) -> Pace:
        """Keep any minute of a group within so many messages, a quarter of which may go at once."""
        at_once = max(1, int(per_minute / 4))
        between = 60.0 / max(per_minute - at_once, per_minute / 2)
        return cls(group=between, group_burst=between * (at_once - 1))

    def step(self, *, is_group: bool) -> timedelta:
        """How much of the chat's time one message takes."""
        return timedelta(seconds=self.group if is_group else self.chat)

    def burst(self, *, is_group: bool) -> timedelta:
        """How far a chat may run ahead of its time."""
        return timedelta(seconds=self.group_burst if is_group else self.chat_burst)


@dataclass(frozen=True, slots=True)
class Account:
    """A channel account as the claim sees it: what it may send how fast."""

    channel: str
    account: str
    limit: buckets.Limit | None = None
    pace: Pace | None = None

    @property
    def name(self) -> str:
        """The bucket's name."""
        return f"{self.channel}:{self.account}"

    def rest(self, wait: timedelta, *, is_group: bool) -> timedelta:
        """Return how far to put a chat's time off so that nothing goes there within the wait, and no burst after."""
        return wait + self.pace.burst(is_group=is_group) if self.pace else wait

    def paid(self, row: Claimed, parts: int) -> datetime | None:
        """Return where a chat's time stands after a row of several messages; its claim has paid for one only."""
        sent = parts - row.parts_sent
        if self.pace is None or sent <= 1:
            return None
        return max(row.next_at or row.machine_now, row.machine_now) + self.pace.step(is_group=row.is_group) * sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a claimed row. A state of PENDING means: again, after `wait`."""

    id: int
    state: State
    provider_id: str = ""
    parts: int = 0
    code: str = ""
    wait: timedelta = timedelta()
    counts: bool = True  # False: no attempt was spent
