"""A process that is killed while it applies a file: the same file given again ends as if nothing had been."""

from __future__ import annotations

import asyncio
import signal
import sys

from sqlalchemy import func, select

from bot import importing
from bot.importing import Importer
from services.imports import jobs
from services.imports.columns import Kind
from services.imports.jobs import Wish
from services.models import ImportJob, Unit
from tests.support import files, ugly
from tests.support.line import START, Line

ROWS = 6_000
RAW = ugly.text([("房号", "建筑面积"), *((f"K-{row % 7}-{row}", 60 + row % 50) for row in range(ROWS))])
CHILD = """
import asyncio, sys
from services.db import Database
from tests.services.imports import test_killed
from services.imports.columns import Kind
from tests.support import files
asyncio.run(files.bring(Database(sys.argv[1]), Kind.UNITS, test_killed.RAW))
"""


async def test_a_file_whose_process_was_killed_goes_on_where_it_stopped(line: Line, estate_url: str) -> None:
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, estate_url)
    house = await files.house_of(line.db)
    wish = Wish(house.id, Kind.UNITS, "a.csv", importing.digest_of(RAW), START)
    async with asyncio.timeout(60):
        while (job := await _begun(line, wish)) is None or not job.after_row:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    async with line.db.reading() as session:
        left = await session.get_one(ImportJob, job.id, populate_existing=True)
        assert (left.state, 0 < left.after_row < ROWS) == (jobs.State.APPLYING, True)
    await Importer(line.db, now=lambda: START).apply(left, house=house)
    async with line.db.reading() as session:
        ended = await session.get_one(ImportJob, job.id, populate_existing=True)
        here = select(func.count(), func.sum(Unit.area_cm2)).where(Unit.building == "K")
        found = tuple((await session.execute(here)).one())
    assert ended.state == jobs.State.DONE
    assert found == (ROWS, sum(60 + row % 50 for row in range(ROWS)) * 10_000)


async def _begun(line: Line, wish: Wish) -> ImportJob | None:
    async with line.db.reading() as session:
        return await jobs.unfinished(session, wish=wish)
