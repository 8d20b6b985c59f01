"""Files of a hundred thousand rows, in: `python scripts/bench_import.py`.

Writes workbooks of units, owners, bills and payments, imports each into an empty estate as `ownerline import` does, and
imports the last one again. Prints seconds, rows a second, the longest transaction and memory. On SQLite and PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

ROWS = 100_000
ROOMY = {"shared_buffers": "256MB", "max_wal_size": "4GB"}
NOW = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
BUILDINGS, ENTRANCES, DOORS = 100, 4, 4

Cells = Sequence[str | float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a row was bad, or the same file changed something."""
    parser = argparse.ArgumentParser(prog="python scripts/bench_import.py", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, metavar="N", help=f"of each file; left out: {ROWS:,}")
    parser.add_argument("--database", metavar="URL", help="an empty database; left out: SQLite, then PostgreSQL")
    given = parser.parse_args(arguments)
    # The tests' server is no installed package.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from scripts import running  # noqa: PLC0415
    from scripts.bench import run  # noqa: PLC0415

    wrong = 0
    with tempfile.TemporaryDirectory(prefix="ownerline-bench-") as folder:
        files = _written(Path(folder), given.rows)
        for kind in ("",) if given.database else ("sqlite", "postgresql"):
            with run.place(given.database, kind, ROOMY) as url:
                print(f"{url.partition(':')[0]}, {given.rows:,} rows a file", flush=True)
                wrong += running.run(_measure(url, files))
    return 1 if wrong else 0


def _within(seconds: Sequence[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


def unit(number: int) -> str:
    """Name a unit by its count."""
    rest, building = divmod(number, BUILDINGS)
    rest, entrance = divmod(rest, ENTRANCES)
    floor, door = divmod(rest, DOORS)
    return f"{building + 1}-{entrance + 1}-{floor + 1}{door + 1:02d}"


def _units(number: int) -> Cells:
    return unit(number), 60 + number % 97 + 0.5, "flat"


def _owners(number: int) -> Cells:
    return unit(number), f"Owner {number}", 13800000000.0 + number, "owner"


def _bills(number: int) -> Cells:
    return unit(number), "Management", "2026-12", 300 + number % 200 + 0.25, "2026-12-31"


def _payments(number: int) -> Cells:
    return unit(number), 300 + number % 200 + 0.25, "2026-12-20", "wechat", f"W{number:09}"


FILES: Sequence[tuple[str, Cells, Callable[[int], Cells]]] = (
    ("units", ("unit", "area", "type"), _units),
    ("owners", ("unit", "name", "phone", "role"), _owners),
    ("bills", ("unit", "item", "period", "amount", "due date"), _bills),
    ("payments", ("unit", "amount", "date", "method", "serial"), _payments),
)


def _written(folder: Path, rows: int) -> Sequence[tuple[str, Path]]:
    import xlsxwriter  # noqa: PLC0415

    found = []
    for kind, header, line in FILES:
        place = folder / f"{kind}.xlsx"
        with xlsxwriter.Workbook(str(place), {"constant_memory": True}) as book:
            page = book.add_worksheet()
            page.write_row(0, 0, header)
            for number in range(rows):
                page.write_row(number + 1, 0, line(number))
        found.append((kind, place))
    return found


async def _measure(url: str, files: Sequence[tuple[str, Path]]) -> int:
    from services import communities, migrate  # noqa: PLC0415
    from services.communities import First  # noqa: PLC0415
    from services.db import Database  # noqa: PLC0415
    from services.messages import Channel  # noqa: PLC0415

    migrate.ensure_current(url)
    db = Database(url)
    first = First(slug="bench", name="Files", zone="Asia/Shanghai", locale="zh_Hans", phone="0571-8888 0000")
    wrong = 0
    try:
        async with db.transaction() as session:
            house_id = (await communities.ensure(session, first, accounts={Channel.WEB: "main"}, now=NOW)).id
        for kind, place in [*files, files[-1]]:
            wrong += await _bring_in(db, house_id, kind, place)
    finally:
        await db.dispose()
    return wrong


async def _bring_in(db: object, house_id: int, kind: str, place: Path) -> int:
    from bot import importing  # noqa: PLC0415
    from bot.importing import Importer  # noqa: PLC0415
    from services import actors, houses  # noqa: PLC0415
    from services.access import Deed  # noqa: PLC0415
    from services.db import Database  # noqa: PLC0415
    from services.imports import jobs  # noqa: PLC0415
    from services.imports.columns import Kind  # noqa: PLC0415
    from services.imports.jobs import Wish  # noqa: PLC0415

    if not isinstance(db, Database):
        raise TypeError(db)
    async with db.reading() as session:
        house = await houses.by_id(session, community_id=house_id)
    begun = time.perf_counter()
    raw = await asyncio.to_thread(place.read_bytes)
    table = importing.understood(raw, kind=Kind(kind), house=house, region="CN")
    actor = actors.system("bench", Deed.IMPORT, house=house)
    importer = Importer(db, now=lambda: NOW)
    wish = Wish(house_id, Kind(kind), place.name, importing.digest_of(raw), NOW)
    job = await importer.check(actor, wish, table, house=house)
    checked = time.perf_counter() - begun
    started = await db.run(partial(jobs.start, actor=actor, job_id=job.id, skip_bad=False))
    await importer.apply(started, house=house)
    seconds = time.perf_counter() - begun
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(job.counts.items()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {kind:<10}{seconds:>7.1f} s (checked after {checked:.1f} s){job.rows / seconds:>9,.0f} rows/s"
        f"   transactions: 99 of 100 within {_within(importer.took, 0.99) * 1000:.0f} ms, all within"
        f" {max(importer.took) * 1000:.0f} ms   {peak:.0f} MB at most   {counts}",
        flush=True,
    )
    return int(job.bad)


if __name__ == "__main__":
    sys.exit(main())
