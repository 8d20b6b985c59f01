"""The real house without a server: people with handsets write, everything is worked and delivered until it is quiet."""

from __future__ import annotations

import asyncio
import html
import itertools
import math
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from sqlalchemy import select

from bot.channels.port import ChannelPort, Letter, Outcome, RawEvent, Sent
from bot.channels.sms.channel import InSms, SmsChannel
from bot.channels.sms.demo import DemoGateway
from bot.channels.sms.gateway import Caps
from bot.delivery import Delivery
from bot.delivery import Line as Route
from bot.delivery import Pace as DeliveryPace
from bot.intake import Intake
from bot.letters import Desk
from bot.metrics import Metrics
from bot.schedule import Schedule
from bot.work import Pace as WorkPace
from bot.work import Work
from handlers.turn import World
from services.clock import DeskClock
from services.db import Database, Session
from services.media import MediaStore
from services.messages import (
    Attachment,
    Channel,
    Contact,
    Happening,
    Inbound,
    Keyboard,
    Location,
    MediaKind,
)
from services.models import Event, Timer
from services.outbox import Account

START = datetime(2026, 4, 12, 1, 0, tzinfo=UTC)  # a Sunday, 9:00 in Shanghai
ACCOUNT = "main"
OWNER = "tests"
ACCOUNTS = {Channel.TELEGRAM: ACCOUNT, Channel.WEB: "web", Channel.SMS: ACCOUNT}
BETWEEN_EVENTS = timedelta(seconds=1)
_TAG = re.compile(r"</?b>")
KIND_NAMES = {MediaKind.PHOTO: "照片", MediaKind.VOICE: "语音", MediaKind.VIDEO: "视频", MediaKind.DOCUMENT: "文件"}


