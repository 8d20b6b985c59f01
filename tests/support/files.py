"""Files brought into the estate and taken out of it, as the commands and the bot do."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select

from bot import importing
from bot.importing import Importer
from services import actors, houses
from services.access import Deed
from services.actors import House
from services.db import Database
from services.exports import tables
from services.exports.tables import Span
from services.exports.workbook import Workbook
from services.imports import columns, jobs
from services.imports.columns import Kind
from services.imports.jobs import Wish
from services.models import Community, ImportJob
from tests.support import ugly
from tests.support.line import START

UNITS = ugly.text([("房号", "建筑面积"), ("9-1-101", 89.6), ("9-1-102", 120), ("9-1-1111", 88)])


async def house_of(db: Database) -> House:
    """Return the estate."""
    async with db.reading() as session:
        return await houses.by_id(session, community_id=(await session.scalars(select(Community.id))).one())


async def bring(
    db: Database, kind: Kind, raw: bytes, *, skip_bad: bool = False, at: datetime = START, name: str = "a.csv"
) -> ImportJob:
    """Check a file and apply it, when that may be; return what the check found."""
    house = await house_of(db)
    table = importing.understood(raw, kind=kind, house=house, region="CN")
    actor = actors.system("tests", Deed.IMPORT, house=house)
    importer = Importer(db, now=lambda: at)
    wish = Wish(house.id, kind, name, importing.digest_of(raw), at)
    job = await importer.check(actor, wish, table, house=house)
    started = await db.run(partial(jobs.start, actor=actor, job_id=job.id, skip_bad=skip_bad))
    if started.state == jobs.State.APPLYING:
        await importer.apply(started, house=house)
    return job


async def take(db: Database, kind: tables.Kind, place: Path) -> bytes:
    """Take a table out; return the workbook."""
    words = columns.shipped()
    house = await house_of(db)
    header = [words.label(name) for name in tables.TABLES[kind].fields]
    async with db.reading(at_one_moment=True) as session:
        with Workbook(place, kind.value, header) as book:
            async for cells in tables.rows(session, kind, Span(house.id, house.zone), words):
                book.add(cells)
    return place.read_bytes()
