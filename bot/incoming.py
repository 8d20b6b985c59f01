"""Files that employees send: looked at, told of and, once somebody said yes, applied; one replica at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot import importing
from bot.importing import Importer, Table
from handlers.turn import World
from services import actors, houses, leases
from services.access import Deed
from services.actors import House
from services.db import Database, is_trouble
from services.imports import arrivals, jobs, report
from services.imports.arrivals import Arrival
from services.imports.jobs import Bad, Wish
from services.imports.sheets import NoTableError
from services.media import Made, MediaStore
from services.messages import Channel, MediaKind, T, Text, plain
from services.models import ImportJob
from services.outbox import To
from services.texts import Reader

log = structlog.get_logger(__name__)

ROLE = "imports"
LEASE = timedelta(minutes=10)
MOST_AT_ONCE = 20
MIME = "application/octet-stream"  # a workbook's own type is longer than the column for it


class Incoming:
    """What was sent, one file after the other."""

    def __init__(
        self, db: Database, world: World, store: MediaStore, *, owner: str, now: Callable[[], datetime]
    ) -> None:
        """Take the world; nothing is looked at before `work_all`."""
        self._db, self._world, self._store, self._owner, self._now = db, world, store, owner, now
        self._importer = Importer(db, now=now)
        self._busy = False

    async def work_all(self) -> None:
        """Look at what came, apply what may be applied, forget what was dropped, unless that is under way."""
        if self._busy:  # a large file takes longer than the time between two ticks
            return
        self._busy = True
        try:
            if await self._waits() and await self._hold():
                await self._work()
                await self._db.run(partial(leases.release, role=ROLE, owner=self._owner))
        finally:
            self._busy = False

    async def _waits(self) -> bool:
        async with self._db.reading() as session:
            return bool(
                await arrivals.next_wanted(session)
                or await arrivals.under_way(session)
                or await arrivals.forgotten(session, now=self._now())
            )

    async def _hold(self) -> bool:
        return await self._db.run(partial(leases.hold, role=ROLE, owner=self._owner, lease=LEASE))

    async def _work(self) -> None:
        for _ in range(MOST_AT_ONCE):
            async with self._db.reading() as session:
                arrival = await arrivals.next_wanted(session)
            if arrival is None or not await self._hold():
                break
            await self._look(arrival)
        async with self._db.reading() as session:
            applying = await arrivals.under_way(session)
            dropped = await arrivals.forgotten(session, now=self._now())
        for job in applying:
            if await self._hold():
                await self._apply(job)
        for job_id in dropped:
            await self._db.run(partial(arrivals.let_go, job_id=job_id))
            await self._importer.sweep(job_id)

    async def _look(self, arrival: Arrival) -> None:
        """Look at a file; whatever is wrong with it, whoever sent it hears so."""
        try:
            async with self._db.reading() as session:
                house = await houses.by_id(session, community_id=arrival.community_id)
            table = await self._read(arrival, house)
            if table is not None:
                await self._check(arrival, table, house)
        except Exception as error:
            if is_trouble(error):
                raise
            log.exception("a file could not be looked at", job=arrival.id)
            await self._unreadable(arrival, T("import.why.broken"))

    async def _read(self, arrival: Arrival, house: House) -> Table | None:
        if not arrival.sha256:
            await self._unreadable(arrival, T("import.why.not_fetched"))
            return None
        raw = await asyncio.to_thread(self._store.get, arrival.sha256)
        understand = partial(importing.understood, raw, kind=arrival.kind, house=house, region=self._world.region)
        try:
            return await asyncio.to_thread(understand)
        except NoTableError as error:
            why, _, lacking = str(error).partition(":")
        if why == "kind":
            await self._db.run(partial(arrivals.ask_kind, arrival=arrival, now=self._now()))
        else:
            text = T("import.why.header", columns=plain(lacking.strip())) if lacking else T(f"import.why.{why}")
            await self._unreadable(arrival, text)
        return None

    async def _unreadable(self, arrival: Arrival, why: Text) -> None:
        text = T("import.unreadable", name=plain(arrival.name), why=why)
        await self._db.run(partial(arrivals.unreadable, arrival=arrival, text=text, now=self._now()))

    async def _check(self, arrival: Arrival, table: Table, house: House) -> None:
        actor = actors.system(ROLE, Deed.IMPORT, house=house)
        wish = Wish(house.id, table.kind, arrival.name, arrival.sha256, arrival.at, arrival.by_id)
        job = await self._importer.check(actor, wish, table, house=house)
        async with self._db.reading() as session:
            bad = await jobs.problems(session, job_id=job.id)
            to = await arrivals.reader(session, address_id=arrival.address_id)
        made = await asyncio.to_thread(self._marked, job, table, bad, house, to) if bad and to else None
        told = partial(arrivals.looked_at, arrival=arrival, job_id=job.id, text=report.text(job, bad), made=made)
        await self._db.run(partial(told, now=self._now()))

    def _marked(self, job: ImportJob, table: Table, bad: Sequence[Bad], house: House, to: To) -> Made:
        """Write the file anew with its problems, in a thread of its own; the bytes go into the store."""
        locale = to.locale or house.locale
        reader = Reader(locale, house.zone, self._now(), Channel.CONSOLE)
        written = report.annotated(
            [sheet for sheet, _ in table.sheets], bad, say=lambda text: self._world.texts.say(text, reader)
        )
        name = f"{job.name.rpartition('.')[0] or job.name}-{job.bad}.xlsx"
        return Made(name, MediaKind.DOCUMENT, MIME, self._store.put(written), len(written))

    async def _apply(self, job: ImportJob) -> None:
        async with self._db.reading() as session:
            house = await houses.by_id(session, community_id=job.community_id)
        await self._importer.apply(job, house=house)
        await self._db.run(partial(arrivals.ended, job_id=job.id, now=self._now()))
