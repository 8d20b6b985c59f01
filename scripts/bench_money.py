"""Bills for fifty thousand homes, written and paid, to the cent: `python scripts/bench_money.py`.

Fills an empty estate, writes the bills of a month with a cost split among all homes, lets four of five households pay
and looks whether the books hold. On SQLite and on PostgreSQL; prints times, transactions, memory.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.bench.till import Books

HOMES = 50_000
ROOMY = {"shared_buffers": "256MB", "max_wal_size": "4GB"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when the books do not hold."""
    parser = argparse.ArgumentParser(prog="python scripts/bench_money.py", description=__doc__)
    parser.add_argument("--homes", type=int, default=HOMES, metavar="N", help=f"left out: {HOMES:,}")
    parser.add_argument("--database", metavar="URL", help="an empty database; left out: SQLite, then PostgreSQL")
    given = parser.parse_args(arguments)
    # The tests' server is no installed package.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from scripts import running  # noqa: PLC0415
    from scripts.bench import run  # noqa: PLC0415

    wrong = []
    for kind in ("",) if given.database else ("sqlite", "postgresql"):
        with run.place(given.database, kind, ROOMY) as url:
            books = running.run(_measure(url, given.homes))
        _print(url.partition(":")[0], given.homes, books)
        wrong += books.wrong
    for line in wrong:
        print(f"does not hold: {line}", file=sys.stderr)
    return 1 if wrong else 0


async def _measure(url: str, homes: int) -> Books:
    from scripts.bench.till import Till  # noqa: PLC0415
    from services import migrate  # noqa: PLC0415
    from services.db import Database  # noqa: PLC0415

    migrate.ensure_current(url)
    db = Database(url)
    try:
        return await Till(db, homes).run()
    finally:
        await db.dispose()


def _print(database: str, homes: int, books: Books) -> None:
    from scripts.bills import yuan  # noqa: PLC0415

    print(f"{database}, {homes:,} homes, {books.peak_mb:.0f} MB at most")
    for phase in books.phases:
        pace = phase.count / phase.seconds if phase.seconds else 0
        took = f"   transactions: half within {phase.within(0.5):.0f} ms, 99 of 100 within {phase.within(0.99):.0f} ms"
        print(
            f"  {phase.name:<24}{phase.count:>9,}{phase.seconds:>9.1f} s{pace:>10,.0f} /s{took if phase.took else ''}"
        )
    if books.totals is not None:
        sums = books.totals
        print(f"  charged {yuan(sums.charged)} = for bills {yuan(sums.allocated)} + open {yuan(sums.open)}", end="")
        print(f"; paid in {yuan(sums.paid_in)}, balanced: {sums.balanced}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
