"""Act out an estate's year: `python scripts/simulate_year.py [--days N] [--json] [--database URL] [--seed S]`.

Five blocks with 1,500 households and the staff of one phase: what a day brings, what people do about it, by services
alone, on a clock that walks from event to event. In the end what must hold is checked and the figures are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.simulate.run import Found

DAYS, SEED = 30, 20260101
MOST_SECONDS = 180.0  # for thirty days
MOST_GROWTH = 1.25  # the last thirty days of a year by the first
MOST_MEMORY = 1.25  # at the end by that of day 30
THIRTY, YEAR = 30, 365


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and print; 1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python scripts/simulate_year.py", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, metavar="N", help="how many days; 30 when left out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S", help="the same seed gives the same year")
    parser.add_argument(
        "--database", metavar="URL", default="sqlite", help="an empty database; `pg`: a server of its own; else a file"
    )
    given = parser.parse_args(arguments)
    _stay_on_one_core()
    # The tests' server is no installed package.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from scripts import running  # noqa: PLC0415
    from scripts.bench.run import place  # noqa: PLC0415
    from scripts.simulate import run  # noqa: PLC0415
    from tests.support.postgres import QUICK  # noqa: PLC0415

    named = given.database if "://" in given.database else None
    with place(named, "sqlite" if given.database == "sqlite" else "postgresql", QUICK) as url:
        found = running.run(run.simulate(url, days=given.days, seed=given.seed, told=_told))
    broken = [*found.broken, *_slow(found)]
    if given.json:
        print(json.dumps(_plain(found) | {"broken": broken}, indent=2))
    else:
        _print(found, broken)
    return 1 if broken else 0


def _stay_on_one_core() -> None:
    """Share a core with the server that is started: the two take turns, and waking another core takes longer."""
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})


def _told(day: int, seconds: float, megabytes: float) -> None:
    if day % 10 == 0:
        print(f"day {day}: {seconds:.2f} s, {megabytes:.0f} MB", file=sys.stderr, flush=True)


def _slow(found: Found) -> list[str]:
    """Say which promises about time and memory are not kept."""
    growth, memory = found.ratio, found.megabytes[-1] / found.megabytes[0]
    promises = {
        f"{found.days} days took {found.seconds:.0f} s, at most {MOST_SECONDS:.0f}": (
            found.days > THIRTY or found.seconds <= MOST_SECONDS
        ),
        f"the last days took {growth} times the first, at most {MOST_GROWTH}": (
            growth is None or found.days < YEAR or growth <= MOST_GROWTH
        ),
        f"memory grew {memory:.2f} times, at most {MOST_MEMORY}": memory <= MOST_MEMORY,
    }
    return [promise for promise, kept in promises.items() if not kept]


def _plain(found: Found) -> dict[str, Any]:
    rounded = {name: [round(each, 2) for each in days] for name, days in _days(found).items()}
    return {**asdict(found), "ratio": found.ratio, "cpu_ratio": found.cpu_ratio, **rounded}


def _days(found: Found) -> dict[str, Sequence[float]]:
    return {"of_days": found.of_days, "cpu_of_days": found.cpu_of_days}


def _print(found: Found, broken: Sequence[str]) -> None:
    from scripts import kpi, running  # noqa: PLC0415

    print(running.table(*kpi.rows(found.kpis)))
    print()
    print(running.table(("what happened", "times"), *found.counts.items()))
    print()
    took = f"{found.seconds:.0f} s ({found.cpu:.0f} s CPU)"
    print(f"{found.database}: {found.days} days in {took}, {found.checking:.0f} s of it checks")
    if found.ratio is not None:
        print(f"the last 30 days took {found.ratio:.2f} times the first 30 (CPU {found.cpu_ratio:.2f})")
    print(f"memory: {found.megabytes[0]:.0f} MB, at the end {found.megabytes[-1]:.0f} MB")
    print(f"broken: {broken}")


if __name__ == "__main__":
    sys.exit(main())
