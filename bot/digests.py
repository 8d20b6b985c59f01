"""Makes digests and sheets: looks up in a session that only reads, draws in a thread, then says it in a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import structlog

from handlers.turn import World
from services.db import Database, Session, is_trouble
from services.digests import books, charts, court, drawing, jobs, letterpaper, making, rounds
from services.digests.jobs import Ready
from services.digests.making import Made, Wanted
from services.digests.pages import Page
from services.media import Made as File
from services.media import MediaStore
from services.messages import Channel, MediaKind, Text
from services.texts import Reader

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 100


class Digests:
    """What is wanted, one after the other."""

    def __init__(self, db: Database, world: World, store: MediaStore, *, now: Callable[[], datetime]) -> None:
        """Take the world; nothing is made before `make_all`."""
        self._db, self._world, self._store, self._now = db, world, store, now
        self._busy = False

    async def begin(self) -> None:
        """See that the rounds of every community are set."""
        await self._db.run(lambda session: rounds.begin(session, now=self._now(), policies=self._world.policies))

    async def make_all(self) -> None:
        """Make whatever is wanted, unless that is under way; what fails is tried again later, then given up."""
        if self._busy:  # a sheet takes longer than the time between two ticks
            return
        self._busy = True
        try:
            await self._make_some()
        finally:
            self._busy = False

    async def _make_some(self) -> None:
        for _ in range(MOST_AT_ONCE):
            wanted = await self._db.run(_take)
            if wanted is None:
                return
            try:
                await self._make(wanted)
            except Exception as error:
                if is_trouble(error):
                    raise
                log.exception("a digest failed", digest=wanted.id, kind=wanted.kind)
                await self._failed(wanted.id)

    async def _failed(self, digest_id: int) -> None:
        await self._db.run(lambda session: jobs.failed(session, digest_id=digest_id))

    async def _make(self, wanted: Wanted) -> None:
        if wanted.kind == court.PRINT:
            await self._number(wanted)
        async with self._db.reading(at_one_moment=True) as session:
            made = await making.make(session, wanted, catalog=self._world.catalog, policies=self._world.policies)
        ready = [await self._ready(page, made) for page in made.pages]
        now = self._now()
        await self._db.run(lambda session: jobs.say(session, digest_id=wanted.id, pages=ready, now=now))

    async def _number(self, wanted: Wanted) -> None:
        """Number the letters in short transactions; after a crash the rest gets its numbers, under the same batch."""
        await asyncio.to_thread(letterpaper.lacking, "")
        after: int | None = 0
        while after is not None:
            number = partial(making.number, wanted=wanted, after=after, policies=self._world.policies)
            after = await self._db.run(number)

    async def _ready(self, page: Page, made: Made) -> Ready:
        if not (page.charts or page.papers or page.workbook or page.letters):
            return Ready(page.text, page.rows)
        return Ready(page.text, page.rows, await asyncio.to_thread(self._files, page, made))

    def _files(self, page: Page, made: Made) -> Sequence[File]:
        """Draw and write, in a thread of its own; the bytes go into the store."""
        say = self._says(made.locale, made)
        found = []
        for chart in page.charts:
            drawn = charts.draw(chart, say=say, locale=made.locale)
            found.append(self._kept(f"{chart.name}.png", MediaKind.PHOTO, "image/png", drawn))
        for paper in page.papers:
            inked = drawing.draw(paper, say=say, locale=made.locale)
            if inked is not None:
                found.append(self._kept(f"{paper.name}.png", MediaKind.PHOTO, "image/png", inked))
        if page.workbook:
            written = books.write(page.workbook, say=say, zone=made.zone)
            found.append(self._kept(page.filename, MediaKind.DOCUMENT, books.MIME, written))
        if page.letters:
            printed = letterpaper.pdf(page.letters, say=self._says(page.letters_in, made), locale=page.letters_in)
            found.append(self._kept(page.filename, MediaKind.DOCUMENT, letterpaper.MIME, printed))
        return found

    def _says(self, locale: str, made: Made) -> Callable[[Text], str]:
        reader = Reader(locale, made.zone, self._now(), Channel.CONSOLE)
        return lambda text: self._world.texts.say(text, reader)

    def _kept(self, name: str, kind: MediaKind, mime: str, data: bytes) -> File:
        return File(name, kind, mime, self._store.put(data), len(data))


async def _take(session: Session) -> Wanted | None:
    taken = await jobs.take(session)
    return Wanted.of(taken) if taken is not None else None
