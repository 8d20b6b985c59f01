"""The bills of a month: written once however often the run is begun, split costs whole, money paid ahead spent."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from services import actors
from services.access import Deed
from services.actors import Actor
from services.catalog_file import CatalogError
from services.db import Session
from services.models import Bill, BillRun, Building, Community, Payment, SharedCost, Unit
from services.money import billing, ledger, reconcile, standing, tariffs
from services.money.billing import BillsThere
from services.money.ledger import Money
from services.money.tariffs import Cost
from services.refusals import NotAllowed
from tests.support.line import START, Line

MONTH = date(2027, 1, 1)
OPERATOR = actors.system("operator", Deed.RUN_BILLS, Deed.TAKE_PAYMENT)
PRICES = """
[[prices]]
code = "management"
name = "物业费"
way = "area"
price = 2.80
months = 3
due_days = 29
since = 2020-01-01

[[prices]]
code = "shared"
name = "公摊"
way = "shared"
since = 2020-01-01
"""


async def priced(session: Session, tmp_path: Path) -> int:
    """Give the estate a price list; nothing is billed yet."""
    community_id = int(await session.scalar(select(Community.id)) or 0)
    file = tmp_path / "prices.toml"
    file.write_text(PRICES, encoding="utf-8")
    await tariffs.keep(session, OPERATOR, community_id=community_id, rows=tariffs.read(file))
    return community_id


async def run(line: Line, community_id: int, month: date = MONTH) -> BillRun:
    """Write a month's bills as the command does."""

    async def begin(session: Session) -> int:
        return (await billing.begin(session, OPERATOR, community_id=community_id, month=month, now=START)).id

    run_id = await line.db.run(begin)
    while await line.db.run(lambda session: billing.go_on(session, run_id=run_id, now=START)):
        pass
    async with line.db.reading() as session:
        return await billing.found(session, run_id=run_id)


async def bills_of(session: Session, item: str, period: str) -> list[Bill]:
    return list((await session.scalars(select(Bill).where(Bill.item == item, Bill.period == period))).all())


async def test_a_run_writes_what_its_preview_said_and_writes_it_once(line: Line, tmp_path: Path) -> None:
    async with line.db.transaction() as session:
        community_id = await priced(session, tmp_path)
        cost = Cost("shared", "2026-12", 1_234_567)
        await tariffs.share(session, OPERATOR, community_id=community_id, cost=cost)
    async with line.db.reading() as session:
        seen = await billing.preview(session, OPERATOR, community_id=community_id, month=MONTH)
        units = int(await session.scalar(select(func.count(Unit.id)).where(Unit.kind == "flat")) or 0)
    done = await run(line, community_id)
    assert (done.bills, done.cents) == (seen.bills, seen.cents)
    assert seen.bills == 2 * units > billing.CHUNK / 2
    async with line.db.reading() as session:
        shared = await bills_of(session, "公摊", "2026-12")
        assert sum(bill.cents for bill in shared) == 1_234_567
        assert {bill.due_on for bill in await bills_of(session, "物业费", "2027-01..2027-03")} == {date(2027, 1, 30)}
        assert (await reconcile.totals(session, community_id=community_id)).balanced
    with pytest.raises(BillsThere):
        await run(line, community_id)


async def test_a_run_that_was_stopped_goes_on_and_bills_nobody_twice(line: Line, tmp_path: Path) -> None:
    async with line.db.transaction() as session:
        community_id = await priced(session, tmp_path)
        await tariffs.share(session, OPERATOR, community_id=community_id, cost=Cost("shared", "2026-12", 99_999))
        begun = await billing.begin(session, OPERATOR, community_id=community_id, month=MONTH, now=START)
        run_id = begun.id
    await line.db.run(lambda session: billing.go_on(session, run_id=run_id, now=START))
    done = await run(line, community_id)
    assert done.state == "done"
    async with line.db.reading() as session:
        assert sum(bill.cents for bill in await bills_of(session, "公摊", "2026-12")) == 99_999
        twice = select(Bill.unit_id).group_by(Bill.unit_id, Bill.item, Bill.period).having(func.count() > 1)
        assert (await session.scalars(twice)).all() == []


