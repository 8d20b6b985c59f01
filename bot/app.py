"""The composition root: builds the house from its settings and keeps its loops running until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from bot import logs, paying, reaping, website
from bot.channels.port import ChannelPort
from bot.channels.sms.channel import SmsChannel
from bot.channels.sms.demo import DemoGateway
from bot.channels.sms.gateway import Caps
from bot.channels.web import Pages, WebChannel
from bot.delivery import Delivery, Line
from bot.delivery import Pace as DeliveryPace
from bot.files import Files
from bot.intake import Intake
from bot.letters import Desk
from bot.metrics import Metrics
from bot.schedule import Schedule
from bot.settings import Settings, web_secret
from bot.web import desksign
from bot.web.lab import DemoPhones
from bot.web.parts import Persona
from bot.work import Pace as WorkPace
from bot.work import Ports, Work
from handlers.turn import World
from services import catalog, leases, outbox, questions
from services.buckets import Limit
from services.clock import DeskClock
from services.db import Database, Session
from services.dunning import steps
from services.media import MediaStore
from services.messages import T
from services.outbox import Account, Pace
from services.settings import Policies
from services.texts import Texts
from services.understanding.normalise import simplifier
from services.understanding.reading import Reader

if TYPE_CHECKING:
    from bot.channels.telegram.channel import TelegramChannel

log = structlog.get_logger(__name__)

MENU = (
    T("menu.repair"),
    T("menu.mine"),
    T("menu.fees"),
    T("menu.notices"),
    T("menu.complaint"),
    T("menu.person"),
)


def machine() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def world_of(settings: Settings) -> World:
    """Build what does not change from turn to turn."""
    categories = catalog.load(settings.catalog_file())
    steps.of(settings.dunning.file)  # a file that can't be read stops us here
    return World(
        texts=Texts.load(),
        catalog=categories,
        questions=questions.load(settings.questions_file()),
        reader=Reader(categories),
        policies=Policies(settings.policy()),
        simplify=simplifier(),
        zone=ZoneInfo(settings.community.zone),
        region=settings.sms.region,
        desk_link=lambda token: desksign.address(settings.web, web_secret(settings), token),
    )


@dataclass(slots=True)
class House:
    """Everything that runs, wired together."""

    settings: Settings
    db: Database
    world: World
    clock: DeskClock
    metrics: Metrics
    pages: Pages
    intake: Intake
    lines: list[Line]
    work: Work
    delivery: Delivery
    schedule: Schedule
    files: Files
    telegram: TelegramChannel | None
    owner: str
    ports: Ports
    running: dict[str, asyncio.Task[None]]

    async def loops(self) -> Sequence[tuple[str, bool]]:
        """Say which loops are alive."""
        return [(name, not task.done()) for name, task in self.running.items()]

    async def advance(self, seconds: int) -> datetime:
        """Move the demo's clock, walking through the due moments in order, each one drained."""
        target = self.clock.now() + timedelta(seconds=seconds)
        while True:
            due = await self.schedule.next_timer()
            step = target if due is None or due > target else due
            ahead = int((step - self.clock.now()).total_seconds()) + 1
            await self._move(max(0, ahead))
            await self.schedule.timers()
            await self.schedule.digests.make_all()
            await self._quiet()
            if step >= target:
                return self.clock.now()

    async def _move(self, seconds: int) -> None:
        async def move(session: Session) -> None:
            await self.clock.advance(session, seconds)

        await self.db.run(move)

    async def _quiet(self) -> None:
        """Let what was just said leave before the clock moves on."""
        self.db.wake("outbox")
        for _ in range(200):
            async with self.db.reading() as session:
                if not await outbox.leaving(session, desk_now=self.clock.now()):
                    return
            await asyncio.sleep(0.02)


def build(settings: Settings, *, db: Database, clock: DeskClock) -> House:
    """Wire the house together; nothing runs yet."""
    world, metrics, pages = world_of(settings), Metrics(), Pages()
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    media = Path(settings.media.folder)
    store, ports = MediaStore(media, page=settings.web.public_url), dict[tuple[str, str], ChannelPort]()
    files = Files(db, ports, store, media / "uploads", now=clock.now)
    telegram = _telegram(settings) if settings.telegram.enabled else None
    channels = [*_own_channels(settings, db, pages, files, clock), *([telegram] if telegram else [])]
    ports.update({(channel.channel, channel.account): channel for channel in channels})
    lines = [Line(_account(channel, settings), channel) for channel in channels]
    work = Work(db, ports, world, owner=owner, now=clock.now, pace=_work_pace(settings), metrics=metrics)
    desk, pace = Desk(world, store, now=clock.now), _delivery_pace(settings)
    return House(
        settings=settings,
        db=db,
        world=world,
        clock=clock,
        metrics=metrics,
        pages=pages,
        intake=Intake(db, metrics, work),
        lines=lines,
        work=work,
        delivery=Delivery(db, lines, desk, owner=owner, now=clock.now, pace=pace, metrics=metrics),
        schedule=Schedule(db, ports, world, store, now=clock.now, metrics=metrics, owner=owner),
        files=files,
        telegram=telegram,
        owner=owner,
        ports=ports,
        running={},
    )


