"""What comes in and what goes out, told without any provider's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

HALF_A_DAY = 12 * 3600.0  # seconds


class Channel(StrEnum):
    """The ways people reach the line."""

    TELEGRAM = "telegram"
    SMS = "sms"
    WEB = "web"
    CONSOLE = "console"


class Style(StrEnum):
    """How a moment is written in a text."""

    CLOCK = "clock"  # 15:10
    DAY = "day"  # 4月12日
    DATE = "date"  # the same, with the year where it is another one
    NEAR = "near"  # 今天15:10, 明天15:10, 4月12日15:10
    WEEK = "week"  # 今天15:10, 明天15:10, 周日4月12日15:10
    FULL = "full"  # 4月12日15:10


@dataclass(frozen=True, slots=True)
class When:
    """A moment inside a text, written in the reader's language and the estate's zone."""

    at: datetime
    style: Style = Style.NEAR


def window_end(start: datetime, end: datetime) -> When:
    """Return how the end of a span is written after its start: the clock alone when it is the same day's."""
    return When(end, Style.CLOCK if (end - start).total_seconds() <= HALF_A_DAY else Style.NEAR)


@dataclass(frozen=True, slots=True)
class Cents:
    """An amount of money inside a text, in the smallest unit."""

    amount: int


def money(cents: int) -> T:
    """Say a sum as people write it: whole ones without the hundredths."""
    whole, rest = divmod(cents, 100)
    return T("money", sum=f"{whole:,}" if rest == 0 else f"{whole:,}.{rest:02d}")


class T:
    """A text to be said: a catalogue key and what fills its places."""

    __slots__ = ("key", "params")

    def __init__(self, key: str, /, **params: Param) -> None:
        """Name the key; params fill the placeholders of its sentence."""
        self.key = key
        self.params: Mapping[str, Param] = params

    def __eq__(self, other: object) -> bool:
        """Two texts are equal when they would say the same."""
        return isinstance(other, T) and (self.key, self.params) == (other.key, other.params)

    def __hash__(self) -> int:
        """Hash by key: params may hold anything."""
        return hash(self.key)

    def __repr__(self) -> str:
        """Show the key and the params."""
        return f"T({self.key!r}, {dict(self.params)!r})"


@dataclass(frozen=True, slots=True)
class Lines:
    """Texts below each other; what is None or renders empty takes no line."""

    parts: tuple[Text | None, ...]
    between: str = "\n"


Param: TypeAlias = "str | int | bool | When | Cents | T | Lines | None"
Text: TypeAlias = "T | Lines"


def lines(*parts: Text | None) -> Lines:
    """Put texts below each other."""
    return Lines(parts)


def joined(parts: Sequence[Text | None], between: str) -> Lines:
    """Put texts in one line."""
    return Lines(tuple(parts), between)


def plain(words: str) -> T:
    """Words of a person, said as they are."""
    return T("plain", words=words)


class MediaKind(StrEnum):
    """Kinds of files people send."""

    PHOTO = "photo"
    VOICE = "voice"
    VIDEO = "video"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as its channel names it; bytes are fetched later."""

    kind: MediaKind
    file_id: str
    unique_id: str
    mime: str = ""
    size: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone number that came over a channel; `own` when the channel vouches that it is the sender's."""

    phone: str
    own: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """A point on the map, in degrees."""

    latitude: float
    longitude: float


class Happening(StrEnum):
    """What an event from a channel is, beside words."""

    MESSAGE = "message"
    EDITED = "edited"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    JOINED = "joined"  # the bot was added to a group
    MIGRATED = "migrated"  # a group got a new id, in `text`
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event from a person, the same for every channel."""

    channel: Channel
    account: str
    event_id: str
    sender: str  # who wrote: the channel's id of the person
    address: str  # where an answer goes: the private chat or the group
    happening: Happening = Happening.MESSAGE
    text: str = ""
    tap: str = ""
    tap_id: str = ""  # what a toast answers
    message_id: str = ""
    reply_to: str = ""  # provider's id of the message that this one answers
    group: str = ""  # the group's id when written there
    topic: str = ""
    anonymous: bool = False  # an admin who hides behind the group
    start: str = ""  # payload of a deep link
    contact: Contact | None = None
    location: Location | None = None
    media: tuple[Attachment, ...] = ()
    album: str = ""
    name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button, or a numbered line where there are no buttons."""

    label: T
    tap: str = ""  # a command with arguments; empty inside a form, where the engine fills it
    url: str = ""  # tel: links and the like, on channels that have them
    digit: str = ""  # the digit that stands for it where there are no buttons; empty = its position


class Keyboard(StrEnum):
    """Keyboards below the input field."""

    MENU = "menu"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Say:
    """One thing to say: a text, buttons in rows, files, the keyboard below."""

    text: Text
    choices: tuple[tuple[Choice, ...], ...] = ()
    keyboard: Keyboard | None = None
    media: tuple[int, ...] = ()  # ids of `services.media`


@dataclass(frozen=True, slots=True)
class Toast:
    """The short answer to a tap, shown once and never stored."""

    text: T
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """A form to begin by name, with answers that are known already."""

    form: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers: something to say, a form that follows, a toast for the tap."""

    say: Say | None = None
    then: Start | None = None
    toast: Toast | None = None
    prompt_id: int | None = None  # the question that `say` asks
    key: str = ""  # instead of the usual key: replies of the same key are said once
    again: int | None = None  # the question below, to be asked again after this
    locale: str = ""  # instead of the person's language so far
    words: str = ""  # to be taken now as if they had just been written, whatever danger they may hint at
    waits: bool = False  # the question that was answered stays open


def reply(text: Text, *rows: Sequence[Choice], keyboard: Keyboard | None = None, toast: T | None = None) -> Reply:
    """Build the usual reply: a text and rows of buttons."""
    shown = tuple(tuple(row) for row in rows if row)
    return Reply(say=Say(text, shown, keyboard), toast=Toast(toast) if toast else None)


def pairs(choices: Sequence[Choice], *, across: int = 2) -> tuple[tuple[Choice, ...], ...]:
    """Lay choices out in rows of so many."""
    return tuple(tuple(choices[i : i + across]) for i in range(0, len(choices), across))
