"""A few days of the simulated estate: the same seed gives the same days, and what must hold holds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from shutil import copy

from sqlalchemy import text

from scripts.simulate import invariants, run
from scripts.simulate.run import Found
from services.db import Database
from tests.scripts.conftest import Call

DAYS, SHARE = 2, 0.12


def _simulated(template: Path, place: Path, seed: int) -> Found:
    url = f"sqlite:///{copy(template, place)}"
    return asyncio.run(run.simulate(url, days=DAYS, seed=seed, share=SHARE))


def test_two_days_hold_and_come_again_the_same(sqlite_template: Path, tmp_path: Path) -> None:
    first = _simulated(sqlite_template, tmp_path / "first.db", 7)
    again = _simulated(sqlite_template, tmp_path / "again.db", 7)
    assert first.broken == []
    assert (first.kpis, first.counts) == (again.kpis, again.counts)
    assert first.kpis.replied.count > first.kpis.replied.of / 2
    assert {"filed", "accept", "done", "owner_accepts", "sent"} <= set(first.counts)
    assert first.ratio is None


async def test_what_does_not_hold_is_named(sqlite_url: str) -> None:
    """The checks would be worth nothing if they were blind."""
    found = await run.simulate(sqlite_url, days=1, seed=3, share=SHARE)
    assert found.broken == []
    db = Database(sqlite_url)
    for statement in (
        "UPDATE holding SET until = since WHERE id = (SELECT min(id) FROM holding WHERE until IS NULL)",
        "UPDATE timer SET state = 'failed' WHERE id = (SELECT min(id) FROM timer WHERE state = 'cancelled')",
        "UPDATE ticket SET charged_cents = 100 WHERE id = (SELECT min(id) FROM ticket)",
        "UPDATE ticket SET head = 'x' WHERE id = (SELECT max(id) FROM ticket)",
    ):
        async with db.transaction() as session:
            await session.execute(text(statement))
    broken = await invariants.broken(db, now=run.START, chains=True)
    await db.dispose()
    told = " ".join(broken)
    for name in ("held, but not by", "a timer failed", "billed above", "the tail is missing"):
        assert name in told


def test_a_year_is_measured_by_its_first_days() -> None:
    """Memory and time of the last days beside those of the first."""
    days = [1.0] * 30 + [2.0] * 335
    assert run.growth(days) == 2.0


def test_the_figures_are_a_command(call: Call) -> None:
    assert call("seed").exit_code == 0
    told = call("kpi", "--days", "7")
    assert told.exit_code == 0
    assert "the last 7 days" in told.output
    assert "promises kept" in told.output


def test_a_community_that_is_not_there_is_told(call: Call) -> None:
    assert call("seed").exit_code == 0
    told = call("kpi", "--community", "nowhere")
    assert "unknown community 'nowhere'" in str(told.exception)