def _telegram(settings: Settings) -> TelegramChannel:
    from bot import telegram_line  # noqa: PLC0415 - its library is heavy, and many estates have no bot

    return telegram_line.build(settings.telegram)


def _hooks(house: House) -> Sequence[web.RouteDef]:
    """Return the routes by which providers call us."""
    return (*_paying(house), *_telegram_hook(house))


def _paying(house: House) -> Sequence[web.RouteDef]:
    secret = house.settings.provider.webhook_secret.get_secret_value()
    if not secret:
        return ()
    tolerance = timedelta(seconds=house.settings.provider.tolerance_seconds)
    receive = paying.receiver(house.db, secret=secret, tolerance=tolerance, machine=machine, now=house.clock.now)
    return (web.post(paying.PATH, receive),)


def _telegram_hook(house: House) -> Sequence[web.RouteDef]:
    if house.telegram is None or house.settings.telegram.mode != "webhook":
        return ()
    from bot import telegram_line  # noqa: PLC0415 - see above

    return (telegram_line.route(house.telegram, house.settings.telegram, house.intake),)


def _own_channels(
    settings: Settings, db: Database, pages: Pages, files: Files, clock: DeskClock
) -> Sequence[ChannelPort]:
    """Build the channels that need nobody outside: the page, and the demo's text messages."""
    page = WebChannel(db=db, pages=pages, menu=MENU, bytes_of=files.bytes_of)
    if not settings.sms.enabled:
        return [page]
    phones = DemoPhones(db, pages, account=settings.sms.account, now=clock.now)
    gateway = DemoGateway(phones.deliver, Caps(max_parts=settings.sms.max_parts))
    return [page, SmsChannel(settings.sms.account, gateway, region=settings.sms.region)]


def _account(channel: ChannelPort, settings: Settings) -> Account:
    """Say how fast a channel account may send."""
    delivery = settings.delivery
    if channel.channel == "telegram":
        limit = Limit(delivery.telegram_per_second, max(1, int(delivery.telegram_per_second)), delivery.reserve)
        return Account("telegram", channel.account, limit, Pace.per_group(delivery.group_per_minute))
    if channel.channel == "sms":
        return Account("sms", channel.account, Limit(delivery.sms_per_second, 10, 2))
    return Account(channel.channel, channel.account)


def _work_pace(settings: Settings) -> WorkPace:
    work = settings.work
    return WorkPace(work.concurrency, work.shared_turns, timedelta(seconds=work.lease_seconds), work.poll_seconds)


def _delivery_pace(settings: Settings) -> DeliveryPace:
    delivery = settings.delivery
    return DeliveryPace(
        timedelta(seconds=delivery.lease_seconds),
        delivery.poll_seconds,
        delivery.attempts,
        delivery.backoff_first_seconds,
        delivery.backoff_most_seconds,
    )


async def serve(
    settings: Settings,
    *,
    personas: tuple[Persona, ...] = (),
    stop: asyncio.Event | None = None,
    hand: Callable[[], datetime] = machine,
) -> None:
    """Serve until told to stop: loops, pages, channels; then end in good order. Personas open the lab.

    `hand` tells the machine's time.
    """
    logs.configure(settings.log.level, settings.log.format)
    stop = stop or asyncio.Event()
    db = Database(settings.database_url(), connections=settings.database.connections)
    clock = DeskClock(machine=hand)
    try:
        async with db.reading() as session:
            await clock.load(session)
        house = build(settings, db=db, clock=clock)
        await _wake_up(house)
        async with website.opened(house, personas=personas, hooks=_hooks(house)):
            _settle_down()
            log.info("serving", web=f"{settings.web.host}:{settings.web.port}", telegram=settings.telegram.enabled)
            await _run(house, stop)
    finally:
        await db.dispose()


async def _wake_up(house: House) -> None:
    """On SQLite, where we are the only process, void what an earlier one held."""
    if not house.db.is_sqlite:
        return

    async def void(session: Session) -> None:
        await reaping.reap(session, house.ports, now=house.clock.now(), all_leases=True)
        await leases.void_all(session)

    await house.db.run(void)


def _settle_down() -> None:
    """Leave what is there for good out of garbage collection: going through it all stops every turn for a while."""
    gc.collect()
    gc.freeze()


async def _run(house: House, stop: asyncio.Event) -> None:
    """Run the loops; one that dies ends them all, and the process with an error."""
    house.running = {name: asyncio.create_task(work, name=name) for name, work in _loops(house, stop)}
    tasks = list(house.running.values())
    ended = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.gather(*tasks)
        for task in done:
            task.result()
    finally:
        ended.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ended
        await house.intake.settle()
        for line in house.lines:
            await line.port.close()


def _loops(house: House, stop: asyncio.Event) -> Sequence[tuple[str, Coroutine[Any, Any, None]]]:
    loops: list[tuple[str, Coroutine[Any, Any, None]]] = [
        ("work", house.work.run(stop)),
        ("delivery", house.delivery.run(stop)),
        ("schedule", house.schedule.run(stop)),
        ("files", house.files.run(stop)),
    ]
    if house.telegram is not None:
        from bot import telegram_line  # noqa: PLC0415 - see above

        line = telegram_line.Telegram(
            house.telegram, house.settings.telegram, house.db, house.intake, house.world.texts, house.owner
        )
        loops.append(("telegram", telegram_line.run(line, stop)))
    return loops
