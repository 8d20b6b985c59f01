"""Files on their way in: read in a thread, staged and applied in short transactions sized by how long they take."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from services.actors import Actor, House
from services.db import Database, Session
from services.imports import columns, headers, jobs, known, lines, sheets
from services.imports.cells import Reader, written
from services.imports.columns import Kind
from services.imports.jobs import Wish
from services.imports.known import Known
from services.imports.lines import Form, Line
from services.imports.sheets import NoTableError, Sheet
from services.models import ImportJob

R = TypeVar("R")

AIM_SECONDS = 0.04  # of a transaction: others wait for the writer meanwhile
FIRST, LEAST, MOST = 40, 40, 1_000  # rows in one; fewer cost more in all than they spare those who wait
SWEPT = 500

Progress = Callable[[int, int], None]


def nobody_looks(done: int, whole: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was understood: what it is of, and its sheets with their headers."""

    kind: Kind
    sheets: Sequence[tuple[Sheet, Form]]

    @property
    def rows(self) -> int:
        """Give about how many rows there are."""
        return sum(sheet.height for sheet, _ in self.sheets)

    def lines(self) -> Iterator[Line]:
        """Yield the lines of all sheets."""
        for sheet, form in self.sheets:
            yield from lines.read(sheet, form)


def understood(raw: bytes, *, kind: Kind | None, house: House, region: str) -> Table:
    """Read a file's sheets and headers; raises `NoTableError` with why it is no such file."""
    words = columns.shipped()
    found = sheets.read(raw)
    tops = [[[written(cell) for cell in row] for row in sheet.top(headers.LOOKED_THROUGH + 1)] for sheet in found]
    kind = kind or next((told for top in tops if (told := headers.kind_of(top, words)) is not None), None)
    if kind is None:
        raise NoTableError("kind")
    reader = Reader(words, house.zone, region)
    fitting = []
    lacking: list[str] = []
    for sheet, top in zip(found, tops, strict=True):
        header = headers.find(top, kind, words)
        lacks = header.lacks(words.sorts[kind].needs) if header is not None else list(words.sorts[kind].needs)
        if header is not None and not lacks:
            fitting.append((sheet, Form(kind, header, reader)))
        elif not lacking:
            lacking = [words.label(name) for name in lacks]
    if not fitting:
        raise NoTableError("header:" + ", ".join(lacking))
    return Table(kind, fitting)


class Importer:
    """Brings files in, one step a transaction."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        """Keep what every file needs."""
        self._db = db
        self._now = now
        self.took: list[float] = []  # seconds of each transaction that wrote rows

    async def check(
        self, actor: Actor, wish: Wish, table: Table, *, house: House, progress: Progress = nobody_looks
    ) -> ImportJob:
        """Stage a file and check every row of it; nothing else is written."""
        wish = replace(wish, kind=table.kind)
        now = self._now()
        job_id = await self._db.run(partial(_begun, actor=actor, wish=wish, now=now))
        about = await self._about(wish, house)
        rows, count, size = table.lines(), 0, FIRST
        while some := await asyncio.to_thread(_some, rows, size):
            async with self._db.reading() as session:  # checked once: what the file named before is remembered
                await jobs.check(session, some, about)
            seconds = await self._timed(partial(jobs.stage, job_id=job_id, first=count + 1, lines=some))
            count, size = count + len(some), _next(size, seconds)
            progress(count, table.rows)
        return await self._db.run(partial(jobs.staged, job_id=job_id))

    async def apply(self, job: ImportJob, *, house: House, progress: Progress = nobody_looks) -> None:
        """Apply a file that may be applied, from where it stopped; then take its staged rows away."""
        wish = Wish(job.community_id, Kind(job.kind), job.name, job.digest, job.as_of)
        about = await self._about(wish, house)
        done, size = job.after_row, FIRST
        while True:
            begun = time.perf_counter()
            work = partial(jobs.apply_next, job_id=job.id, known=about, limit=size, now=self._now())
            took = await self._db.run(work)
            seconds = time.perf_counter() - begun
            self.took.append(seconds)
            done += took
            progress(done, job.rows)
            if took < size:
                break
            size = _next(size, seconds)
        await self.sweep(job.id)

    async def sweep(self, job_id: int) -> None:
        """Take the staged rows of a file away."""
        while await self._db.run(partial(jobs.sweep, job_id=job_id, limit=SWEPT)):
            pass

    async def _about(self, wish: Wish, house: House) -> Known:
        today = self._now().astimezone(house.zone).date()
        async with self._db.reading() as session:
            return await known.load(
                session, community_id=wish.community_id, kind=wish.kind, today=today, as_of=wish.as_of
            )

    async def _timed(self, work: Callable[[Session], Awaitable[Any]]) -> float:
        begun = time.perf_counter()
        await self._db.run(work)
        seconds = time.perf_counter() - begun
        self.took.append(seconds)
        return seconds


def _next(size: int, seconds: float) -> int:
    """Return how many rows come next so that a transaction takes about as long as it may."""
    return max(LEAST, min(MOST, int(size * min(1.5, AIM_SECONDS / seconds))))


def digest_of(raw: bytes) -> str:
    """Return what tells a file from others."""
    return hashlib.sha256(raw).hexdigest()


async def _begun(session: Session, *, actor: Actor, wish: Wish, now: datetime) -> int:
    return (await jobs.begin(session, actor, wish=wish, now=now)).id


def _some(rows: Iterator[Line], size: int) -> list[Line]:
    return list(islice(rows, size))
