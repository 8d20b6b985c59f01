"""Lists and cards with a million tickets in the database: `python scripts/bench_tickets.py`.

Fills a database with forty estates after five years of work, then asks what a turn asks, each in a transaction of its
own, and prints how long that took and how the database went about it. On SQLite and on PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.bench.looking import Figure
    from scripts.bench.plans import Plan

TICKETS = 1_000_000
TIMES = 400
# Room for a database of this size, as an operator would give it.
ROOMY = {"shared_buffers": "256MB", "max_wal_size": "4GB"}


@dataclass(frozen=True, slots=True)
class Found:
    """What one database gave."""

    database: str
    tickets: int
    filled_seconds: float
    figures: Sequence[Figure]
    plans: Mapping[str, Sequence[Plan]]
    broken: Sequence[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python scripts/bench_tickets.py", description=__doc__)
    parser.add_argument("--tickets", type=int, default=TICKETS, metavar="N", help=f"left out: {TICKETS:,}")
    parser.add_argument("--times", type=int, default=TIMES, metavar="N", help=f"of each question; left out: {TIMES}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--database", metavar="URL", help="an empty database; left out: SQLite, then PostgreSQL")
    given = parser.parse_args(arguments)
    # The tests' server is no installed package.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from scripts import running  # noqa: PLC0415
    from scripts.bench import run  # noqa: PLC0415

    found = []
    for kind in ("",) if given.database else ("sqlite", "postgresql"):
        with run.place(given.database, kind, ROOMY) as url:
            found.append(running.run(_measure(url, given.tickets, given.times)))
        if not given.json:
            _print(found[-1])
    broken = [f"{each.database}: {line}" for each in found for line in each.broken]
    if given.json:
        print(json.dumps({"databases": [_plain(each) for each in found], "broken": broken}, indent=2))
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else 0


async def _measure(url: str, tickets: int, times: int) -> Found:
    from scripts.bench import looking  # noqa: PLC0415
    from services.db import Database  # noqa: PLC0415

    begun = time.monotonic()
    size, world, now = await looking.fill(url, tickets)
    filled = time.monotonic() - begun
    db = Database(url)
    try:
        watched = looking.Looking(db, world, size, now)
        await watched.choose(times)
        figures = [await watched.measure(operation) for operation in looking.OPERATIONS]
        plans = {operation.name: await watched.plans_of(operation) for operation in looking.OPERATIONS}
    finally:
        await db.dispose()
    count = size.estates * size.tickets
    return Found(url.partition(":")[0], count, round(filled, 1), figures, plans, looking.broken(figures, plans))


def _plain(found: Found) -> dict[str, Any]:
    return asdict(found)


def _print(found: Found) -> None:
    print(f"{found.database}, {found.tickets:,} tickets, filled in {found.filled_seconds:.0f} s")
    for each in found.figures:
        print(
            f"  {each.operation:<40}p50{each.p50_ms:>7.2f} ms   p99{each.p99_ms:>7.2f} ms   max{each.max_ms:>7.2f} ms"
            f"   CPU{each.cpu_ms:>6.2f} ms"
            f"   asked {each.asked_ms:.0f} ms   {each.times} times{'' if each.is_kept else '   BROKEN'}"
        )
    for name, plans in found.plans.items():
        print(f"  {name}")
        for plan in plans:
            print(f"    {_short(plan.sql)}")
            print(*(f"      {step}" for step in plan.steps), sep="\n", flush=True)


def _short(sql: str) -> str:
    """Leave out the names of the columns that are asked for, where there are many."""
    head, found, rest = sql.partition(" FROM ")
    return f"{head[:60]} …{found}{rest}" if len(head) > 100 and found else sql  # noqa: PLR2004 - a line


if __name__ == "__main__":
    sys.exit(main())
