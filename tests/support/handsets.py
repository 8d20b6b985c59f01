"""What people look at: handsets that keep every message, button and change, and the fake channel that fills them."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import orjson

from bot.channels.port import Letter, Outcome, RawEvent, Sent
from services.messages import Attachment, Channel, Contact, Happening, Inbound, Keyboard, Location, MediaKind

KIND_NAMES = {MediaKind.PHOTO: "照片", MediaKind.VOICE: "语音", MediaKind.VIDEO: "视频", MediaKind.DOCUMENT: "文件"}
_TAG = re.compile(r"</?b>")


class NoSuchButton(AssertionError):
    """Nothing on the screen bears that label."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button as it was shown."""

    label: str
    tap: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One revision of a message on a screen; `changes` holds the revision before it."""

    id: str
    text: str
    rows: tuple[tuple[Button, ...], ...] = ()
    files: tuple[str, ...] = ()
    keyboard: Keyboard | None = None
    changes: Shown | None = None
    toast: bool = False
    topic: str = ""

    def lines(self) -> list[str]:
        """Write it as a reader sees it: words, files, rows of buttons."""
        found = html.unescape(_TAG.sub("", self.text)).rstrip().split("\n")
        found += [f"（{name}）" for name in self.files]
        found += [" ".join(f"[{button.label}]" for button in row) for row in self.rows]
        return found


@dataclass(slots=True)
class Handset:
    """What one chat, phone or page shows."""

    channel: Channel
    external: str
    log: list[Shown] = field(default_factory=list)
    read: int = 0

    def news(self) -> list[Shown]:
        """Return what appeared since the last look."""
        found, self.read = self.log[self.read :], len(self.log)
        return found

    @property
    def messages(self) -> list[Shown]:
        """The messages as they stand now, in the order they first came."""
        standing: dict[str, Shown] = {}
        for shown in self.log:
            if not shown.toast:
                standing[shown.id] = shown
        return list(standing.values())

    def button(self, label: str, *, old: bool = False, topic: str = "") -> Button:
        """Return the newest button of that label (in a topic), or the oldest there ever was."""
        if old:
            revisions: Iterator[Shown] = iter(self.log)
        else:
            standing = {id(shown) for shown in self.messages}
            revisions = (shown for shown in reversed(self.log) if id(shown) in standing)
        for shown in revisions:
            if shown.topic != topic:
                continue
            for row in shown.rows:
                for button in row:
                    if button.label == label:
                        return button
        there = [b.label for shown in self.messages for row in shown.rows for b in row]
        raise NoSuchButton(f"[{label}] is not on the screen of {self.external}; there are {there}")


class Screens:
    """All handsets, by channel and the channel's id."""

    def __init__(self) -> None:
        self._all: dict[tuple[Channel, str], Handset] = {}

    def of(self, channel: Channel, external: str) -> Handset:
        """Return a handset; a new one is empty."""
        return self._all.setdefault((channel, external), Handset(channel, external))

    async def text(self, number: str, text: str, message_id: str) -> None:
        """Put a text message on a phone."""
        self.of(Channel.SMS, number).log.append(Shown(message_id, text))


class FakePort:
    """A chat channel that shows letters on handsets, with buttons, files and edits."""

    slots = 16
    edits = True

    def __init__(self, channel: Channel, account: str, screens: Screens) -> None:
        self.channel, self.account, self._screens = channel, account, screens
        self._ids = itertools.count(1)
        self.files: dict[str, bytes] = {}  # what people sent, where it matters
        self.refuses: dict[str, Sent] = {}  # external → how the next letters to it end

    def event(self, inbound: Inbound) -> RawEvent:
        """Write an event down as it is stored."""
        lane = f"{self.channel}:{self.account}:{inbound.group}:{inbound.sender}"
        payload = orjson.dumps(asdict(inbound)).decode()
        return RawEvent(self.channel, self.account, inbound.event_id, lane, payload)

    def read(self, payload: str) -> Inbound:
        """Read the event back."""
        data = orjson.loads(payload)
        data["channel"], data["happening"] = Channel(data["channel"]), Happening(data["happening"])
        data["media"] = tuple(Attachment(**{**file, "kind": MediaKind(file["kind"])}) for file in data["media"])
        data["contact"] = Contact(**data["contact"]) if data["contact"] else None
        data["location"] = Location(**data["location"]) if data["location"] else None
        return Inbound(**data)

    async def send(self, letter: Letter) -> Sent:
        """Show a letter, or change the message that it edits."""
        if letter.to in self.refuses:
            return self.refuses[letter.to]
        handset = self._screens.of(self.channel, letter.to)
        before = next((shown for shown in handset.messages if shown.id == letter.edit), None)
        shown = Shown(
            letter.edit or str(next(self._ids)),
            letter.texts.say(letter.say.text, letter.reader),
            tuple(
                tuple(Button(letter.texts.say(c.label, letter.reader), c.tap) for c in row)
                for row in letter.say.choices
            ),
            tuple(KIND_NAMES[file.kind] for file in letter.files),
            letter.say.keyboard,
            before,
            topic=before.topic if before else letter.topic,
        )
        handset.log.append(shown)
        return Sent(Outcome.ACCEPTED, provider_id=shown.id, parts=1)

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:
        """Show the short answer to a tap."""
        external = tap_id.partition("/")[0]
        self._screens.of(self.channel, external).log.append(Shown("", text, toast=True))

    async def fetch(self, file_id: str) -> bytes:
        """Return what was sent, or something."""
        return self.files.get(file_id, file_id.encode())

    async def close(self) -> None:
        """Nothing is held."""
