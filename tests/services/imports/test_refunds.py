"""Money that a file says went back: of the payment it names, else of the only one that it can be."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.imports import jobs
from services.imports.columns import Kind
from services.models import Payment
from services.money import reconcile
from tests.support import files, ugly
from tests.support.line import Line

HEAD = ("房号", "金额", "日期", "流水号", "交易类型", "原流水号")
FIRST = ("9-1-101", "100", "2026-04-01", "W1", "收款", "")
ALIKE = ("9-1-101", "100", "2026-04-02", "W2", "收款", "")


async def brought(line: Line, *rows: tuple[str, ...]) -> list[tuple[str, str]]:
    """Bring a file in, bad rows left out; return what was wrong: the title of the column, what is expected."""
    await files.bring(line.db, Kind.UNITS, files.UNITS)
    job = await files.bring(line.db, Kind.PAYMENTS, ugly.text([HEAD, *rows]))
    async with line.db.reading() as session:
        found = await jobs.problems(session, job_id=job.id)
    if job.bad:
        await files.bring(line.db, Kind.PAYMENTS, ugly.text([HEAD, *rows]), skip_bad=True)
    return [(one["title"], one["expected"]) for row in found for one in row.problems]


async def gone(line: Line) -> list[tuple[str, int]]:
    """Return what went back: of which payment, how much; the books must be whole."""
    async with line.db.reading() as session:
        payments = {one.id: one for one in (await session.scalars(select(Payment).order_by(Payment.id))).all()}
        some = next(iter(payments.values()))
        assert (await reconcile.totals(session, community_id=some.community_id)).balanced
        assert await reconcile.wrong_bills(session, community_id=some.community_id) == []
    backs = [one for one in payments.values() if one.reverses_id is not None]
    return [(payments[one.reverses_id or 0].key, -one.cents) for one in backs]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("9-1-101", "-40", "2026-04-03", "R1", "", "W2")], [("import:W2", 40_00)]),
        ([("9-1-101", "40", "2026-04-03", "R1", "退款", "W1")], [("import:W1", 40_00)]),
        ([("9-1-101", "-100", "2026-04-03", "W1", "", "")], [("import:W1", 100_00)]),
        (
            [("9-1-101", "-40", "2026-04-03", "W1", "", ""), ("9-1-101", "-60", "2026-04-03", "W1", "", "")],
            [("import:W1", 40_00), ("import:W1", 60_00)],
        ),
    ],
)
async def test_a_refund_goes_to_the_payment_it_names_once(
    line: Line, rows: list[tuple[str, ...]], expected: list[tuple[str, int]]
) -> None:
    for _ in range(2):
        assert await brought(line, FIRST, ALIKE, *rows) == []
        assert await gone(line) == expected


async def test_a_refund_that_names_nothing_goes_to_the_only_payment_of_its_sum(line: Line) -> None:
    assert await brought(line, FIRST) == []
    assert await brought(line, ("9-1-101", "-100", "2026-04-03", "R1", "", "")) == []
    assert await gone(line) == [("import:W1", 100_00)]


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (("9-1-101", "-100", "2026-04-03", "R1", "", ""), ("金额", "refund_which")),
        (("9-1-101", "-30", "2026-04-03", "R1", "", ""), ("金额", "refund_which")),
        (("9-1-101", "-30", "2026-04-03", "R1", "", "W9"), ("原流水号", "refund_known")),
        (("9-1-102", "-100", "2026-04-03", "R1", "", "W1"), ("原流水号", "refund_known")),
        (("9-1-101", "-130", "2026-04-03", "R1", "", "W1"), ("金额", "refund_left")),
        (("9-1-101", "0", "2026-04-03", "R1", "退款", "W1"), ("金额", "positive")),
    ],
)
async def test_what_is_not_certain_is_a_bad_row_that_says_what_is_missing(
    quick_line: Line, row: tuple[str, ...], wrong: tuple[str, str]
) -> None:
    assert await brought(quick_line, FIRST, ALIKE, row) == [wrong]
    assert await gone(quick_line) == []


async def test_no_more_goes_back_than_came_in_by_several_rows(quick_line: Line) -> None:
    half = ("9-1-101", "-60", "2026-04-03", "R1", "", "W1")
    again = ("9-1-101", "-60", "2026-04-04", "R2", "", "W1")
    assert await brought(quick_line, FIRST, half, again) == [("金额", "refund_left")]
    assert await gone(quick_line) == [("import:W1", 60_00)]
