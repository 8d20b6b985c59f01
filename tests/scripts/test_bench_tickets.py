"""The benchmark of lists and cards: the archive it makes, how it reads query plans, and a small run of the whole."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts import bench_tickets
from scripts.bench import archive, bulk, happenings, looking, people, plans
from scripts.bench.archive import Rows
from scripts.bench.looking import Figure
from scripts.bench.plans import Plan
from services.models import Base
from services.tickets.rules import OVER, State

NOW = datetime(2026, 4, 12, 2, tzinfo=UTC)
SIZE = archive.size_of(1000)


@pytest.fixture(scope="module")
def rows() -> Rows:
    """One estate's rows."""
    return archive.estate(SIZE, now=NOW, categories=["plumbing", "electrical"], words=people.read_words())


def _by(rows: Rows, table: str, column: str) -> Counter[Any]:
    return Counter(row[column] for row in rows[table])


def test_a_million_tickets_are_forty_estates_and_a_few_are_never_one() -> None:
    assert archive.size_of(1_000_000) == archive.Size(estates=40, tickets=25_000)
    assert archive.size_of(2000) == archive.Size(estates=4, tickets=500)
    assert archive.size_of(10) == archive.Size(estates=2, tickets=50)
    assert archive.size_of(1_000_000).open * 40 == pytest.approx(1500, abs=50)


def test_an_open_ticket_has_a_history_one_holder_and_clocks_that_run(rows: Rows) -> None:
    events, timers = _by(rows, "history", "ticket_id"), _by(rows, "timer", "subject_id")
    running = Counter(row["ticket_id"] for row in rows["deadline"] if row["ended_at"] is None)
    holding = Counter(row["ticket_id"] for row in rows["holding"] if row["until"] is None)
    pauses = _by(rows, "pause", "ticket_id")
    open_ones = [row for row in rows["ticket"] if row["state"] not in OVER]
    assert len(open_ones) == SIZE.open
    for ticket in open_ones:
        number, state = ticket["id"], ticket["state"]
        assert 5 <= events[number] == ticket["seq"] <= 7
        assert holding[number] == (ticket["holder_id"] is not None) == (state is not State.OPEN)
        assert bool(running[number]) == bool(timers[number]) == (state is not State.DONE)
        assert pauses[number] == (state is State.PAUSED)
        assert ticket["closed_at"] is None


def test_a_ticket_that_is_over_has_an_end_and_at_least_the_row_of_its_filing(rows: Rows) -> None:
    events = _by(rows, "history", "ticket_id")
    over = [row for row in rows["ticket"] if row["state"] in OVER]
    assert all(events[ticket["id"]] == ticket["seq"] == ticket["sealed_seq"] >= 1 for ticket in over)
    assert all(ticket["created_at"] < ticket["closed_at"] <= NOW for ticket in over)
    assert all(ticket["merged_into_id"] < ticket["id"] for ticket in over if ticket["state"] is State.MERGED)


def test_numbers_are_counted_by_the_day_and_never_twice(rows: Rows) -> None:
    numbers = [(row["year"], row["number"]) for row in rows["ticket"]]
    assert len(set(numbers)) == len(numbers)
    filed = [row["created_at"] for row in rows["ticket"]]
    assert filed == sorted(filed)
    assert filed[-1] == NOW - timedelta(hours=1)


def test_some_owners_report_much_and_some_engineers_hold_much() -> None:
    size = archive.Size(estates=2, tickets=5000)
    rows = archive.estate(size, now=NOW, categories=["plumbing"], words=people.read_words())
    reported = Counter(row["requester_id"] for row in rows["ticket"] if row["requester_id"] != happenings.DESK)
    assert reported.pop(None) > 100
    assert 20 < max(reported.values()) <= 80
    assert 0 < max(happenings.in_hand(rows["ticket"]).values()) <= 25


def test_every_row_says_what_its_table_wants_to_know(rows: Rows) -> None:
    for name, several in rows.items():
        for column in Base.metadata.tables[name].columns:
            if not column.nullable and bulk.missing(column) is None:
                assert all(row.get(column.name) is not None for row in several), f"{name}.{column.name}"


def test_a_scan_is_told_from_a_search_in_sqlite() -> None:
    def scanned(step: str) -> list[str]:
        return list(plans.scanned([step], is_sqlite=True))

    assert scanned("SCAN ticket") == ["ticket"]
    assert scanned("SCAN ticket_1 USING INDEX ix_ticket_unit_id") == ["ticket"]
    assert scanned("SEARCH ticket USING INDEX sqlite_autoindex_ticket_1 (community_id=?)") == ["ticket"]
    assert scanned("SEARCH ticket USING INDEX uq (ANY(community_id) AND ANY(year) AND number=?)") == ["ticket"]
    assert scanned("SEARCH ticket USING INDEX ix_ticket_open_holder (holder_id=?)") == []
    assert scanned("SEARCH ticket USING INTEGER PRIMARY KEY (rowid=?)") == []
    assert scanned("SCAN outbox USING INDEX ix_outbox_open") == []  # a few rows
    assert scanned("SCAN staff") == []


def test_a_scan_is_told_from_a_search_in_postgresql() -> None:
    def scanned(*steps: str) -> list[str]:
        return list(plans.scanned(steps, is_sqlite=False))

    assert scanned("Limit", "  ->  Parallel Seq Scan on history h") == ["history"]
    assert scanned("Index Scan Backward using pk_ticket on ticket", "  Filter: (x = 1)") == ["ticket"]
    assert scanned("Index Scan using ix on ticket", "  Index Cond: (community_id = '45'::bigint)") == ["ticket"]
    assert scanned("Index Scan using ix on ticket", "  Index Cond: ((community_id = $1) AND (number = $2))") == []
    assert scanned("Bitmap Index Scan on ix_ticket_open_holder", "  Index Cond: (holder_id = 1)") == []
    assert scanned("Index Only Scan using ix_timer_due on timer") == []
    assert scanned("Seq Scan on staff") == []


def test_what_is_slow_and_what_goes_through_a_table_is_broken() -> None:
    figures = [Figure("/my", 9, 1, 2, 3, 1), Figure("/jobs", 9, 1, 31.5, 40, 1)]
    found = {"/my": [Plan("SELECT 1", (), ["ticket"]), Plan("SELECT 2", (), ())]}
    assert looking.broken(figures, found) == [
        "/jobs: p99 31.5 ms, at most 30 ms",
        "/my: goes through all of ticket: SELECT 1",
    ]


def test_a_small_run_prints_figures_and_plans_and_keeps_what_is_promised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/bench.db"
    bench_tickets.main(["--tickets", "2000", "--times", "10", "--json", "--database", url])
    told = json.loads(capsys.readouterr().out)
    (found,) = told["databases"]
    assert found["tickets"] == 2000
    assert {each["operation"] for each in found["figures"]} == {each.name for each in looking.OPERATIONS}
    assert all(found["plans"].values())
    assert not [line for line in told["broken"] if "goes through all" in line]


def test_it_fills_no_database_that_somebody_uses(sqlite_estate_url: str) -> None:
    with pytest.raises(SystemExit, match="empty database"):
        bench_tickets.main(["--tickets", "2000", "--database", sqlite_estate_url])
