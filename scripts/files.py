"""`ownerline import` and `ownerline export`: files of owners, units and money, in and out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import typer

from bot import importing
from bot.importing import Importer, Table
from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services import actors, looks
from services.access import Deed
from services.actors import Actor, House
from services.db import Database
from services.exports import tables
from services.exports.tables import Span
from services.exports.workbook import Workbook
from services.imports import columns, jobs, report
from services.imports.columns import Kind
from services.imports.jobs import Bad, Wish
from services.imports.sheets import NoTableError
from services.messages import Channel, Text
from services.models import ImportJob
from services.texts import Reader, Texts

OPERATOR = "operator"
WHY = {
    "empty": "there is nothing in it",
    "large": "it is larger than 64 MB",
    "password": "it has a password; save it without one",
    "broken": "it is no spreadsheet and no table of text, or it is damaged",
    "encoding": "it is neither UTF-8 nor GB18030",
    "kind": "its header tells no kind of file",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What an import is asked to do."""

    kind: Kind
    file: Path
    community: str = ""
    dry_run: bool = False
    skip_bad: bool = False
    as_of: date | None = None
    report: Path | None = None


def bring_in(config: Path | None, order: Order) -> bool:
    """Import a file; True when all its rows were good."""
    try:
        raw = order.file.read_bytes()
    except OSError as error:
        raise CommandError(f"{order.file}: {error.strerror}") from error
    return running.run(_bring_in(running.settings(config), order, raw))


async def _bring_in(settings: Settings, order: Order, raw: bytes) -> bool:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, order.community)
        table = _table(raw, order, house, settings.sms.region)
        actor = actors.system(OPERATOR, Deed.IMPORT, house=house)
        wish = Wish(house.id, order.kind, order.file.name, importing.digest_of(raw), _as_of(order, house, now))
        importer = Importer(db, now=lambda: now)
        async with db.reading() as session:
            begun = await jobs.unfinished(session, wish=wish)
        if begun is not None and not order.dry_run:
            print(f"{order.file.name}: going on after row {begun.after_row} of {begun.rows}", file=sys.stderr)
            return await _apply(importer, begun, house)
        with _bar("checked", table.rows) as progress:
            job = await importer.check(actor, wish, table, house=house, progress=progress)
        return await _decided(db, importer, actor, job, order, house, table)


def _table(raw: bytes, order: Order, house: House, region: str) -> Table:
    try:
        return importing.understood(raw, kind=order.kind, house=house, region=region)
    except NoTableError as error:
        why, _, lacking = str(error).partition(":")
        what = f"no header with the columns {lacking.strip()}" if lacking else WHY[why]
        raise CommandError(f"{order.file}: {what}") from error


def _as_of(order: Order, house: House, now: datetime) -> datetime:
    if order.as_of is None:
        return now
    end = datetime.combine(order.as_of, datetime.max.time().replace(microsecond=0), house.zone)
    return min(end.astimezone(UTC), now)


async def _decided(
    db: Database, importer: Importer, actor: Actor, job: ImportJob, order: Order, house: House, table: Table
) -> bool:
    """Say what was found, and apply what may be applied."""
    async with db.reading() as session:
        bad = await jobs.problems(session, job_id=job.id)
    say = _speaker(house)
    print(say(report.summary(job)))
    for one in report.told(bad, most=jobs.SHOWN):
        print(say(one))
    if order.report is not None and bad:
        _mark(order.report, table, bad, say)
    if order.dry_run or (job.bad and not order.skip_bad):
        await importer.sweep(job.id)
        if job.bad and not order.dry_run:
            print("nothing was written; --skip-bad leaves bad rows out", file=sys.stderr)
        return not job.bad
    started = await db.run(lambda session: jobs.start(session, actor, job_id=job.id, skip_bad=order.skip_bad))
    return await _apply(importer, started, house)


async def _apply(importer: Importer, job: ImportJob, house: House) -> bool:
    with _bar("applied", job.rows) as progress:
        await importer.apply(job, house=house, progress=progress)
    return not job.bad


def _speaker(house: House) -> Callable[[Text], str]:
    texts, reader = Texts.load(), Reader("en", house.zone, datetime.now(UTC), Channel.CONSOLE)
    return lambda text: texts.say(text, reader)


def _mark(place: Path, table: Table, bad: Sequence[Bad], say: Callable[[Text], str]) -> None:
    place.write_bytes(report.annotated([sheet for sheet, _ in table.sheets], bad, say=say))
    print(f"problems are marked in {place}", file=sys.stderr)


@contextmanager
def _bar(what: str, whole: int) -> Iterator[importing.Progress]:
    """Show how far it is, on the error output."""
    with typer.progressbar(length=max(whole, 1), label=what, file=sys.stderr) as bar:
        done = 0

        def progress(upto: int, _: int) -> None:
            nonlocal done
            bar.update(upto - done)
            done = upto

        yield progress
        bar.update(max(whole, 1) - done)


def take_out(
    config: Path | None, *, kind: tables.Kind, file: Path, community: str, since: date | None, until: date | None
) -> None:
    """Export a table."""
    count = running.run(_take_out(running.settings(config), kind, file, community, since, until))
    print(f"{count} rows in {file}")


async def _take_out(
    settings: Settings, kind: tables.Kind, file: Path, community: str, since: date | None, until: date | None
) -> int:
    words = columns.shipped()
    header = [words.label(name) for name in tables.TABLES[kind].fields]
    count = 0
    async with running.opened(settings) as db:
        async with db.reading(at_one_moment=True) as session:
            house = await running.house(session, community)
            span = Span(house.id, house.zone, since or date(1900, 1, 1), until or date(2999, 12, 31))
            with Workbook(file, kind.value, header) as book:
                async for cells in tables.rows(session, kind, span, words):
                    book.add(cells)
                    count += 1
        now = await running.desk_now(db)
        note = partial(looks.taken, community_id=house.id, table=kind.value, rows=count, now=now)
        await db.run(note)
    return count
