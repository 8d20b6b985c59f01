"""The real house without a server: people with handsets write, everything is worked and delivered until it is quiet."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import CompoundSelect, literal, select, union_all

from bot.channels.port import ChannelPort, RawEvent
from bot.channels.sms.channel import InSms, SmsChannel
from bot.channels.sms.demo import DemoGateway
from bot.channels.sms.gateway import Caps
from bot.delivery import Delivery
from bot.delivery import Line as Route
from bot.delivery import Pace as DeliveryPace
from bot.files import Files
from bot.intake import Intake
from bot.letters import Desk
from bot.metrics import Metrics
from bot.schedule import Schedule
from bot.work import Pace as WorkPace
from bot.work import Work
from handlers.turn import World
from services import direct
from services.clock import DeskClock
from services.db import Database, Session
from services.media import MediaStore
from services.messages import Attachment, Channel, Contact, Happening, Inbound, Location, MediaKind
from services.models import Event, Timer
from services.outbox import Account
from tests.support.handsets import FakePort, Handset, NoSuchButton, Screens, Shown

__all__ = ["ACCOUNT", "ACCOUNTS", "START", "Broken", "FakePort", "Line", "NoSuchButton", "Screens", "Shown", "Writer"]

START = datetime(2026, 4, 12, 1, 0, tzinfo=UTC)  # a Sunday, 9:00 in Shanghai
ACCOUNT = "main"
OWNER = "tests"
ACCOUNTS = {Channel.TELEGRAM: ACCOUNT, Channel.WEB: "web", Channel.SMS: ACCOUNT}
BETWEEN_EVENTS = timedelta(seconds=1)


class Broken(AssertionError):
    """The house raised an exception of its own; tests that want this ask for it."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and from where: a private chat or phone, or in a group."""

    channel: Channel
    external: str
    name: str = ""
    group: str = ""
    anonymous: bool = False
    language: str = ""
    topic: str = ""

    def within(self, group: str, *, topic: str = "", anonymous: bool = False) -> Writer:
        """The same person, writing in a group."""
        return replace(self, group=group, topic=topic, anonymous=anonymous)

    @property
    def chat(self) -> str:
        """Where answers appear."""
        return self.group or self.external


def table(name: str, content: bytes) -> tuple[Attachment, bytes]:
    """Build a table as an office program saves it; the bytes belong under its id into `FakePort.files`."""
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Attachment(MediaKind.DOCUMENT, f"file-{digest}", f"unique-{digest}", "text/csv", len(content), name), content


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
        store = MediaStore(Path(tempfile.gettempdir()) / "ownerline-files-of-tests")
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
        self.schedule = Schedule(self.db, ports, self.world, store, now=self.clock.now, metrics=metrics, owner=OWNER)
        uploads = Path(tempfile.gettempdir()) / "ownerline-uploads-of-tests"
        self.files = Files(self.db, ports, store, uploads, now=self.clock.now)
        self._woken = {"inbox": True, "outbox": True, "digests": False, "imports": False}
        self.db.listen("inbox", lambda: self._woken.update(inbox=True))
        self.db.listen("outbox", lambda: self._woken.update(outbox=True))
        self.db.listen("digests", lambda: self._woken.update(digests=True))
        self.db.listen("imports", lambda: self._woken.update(imports=True))

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
        return await self.press(writer, self.screen(writer).button(label, old=old, topic=writer.topic).tap)

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
                break
        await self.schedule.stranded()
        await self.drain()

    def pass_time(self, span: timedelta) -> None:
        """Let time go by without anybody looking at what falls due."""
        self._machine += span

    async def drain(self) -> None:
        """Work and deliver until nothing moves any more."""
        while any(self._woken.values()):
            if self._woken["inbox"]:
                self._woken["inbox"] = False
                await self.work._once()
                await asyncio.gather(*self.work._busy, return_exceptions=True)
            if self._woken["outbox"]:
                self._woken["outbox"] = False
                await self.delivery._once()
                await self.delivery.land()
            if self._woken["digests"]:
                self._woken["digests"] = False
                await self.schedule.digests.make_all()
            if self._woken["imports"]:
                self._woken["imports"] = False
                await self.files.fetch_some()
                await self.schedule.incoming.work_all()
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
            topic=writer.topic,
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
            wrong = (await direct.execute(session, _went_wrong(), {})).scalars().all()
        if wrong:
            raise Broken("; ".join(wrong))


@cache
def _went_wrong() -> CompoundSelect[*tuple[str]]:
    """Return what tells the errors, made once: it is asked after everything that anybody does."""
    timers = select(literal("timer ") + Timer.kind).where(Timer.tries > 0)
    return union_all(select(Event.error).where(Event.error != ""), timers)