async def test_units_that_change_while_a_cost_is_split_leave_no_cent_over(line: Line, tmp_path: Path) -> None:
    async with line.db.transaction() as session:
        community_id = await priced(session, tmp_path)
        await tariffs.share(session, OPERATOR, community_id=community_id, cost=Cost("shared", "2026-12", 77_777))
        run_id = (await billing.begin(session, OPERATOR, community_id=community_id, month=MONTH, now=START)).id
        some = (await session.scalars(select(Unit).where(Unit.kind == "flat").order_by(Unit.id).limit(5))).all()
        for unit in some:
            unit.area_cm2 += 123_456
    while await line.db.run(lambda session: billing.go_on(session, run_id=run_id, now=START)):
        pass
    async with line.db.reading() as session:
        assert sum(bill.cents for bill in await bills_of(session, "公摊", "2026-12")) == 77_777
        cost = (await session.scalars(select(SharedCost))).one()
        assert (cost.done_cents, cost.split_at) == (77_777, START)


async def test_a_cost_of_one_building_is_split_there_alone(line: Line, tmp_path: Path) -> None:
    async with line.db.transaction() as session:
        community_id = await priced(session, tmp_path)
        name = str(await session.scalar(select(Building.name).order_by(Building.id)))
        cost = Cost("shared", "2026-12", 50_001, building=name)
        await tariffs.share(session, OPERATOR, community_id=community_id, cost=cost)
    await run(line, community_id)
    async with line.db.reading() as session:
        rows = select(Unit.building, func.sum(Bill.cents)).join(Bill, Bill.unit_id == Unit.id)
        found = await session.execute(rows.where(Bill.period == "2026-12").group_by(Unit.building))
        assert [tuple(row) for row in found.all()] == [(name, 50_001)]


async def test_money_paid_ahead_pays_the_new_bills(line: Line, tmp_path: Path) -> None:
    async with line.db.transaction() as session:
        community_id = await priced(session, tmp_path)
        await session.execute(delete(Bill).where(Bill.paid_cents == 0))
        billed = select(Bill.unit_id)
        unit = (await session.scalars(select(Unit).where(Unit.kind == "flat", Unit.id.not_in(billed)).limit(1))).one()
        money = Money(cents=1_000_000, way="cash", source="desk", key="ahead", paid_on=START.date())
        await ledger.record(session, OPERATOR, unit=unit, money=money, now=START)
    await run(line, community_id)
    async with line.db.reading() as session:
        bill = (await session.scalars(select(Bill).where(Bill.unit_id == unit.id))).one()
        paid = (await session.scalars(select(Payment).where(Payment.key == "ahead"))).one()
        assert standing.open_cents(bill) == 0
        assert paid.free_cents == 1_000_000 - bill.cents
        assert await reconcile.wrong_bills(session, community_id=community_id) == []


@pytest.mark.parametrize(
    ("line_", "says"),
    [
        ('price = "cheap"', "prices[1].price"),
        ("price = 2.80001", "at most four digits"),
        ("months = 5", "months"),
        ('since = "soon"', "since"),
        ('way = "gift"', "way"),
    ],
)
def test_a_price_list_that_does_not_fit_is_refused_by_name(line_: str, says: str, tmp_path: Path) -> None:
    given: dict[str, Any] = dict(
        part.split(" = ", 1) for part in PRICES.split("\n\n", maxsplit=1)[0].strip().split("\n")[1:]
    )
    key, value = line_.split(" = ", 1)
    given[key] = value
    file = tmp_path / "prices.toml"
    file.write_text("[[prices]]\n" + "\n".join(f"{one} = {two}" for one, two in given.items()), encoding="utf-8")
    with pytest.raises(CatalogError) as wrong:
        tariffs.read(file)
    assert says in str(wrong.value)


async def test_only_who_keeps_the_books_runs_bills(quick_line: Line, tmp_path: Path) -> None:
    nobody: Actor = actors.system("digests")
    async with quick_line.db.transaction() as session:
        community_id = await priced(session, tmp_path)
        with pytest.raises(NotAllowed):
            await billing.begin(session, nobody, community_id=community_id, month=MONTH, now=START)
        with pytest.raises(NotAllowed):
            await billing.preview(session, nobody, community_id=community_id, month=MONTH)