class Broken(AssertionError):
    """The house raised an exception of its own; tests that want this ask for it."""


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

    def button(self, label: str, *, old: bool = False) -> Button:
        """Return the newest button of that label, or the oldest there ever was."""
        if old:
            revisions: Iterator[Shown] = iter(self.log)
        else:
            standing = {id(shown) for shown in self.messages}
            revisions = (shown for shown in reversed(self.log) if id(shown) in standing)
        for shown in revisions:
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
        )
        handset.log.append(shown)
        return Sent(Outcome.ACCEPTED, provider_id=shown.id, parts=1)

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:
        """Show the short answer to a tap."""
        external = tap_id.partition("/")[0]
        self._screens.of(self.channel, external).log.append(Shown("", text, toast=True))

    async def fetch(self, file_id: str) -> bytes:
        """Return something for every file."""
        return file_id.encode()

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and from where: a private chat or phone, or in a group."""

    channel: Channel
    external: str
    name: str = ""
    group: str = ""
    anonymous: bool = False
    language: str = ""

    def within(self, group: str, *, anonymous: bool = False) -> Writer:
        """The same person, writing in a group."""
        return replace(self, group=group, anonymous=anonymous)

    @property
    def chat(self) -> str:
        """Where answers appear."""
        return self.group or self.external


def attachment(kind: MediaKind, name: str) -> Attachment:
    """Build a file as a channel names it."""
    return Attachment(kind, f"file-{name}", f"unique-{name}", mime="image/jpeg", size=1000)


class Line:
    """The house with fake channels; every call leaves it quiet."""

    def __init__(self, url: str, world: World, *, start: datetime = START) -> None:
        self._machine = start
        self._numbers = itertools.count(1)
        self._sms_numbers = itertools.count(1)
        self.db = Database(url, connections=4)
        self.world = world
        self.clock = DeskClock(machine=lambda: self._machine)
        self.screens = Screens()
        self.ports: dict[Channel, FakePort] = {
            channel: FakePort(channel, ACCOUNTS[channel], self.screens) for channel in (Channel.TELEGRAM, Channel.WEB)
        }
        self.sms = SmsChannel(ACCOUNT, DemoGateway(self.screens.text, Caps(max_parts=3)))
        metrics = Metrics()
        channels: list[ChannelPort] = [*self.ports.values(), self.sms]
        ports: dict[tuple[str, str], ChannelPort] = {(port.channel, port.account): port for port in channels}
        store = MediaStore(Path(tempfile.gettempdir()) / "ownerline-no-such-folder")
        self.intake = Intake(self.db, metrics)
        self.work = Work(self.db, ports, self.world, owner=OWNER, now=self.clock.now, pace=WorkPace(), metrics=metrics)
        self.delivery = Delivery(
            self.db,
            [Route(Account(port.channel, port.account), port) for port in channels],
            Desk(self.world, store, now=self.clock.now),
            owner=OWNER,
            now=self.clock.now,
            pace=DeliveryPace(),
            metrics=metrics,
        )
        self.schedule = Schedule(self.db, ports, self.world, store, now=self.clock.now, metrics=metrics)
        self._woken = {"inbox": True, "outbox": True}
        self.db.listen("inbox", lambda: self._woken.update(inbox=True))
        self.db.listen("outbox", lambda: self._woken.update(outbox=True))

    @property
    def now(self) -> datetime:
        """Desk time."""
        return self.clock.now()

    async def close(self) -> None:
        """Let go of the database."""
        await self.db.dispose()

    def screen(self, writer: Writer) -> Handset:
        """Return what the writer looks at."""
        return self.screens.of(writer.channel, writer.chat)

    async def write(
        self,
        writer: Writer,
        text: str = "",
        *,
        media: Sequence[Attachment] = (),
        album: str = "",
        contact: Contact | None = None,
        location: Location | None = None,
        start: str = "",
        reply_to: str = "",
        happening: Happening = Happening.MESSAGE,
    ) -> list[Shown]:
        """Send something and return what appears on the writer's screen."""
        if writer.channel is Channel.SMS:
            return await self._text(writer, text)
        inbound = self._blank(writer)
        return await self._arrive(
            writer,
            replace(
                inbound,
                text=text,
                media=tuple(media),
                album=album,
                contact=contact,
                location=location,
                start=start,
                reply_to=reply_to,
                happening=happening,
                message_id=f"in-{inbound.event_id}",
            ),
        )

    async def tap(self, writer: Writer, label: str, *, old: bool = False) -> list[Shown]:
        """Press a button by its label and return what appears; `old`: the first there ever was of that label."""
        return await self.press(writer, self.screen(writer).button(label, old=old).tap)

    async def press(self, writer: Writer, tap: str) -> list[Shown]:
        """Send a button's data."""
        inbound = self._blank(writer)
        tap_id = f"{writer.chat}/{inbound.event_id}"
        return await self._arrive(writer, replace(inbound, tap=tap, tap_id=tap_id))

    async def advance(self, span: timedelta) -> None:
        """Move the desk clock, walking through what falls due, each moment drained."""
        target = self.now + span
        while True:
            due = await self.schedule.next_timer()
            step = target if due is None or due > target else due
            await self._move(step)
            await self.schedule.timers()
            await self.drain()
            if step >= target:
                return

    def pass_time(self, span: timedelta) -> None:
        """Let time go by without anybody looking at what falls due."""
        self._machine += span

    async def drain(self) -> None:
        """Work and deliver until nothing moves any more."""
        while self._woken["inbox"] or self._woken["outbox"]:
            if self._woken["inbox"]:
                self._woken["inbox"] = False
                await self.work._once()
                await asyncio.gather(*self.work._busy, return_exceptions=True)
            if self._woken["outbox"]:
                self._woken["outbox"] = False
                await self.delivery._once()
                await self.delivery.land()
        await asyncio.gather(*self.work._toasts)
        await self._check()

    async def store(self, event: RawEvent) -> None:
        """Put a raw event into the inbox and leave it there."""
        self._machine += BETWEEN_EVENTS
        await self.intake.store(event)

    async def _text(self, writer: Writer, text: str) -> list[Shown]:
        message = InSms(f"sms-{next(self._sms_numbers)}", writer.external, "10690001", text, self.now)
        return await self._settled(writer, self.sms.event(message))

    async def _arrive(self, writer: Writer, inbound: Inbound) -> list[Shown]:
        return await self._settled(writer, self.ports[writer.channel].event(inbound))

    async def _settled(self, writer: Writer, event: RawEvent) -> list[Shown]:
        handset = self.screen(writer)
        before = len(handset.log)
        await self.store(event)
        await self.drain()
        return handset.log[before:]

    def inbound(self, writer: Writer, *, text: str) -> Inbound:
        """Return a message as it would come in, to be stored by hand."""
        return replace(self._blank(writer), text=text)

    def _blank(self, writer: Writer) -> Inbound:
        return Inbound(
            channel=writer.channel,
            account=ACCOUNTS[writer.channel],
            event_id=str(next(self._numbers)),
            sender=writer.external,
            address=writer.chat,
            group=writer.group,
            anonymous=writer.anonymous,
            name=writer.name,
            language=writer.language,
        )

    async def _move(self, to: datetime) -> None:
        seconds = max(0, math.ceil((to - self.now).total_seconds()))

        async def move(session: Session) -> None:
            await self.clock.advance(session, seconds)

        await self.db.run(move)

    async def _check(self) -> None:
        """See that neither an event nor a timer failed."""
        async with self.db.reading() as session:
            events = await session.scalars(select(Event.error).where(Event.error != ""))
            timers = await session.scalars(select(Timer.kind).where(Timer.tries > 0))
            wrong = [*events.all(), *(f"timer {kind}" for kind in timers.all())]
        if wrong:
            raise Broken("; ".join(wrong))
