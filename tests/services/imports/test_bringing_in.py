"""Files change what they say and nothing else: once, as a whole, and never back to what is older."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from services.exports import tables
from services.imports import jobs, sheets
from services.imports.columns import Kind
from services.models import Balance, Bill, ImportRow, MeterReading, Number, Payment, Person, Unit
from services.money import reconcile
from tests.support import files, ugly
from tests.support.line import START, Line

SETTLED = {"new": 0, "changed": 0}


async def test_every_ugly_file_is_brought_in_and_the_same_again_changes_nothing(line: Line) -> None:
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    moved = {}
    for case in ugly.folder():
        first = await files.bring(line.db, case.kind, case.raw, skip_bad=True, name=case.file)
        again = await files.bring(line.db, case.kind, case.raw, skip_bad=True, name=case.file)
        assert first.bad == len(case.wrong), case.name
        moved[case.name] = {state: again.counts.get(state, 0) for state in SETTLED}
    assert {name: counts for name, counts in moved.items() if counts != SETTLED} == {}
    async with line.db.reading() as session:
        community_id = (await session.scalars(select(Unit.community_id).limit(1))).one()
        assert (await reconcile.totals(session, community_id=community_id)).balanced
        assert await reconcile.wrong_bills(session, community_id=community_id) == []


async def test_one_bad_row_keeps_the_whole_file_out_unless_it_is_skipped(line: Line) -> None:
    raw = ugly.text([ugly.OWNER, ("3-2-1502", "周新", "13812340001"), ("3-2-7777", "吴新", "13812340002")])
    job = await files.bring(line.db, Kind.OWNERS, raw)
    assert (job.rows, job.bad) == (2, 1)
    async with line.db.reading() as session:
        assert (await session.scalars(select(Person.id).where(Person.name == "周新"))).all() == []
        problems = await jobs.problems(session, job_id=job.id)
    assert [(one.row, one.problems[0]["expected"]) for one in problems] == [(3, "unit_known")]
    await files.bring(line.db, Kind.OWNERS, raw, skip_bad=True)
    async with line.db.reading() as session:
        asked = select(Number.e164).join(Person, Person.id == Number.person_id).where(Person.name == "周新")
        assert (await session.scalars(asked)).all() == ["+8613812340001"]


async def test_what_is_wrong_with_a_row_names_its_column_even_when_the_register_says_so(line: Line) -> None:
    raw = ugly.text(
        [ugly.PAID, ("3-2-7777", "100", "2026-4-10", "微信", "W1"), ("3-2-1502", "9", "2027-4-1", "", "W2")]
    )
    job = await files.bring(line.db, Kind.PAYMENTS, raw)
    async with line.db.reading() as session:
        found = [
            (one.row, p["column"], p["title"])
            for one in await jobs.problems(session, job_id=job.id)
            for p in one.problems
        ]
    assert found == [(2, "A", "房号"), (3, "C", "收款日期")]


async def test_an_older_balance_never_replaces_a_newer_one_and_a_missing_row_is_not_zero(line: Line) -> None:
    head = ("房号", "项目", "余额", "截至日期")
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    for sum_, day in (("50", "2026-04-10"), ("99", "2026-04-01"), ("20", "2026-04-11")):
        raw = ugly.text([head, ("9-1-101", "水费", sum_, day)])
        await files.bring(line.db, Kind.BALANCES, raw)
    await files.bring(line.db, Kind.BALANCES, ugly.text([head, ("9-1-102", "水费", "1", "2026-04-12")]))
    async with line.db.reading() as session:
        asked = select(Balance.cents).join(Unit, Unit.id == Balance.unit_id).where(Unit.building == "9")
        assert (await session.scalars(asked.order_by(Unit.room))).all() == [2000, 100]


async def test_a_sum_that_a_file_changes_is_corrected_by_a_row_of_its_own(line: Line) -> None:
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    for sum_, at in (("100", START), ("80", START + timedelta(days=1)), ("100", START)):
        raw = ugly.text([ugly.BILL, ("9-1-101", "电梯费", "2026-03", sum_, "2026-04-30")])
        await files.bring(line.db, Kind.BILLS, raw, at=at)
    async with line.db.reading() as session:
        bill = (await session.scalars(select(Bill).where(Bill.item == "电梯费"))).one()
    assert (bill.cents, bill.adjusted_cents) == (10000, -2000)


async def test_rows_that_are_alike_in_one_file_are_two_payments_and_the_file_again_none(line: Line) -> None:
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    raw = ugly.text([("房号", "金额", "日期"), ("9-1-101", "10", "2026-04-01"), ("9-1-101", "10", "2026-04-01")])
    for _ in range(2):
        await files.bring(line.db, Kind.PAYMENTS, raw)
    async with line.db.reading() as session:
        here = select(func.count(), func.sum(Payment.cents)).join(Unit, Unit.id == Payment.unit_id)
        assert tuple((await session.execute(here.where(Unit.building == "9"))).one()) == (2, 2000)


async def test_nothing_of_a_file_is_kept_beside_once_it_is_done(line: Line) -> None:
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    async with line.db.reading() as session:
        assert await session.scalar(select(func.count()).select_from(ImportRow)) == 0


async def test_what_was_taken_out_comes_in_again_without_changing_anything(quick_line: Line, tmp_path: Path) -> None:
    db = quick_line.db
    await files.bring(db, Kind.UNITS, files.UNITS)
    for case in ugly.folder():
        await files.bring(db, case.kind, case.raw, skip_bad=True)
    await files.bring(db, Kind.PARKING, ugly.text([("车位号", "房号"), ("B1-012", "9-1-101")]))
    for kind in set(tables.Kind) - {tables.Kind.ARREARS}:
        raw = await files.take(db, kind, tmp_path / f"{kind}.xlsx")
        job = await files.bring(db, Kind(kind.value), raw, at=START + timedelta(hours=1))
        assert (job.bad, job.counts) == (0, {"same": job.rows}), kind
        assert job.rows > 0, kind


async def test_no_cell_that_is_taken_out_begins_a_formula(quick_line: Line, tmp_path: Path) -> None:
    await files.bring(quick_line.db, Kind.UNITS, files.UNITS)
    names = ["=1+1", "+cmd", "-2", "@now", "\u003dHYPERLINK(1)"]
    rows = [("9-1-101", name, f"1381111{at:04}") for at, name in enumerate(names)]
    await files.bring(quick_line.db, Kind.OWNERS, ugly.text([ugly.OWNER, *rows]))
    raw = await files.take(quick_line.db, tables.Kind.OWNERS, tmp_path / "out.xlsx")
    read = [cell for sheet in sheets.read(raw) for _, row in sheet.rows() for cell in row]
    assert set(names) <= set(read)


async def test_a_reading_of_the_same_day_is_one_row(line: Line) -> None:
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    for value, at in (("10", START), ("12", START + timedelta(hours=1))):
        raw = ugly.text([("房号", "表名", "抄表日期", "读数"), ("9-1-101", "水表", "2026-04-01", value)])
        await files.bring(line.db, Kind.METERS, raw, at=at)
    async with line.db.reading() as session:
        assert (await session.scalars(select(MeterReading.thousandths))).all() == [12000]
