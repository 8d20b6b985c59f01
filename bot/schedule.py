"""The schedule: APScheduler only ticks; what is due lives in rows, and a tick is a service call in a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot import reaping
from bot.digests import Digests
from bot.incoming import Incoming
from bot.metrics import Metrics
from bot.work import Ports
from handlers import setaside
from handlers.turn import World
from services import delivered, due, inbox, retention, shifts, timers
from services.db import Database, Session, is_trouble
from services.digests import legalround
from services.dunning import rounds
from services.media import MediaStore
from services.money import balances
from services.outbox import Priority
from services.register import lease
from services.tickets import history, passing

log = structlog.get_logger(__name__)

WAITING_LONG = timedelta(seconds=10)
MOST_TIMERS = 200
SWEEP_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Tick:
    """Something done every so many seconds."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[None]]
    at_once: int = 1


class Schedule:
    """Ticks for timers, leases, danger words that wait, seals, retention and figures."""

    def __init__(
        self,
        db: Database,
        ports: Ports,
        world: World,
        store: MediaStore,
        *,
        now: Callable[[], datetime],
        metrics: Metrics,
        owner: str,
    ) -> None:
        """Take the world; nothing ticks before `run`."""
        self._store = store
        self.digests = Digests(db, world, store, now=now)
        self.incoming = Incoming(db, world, store, owner=owner, now=now)
        self._ticking: set[asyncio.Future[None]] = set()
        self._db, self._ports, self._world, self._now, self._metrics = db, ports, world, now, metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until told to stop."""
        scheduler = AsyncIOScheduler(timezone=UTC)
        for tick in self._ticks():
            scheduler.add_job(
                self._safely,
                IntervalTrigger(seconds=tick.seconds, timezone=UTC),
                args=(tick,),
                id=tick.name,
                coalesce=True,
                max_instances=tick.at_once,
                misfire_grace_time=None,
                next_run_time=datetime.now(UTC),
            )
        scheduler.start()
        await stop.wait()
        scheduler.pause()
        if self._ticking:  # a tick is a transaction: it is let to its end
            await asyncio.wait(self._ticking)
        scheduler.shutdown(wait=False)

    def _ticks(self) -> Sequence[Tick]:
        return (
            Tick("timers", 1, self.timers),
            Tick("leases", 5, self.leases),
            Tick("danger", 2, self.danger),
            Tick("seal", 60, self.seal),
            Tick("stranded", 60, self.stranded),
            Tick("retention", 3600, self.retention),
            Tick("figures", 10, self.figures),
            Tick("rounds", 600, self.digests.begin),
            Tick("balances", 3600, self.balances),
            Tick("register", 600, self.register),
            Tick("dunning", 600, self.dunning),
            Tick("digests", 1, self.digests.make_all, at_once=2),
            Tick("imports", 1, self.incoming.work_all, at_once=2),
        )

    async def _safely(self, tick: Tick) -> None:
        """Do a tick; whatever goes wrong is logged, and the next one comes."""
        task = asyncio.ensure_future(tick.work())
        self._ticking.add(task)
        task.add_done_callback(self._ticking.discard)
        try:
            await asyncio.shield(task)
        except Exception as error:
            if is_trouble(error):
                log.warning("a tick found the database in trouble", tick=tick.name, why=type(error).__name__)
            else:
                log.exception("a tick failed", tick=tick.name)

    async def timers(self) -> None:
        """Do what is due, earliest first, each in a transaction of its own."""
        for _ in range(MOST_TIMERS):
            if not await self._one_timer(self._now()):
                return

    async def _one_timer(self, now: datetime) -> bool:
        """Work one timer; False when none is due. One that fails is tried again later, then given up."""
        taken: list[int] = []

        async def work(session: Session) -> bool:
            timer = await due.take(session, now=now)
            if timer is None:
                return False
            taken[:] = [timer.id]
            await due.work(session, timer, now=now, policies=self._world.policies)
            return True

        try:
            return await self._db.run(work)
        except Exception as error:
            if is_trouble(error) or not taken:
                raise
            log.exception("a timer failed", timer=taken[0])
        await self._db.run(lambda session: timers.failed(session, timer_id=taken[0], now=now))
        return True

    async def balances(self) -> None:
        """See that prepaid balances are looked at."""
        await self._db.run(lambda session: balances.begin(session, now=self._now()))

    async def next_timer(self) -> datetime | None:
        """Return when the next timer is due."""
        async with self._db.reading() as session:
            return await timers.next_at(session)

    async def leases(self) -> None:
        """Return what dead workers and senders left."""
        await self._db.run(lambda session: reaping.reap(session, self._ports, now=self._now()))

    async def danger(self) -> None:
        """Read what waits behind others for danger words."""

        async def check(session: Session) -> None:
            waiting = await inbox.waiting_long(session, longer_than=WAITING_LONG)
            for event in waiting:
                message = reaping.read(event, self._ports)
                if message is not None:
                    await setaside.page_if_danger(session, message, now=self._now())
            if waiting:
                await inbox.mark_checked(session, [event.id for event in waiting])

        await self._db.run(check)

    async def seal(self) -> None:
        """Seal the heads of the chains that grew."""
        await self._db.run(lambda session: history.seal(session, now=self._now()))

    async def stranded(self) -> None:
        """Let the work of those who have left or can't be reached go on, each in a transaction of its own."""
        async with self._db.reading() as session:
            found = await passing.stranded(session)
        for staff_id in found:
            await self._db.run(partial(self._rescue, staff_id))

    async def _rescue(self, staff_id: int, session: Session) -> None:
        await shifts.rescue(session, staff_id=staff_id, now=self._now(), policies=self._world.policies)

    async def register(self) -> None:
        """See that leases that end soon are watched, however they came into the register."""
        policies = self._world.policies
        while await self._db.run(lambda session: lease.watch(session, now=self._now(), policies=policies)):
            pass

    async def dunning(self) -> None:
        """See that every community's round over those who owe is set, and the next summary of the legal list."""
        now, policies = self._now(), self._world.policies
        await self._db.run(lambda session: rounds.begin(session, now=now, policies=policies))
        await self._db.run(lambda session: legalround.begin(session, now=now, policies=policies))

    async def retention(self) -> None:
        """Sweep in small chunks until nothing is left to sweep."""
        async with self._db.reading() as session:
            keep = (await self._world.policies.of(session, None)).retention
        while True:
            swept = await self._db.run(
                lambda session: retention.sweep(session, keep, now=self._now(), limit=SWEEP_CHUNK)
            )
            if not swept.more:
                break
        await self._forget_files()

    async def _forget_files(self) -> None:
        """Remove the bytes of erased files, then note that they are gone."""
        async with self._db.reading() as session:
            digests = await retention.files_to_remove(session, limit=SWEEP_CHUNK)
        for digest in digests:
            await asyncio.to_thread(self._store.remove, digest)
        if digests:
            await self._db.run(lambda session: retention.files_removed(session, digests))

    async def figures(self) -> None:
        """Tell the gauges how much waits and since when."""
        async with self._db.reading() as session:
            count, since = await inbox.depth(session)
            waiting = {priority: (number, at) for priority, number, at in await delivered.oldest(session)}
        self._metrics.queue("inbox", waiting=count, oldest=since, now=datetime.now(UTC))
        for priority in Priority:
            number, at = waiting.get(priority, (0, None))
            self._metrics.queue(f"outbox_{priority.name.lower()}", waiting=number, oldest=at, now=self._now())
