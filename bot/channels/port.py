"""What every channel offers: read a raw event, send a letter, show a toast, fetch a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from services.messages import Channel, Inbound, MediaKind, Say
from services.texts import Reader, Texts


class Outcome(StrEnum):
    """How a provider took a message."""

    ACCEPTED = "accepted"
    THROTTLED = "throttled"  # wait as told, no attempt spent
    TRANSIENT = "transient"  # back off and try again
    NEEDS_FIX = "needs_fix"  # parse error → plain; topic gone; message to edit unknown
    PERMANENT = "permanent"  # never again
    GONE = "gone"  # the recipient blocked us or left
    AMBIGUOUS = "ambiguous"  # a time-out after submitting: perhaps it arrived


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a letter. `provider_id` is the last part's message id; `parts` counts all parts sent so far."""

    outcome: Outcome
    provider_id: str = ""
    parts: int = 0
    retry_after: float = 0.0  # seconds, when throttled
    code: str = ""  # the provider's reason, for people who look after the line
    new_address: str = ""  # the group's new id, after a migration
    files: tuple[tuple[int, str], ...] = ()  # (media id, provider's file id) of first uploads


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes along: the provider's own id when it has one, else the bytes on demand."""

    media_id: int
    kind: MediaKind
    mime: str
    name: str
    file_id: str
    read: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Letter:
    """One outbox row on its way: where to, what to say, for which reader."""

    key: str  # natural unique key of the outbox row
    to: str  # the channel's id of the chat, number or page
    say: Say
    reader: Reader
    texts: Texts
    topic: str = ""
    edit: str = ""  # provider's id of the message to change instead of a new one
    parts_sent: int = 0  # parts of an earlier attempt that arrived
    files: tuple[File, ...] = ()
    is_group: bool = False
    signature: str = ""  # the estate's name, for text messages
    phone: str = ""  # the estate's 24-hour number
    plain: bool = False  # without markup, after the provider refused it


@dataclass(frozen=True, slots=True)
class RawEvent:
    """An event as it is stored: only its id and lane are read before."""

    channel: Channel
    account: str
    event_id: str
    lane: str
    payload: str


Store = Callable[[RawEvent], Awaitable[bool]]  # returns once the event is committed; False when it was there already


class ChannelPort(Protocol):
    """A way in and out. `name` is (channel, account)."""

    channel: Channel
    account: str
    slots: int  # letters that may be on their way at the same time
    edits: bool  # whether a message can be changed once it is sent

    def read(self, payload: str) -> Inbound:
        """Read a stored raw event; what can't be understood comes back as `Happening.IGNORED`."""

    async def send(self, letter: Letter) -> Sent:
        """Send a letter; never raises for what a provider may answer."""

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:
        """Answer a tap, best effort."""

    async def fetch(self, file_id: str) -> bytes:
        """Get the bytes of a file that somebody sent; raises `FetchFailed`."""

    async def close(self) -> None:
        """Let go of connections."""


class FetchFailed(Exception):  # noqa: N818 - reads as what happened
    """A file can't be had; `final` when trying again is no use."""

    def __init__(self, why: str, *, final: bool) -> None:
        """Say why and whether to give up."""
        super().__init__(why)
        self.final = final
