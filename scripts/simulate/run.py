"""One run on one database: the days one by one, their time and memory, what must hold, the figures."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import func, select

from scripts.simulate import calling, delivery, estate, filing, hands, invariants, leads, words
from scripts.simulate.estate import ZONE
from scripts.simulate.stage import Stage
from services import catalog, migrate, reports
from services.db import Database
from services.models import Community
from services.reports import Kpis
from services.settings import Policies, Policy

FIRST = date(2026, 1, 1)
START = datetime.combine(FIRST, time(0), ZONE).astimezone(UTC)
MONTH = 30
MEGA = 1024 * 1024
Told = Callable[[int, float, float], object]
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Found:
    """What a run gave."""

    database: str
    days: int
    seconds: float
    cpu: float  # seconds of this process
    of_days: Sequence[float]  # seconds of each
    cpu_of_days: Sequence[float]
    checking: float  # seconds
    megabytes: Sequence[float]  # resident, at the end of each thirtieth day and of the last
    counts: Mapping[str, int]
    kpis: Kpis
    broken: Sequence[str]

    @property
    def ratio(self) -> float | None:
        """The time of the last thirty days, measured by that of the first thirty; None of a short run."""
        if self.days <= MONTH:
            return None
        return growth(self.of_days)

    @property
    def cpu_ratio(self) -> float | None:
        """The same of this process's time: what others do on the machine is not in it, nor a server's work."""
        return growth(self.cpu_of_days) if self.days > MONTH else None


def growth(of_days: Sequence[float]) -> float:
    """Return the mean of the last thirty days, measured by that of the first thirty."""
    return statistics.fmean(of_days[-MONTH:]) / statistics.fmean(of_days[:MONTH])


async def simulate(
    url: str,
    *,
    days: int,
    seed: int,
    share: float = 1.0,
    told: Told = lambda *_: None,
    more: timedelta = timedelta(),
) -> Found:
    """Act out so many days in an empty database, or a share of what they bring, and a part of one day more.

    `told` hears of each day its number, its seconds, the megabytes.
    """
    await asyncio.to_thread(migrate.ensure_current, url)
    db = Database(url)
    try:
        await _refuse_others(db)
        return await _acted(db, url, days, seed, share, told, more)
    finally:
        await db.dispose()


async def _refuse_others(db: Database) -> None:
    async with db.reading() as session:
        if await session.scalar(select(func.count()).select_from(Community)):
            raise SystemExit("the simulation wants an empty database: it fills it with people of its own")


async def _acted(db: Database, url: str, days: int, seed: int, share: float, told: Told, more: timedelta) -> Found:
    stage = await _stage(db, days + bool(more), seed, share)
    start, began, cpu_began = stage.now, perf_counter(), process_time()
    cpu_of_days = list[float]()
    of_days, checking, megabytes, broken = list[float](), 0.0, list[float](), list[str]()
    for number in range(1, days + 1):
        day_began, cpu = perf_counter(), process_time()
        await stage.run(start + timedelta(days=number))
        of_days.append(perf_counter() - day_began)
        cpu_of_days.append(process_time() - cpu)
        told(number, of_days[-1], _resident())
        if number % MONTH == 0 or number == days:
            megabytes.append(_resident())
            check_began = perf_counter()
            broken += await invariants.broken(db, now=stage.now, chains=number == days)
            checking += perf_counter() - check_began
    if more:
        await stage.run(start + timedelta(days=days) + more)
    async with db.reading() as session:
        kpis = await reports.kpis(session, community_id=stage.estate.house.id, start=start, end=stage.now)
    return Found(
        database=url.partition(":")[0],
        days=days,
        seconds=perf_counter() - began,
        cpu=process_time() - cpu_began,
        of_days=of_days,
        cpu_of_days=cpu_of_days,
        checking=checking,
        megabytes=megabytes,
        counts=dict(sorted(stage.counts.items())),
        kpis=kpis,
        broken=broken,
    )


async def _stage(db: Database, days: int, seed: int, share: float) -> Stage:
    dice, said = random.Random(seed), words.read()  # noqa: S311 - seeded dice, not secrets
    people = await estate.bring(db, said, dice, first=FIRST, days=days)
    stage = Stage(
        db=db,
        dice=dice,
        estate=people,
        words=said,
        catalog=catalog.load(None),
        policies=Policies(Policy()),
        now=START,
        follow=leads.follow,
        work=hands.work,
        drain=delivery.drain,
    )
    stage.plan(stage.now, partial(filing.begin_day, stage, share=share))
    calling.begin(stage)
    gc.collect()
    gc.freeze()  # what is here now stays
    return stage


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE / MEGA
