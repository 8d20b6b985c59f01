"""What comes in, and how fast it is answered: `python scripts/bench_inbound.py`.

Ours and python-telegram-bot's webhook servers, each a process of its own, take updates over 40 kept-alive connections;
then 2,000 owners talk at 50 and at 100 updates a second, and flat out. On SQLite and on PostgreSQL, both durable.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.bench.run import Figures

LEAST_RATIO = 2.0
MOST_P99_MS = 150.0
LEAST_FLAT_OUT = 80.0
HELD_RATE = 50  # more is an aim, not a promise


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python scripts/bench_inbound.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--database", metavar="URL", help="an empty database; left out: SQLite, then PostgreSQL")
    given = parser.parse_args(arguments)
    # The tests' stand-in is no installed package.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from scripts import running  # noqa: PLC0415
    from scripts.bench import run  # noqa: PLC0415

    found = []
    for kind in ("",) if given.database else ("sqlite", "postgresql"):
        with run.place(given.database, kind) as url:
            found.append(running.run(run.measure(url, run.QUICK if given.quick else run.FULL)))
        if not given.json:
            _print(found[-1])
    broken = [promise for figures in found for promise in _broken(figures)]
    if given.json:
        print(json.dumps({"databases": [_plain(figures) for figures in found], "broken": broken}, indent=2))
    for promise in broken:
        print(promise, file=sys.stderr)
    return 1 if broken else 0


def _plain(figures: Figures) -> dict[str, Any]:
    return {**asdict(figures), "ratio": round(figures.ratio, 2)}


def _broken(figures: Figures) -> list[str]:
    """Say which promises the figures don't keep."""
    held = next(each for each in figures.steady if each.rate == HELD_RATE)
    lost = figures.flat_out.unanswered + held.unanswered
    promises = {
        f"acknowledged {figures.ratio:.2f} x the library, at least {LEAST_RATIO:.0f} x": figures.ratio >= LEAST_RATIO,
        f"p99 {held.p99_ms:.0f} ms at {held.rate}/s, at most {MOST_P99_MS:.0f} ms": held.p99_ms < MOST_P99_MS,
        f"{figures.flat_out.per_second:.0f} turns/s flat out, at least {LEAST_FLAT_OUT:.0f}": (
            figures.flat_out.per_second >= LEAST_FLAT_OUT
        ),
        f"{lost} updates were not answered": not lost,
    }
    return [f"{figures.database}: {promise}" for promise, kept in promises.items() if not kept]


def _print(figures: Figures) -> None:
    print(f"{figures.database}")
    for name, each in (("python-telegram-bot", figures.library), ("ownerline, durable", figures.acknowledged)):
        print(
            f"  acknowledged, {name:<21}{each.per_second:>7.0f}/s{each.cpu_micros:>7.0f} us CPU each"
            f"   p99 {each.p99_ms:.0f} ms"
        )
    print(f"  ratio{figures.ratio:>38.2f}")
    flat = figures.flat_out
    print(f"  turns flat out{flat.per_second:>29.0f}/s{flat.cpu_ms:>7.1f} ms CPU each   {flat.turns} turns")
    for paced in figures.steady:
        print(
            f"  turns at {paced.rate:>3}/s: p50 {paced.p50_ms:>4.0f} ms   p99 {paced.p99_ms:>4.0f} ms"
            f"{paced.cpu_ms:>14.1f} ms CPU paced   {paced.turns} turns, {paced.unanswered} unanswered"
        )
    print(f"  mix: {', '.join(f'{name} {share:.0%}' for name, share in figures.mix.items())}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
