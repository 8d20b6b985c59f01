"""What was paid is shown for one's own time alone, what holds is asked of the price list, links are made of figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from services import images, media
from services.actors import Actor, Proof, Role
from services.db import Session
from services.fee_settings import Fees, Payments
from services.media import MediaStore
from services.messages import Channel
from services.models import Bill, Media, Occupancy, Payment
from services.money import account, ledger, paylink, prices, standing
from services.money.ledger import Money
from services.money.standing import NeedsProof
from services.refusals import NotAllowed, NotFound
from services.settings import Policy
from tests.support import accounts, estate
from tests.support.line import START, Line

HOME = "3-2-1502"


async def somebody(session: Session, line: Line, name: str) -> Actor:
    actor = await estate.actor_of(session, line, await estate.web_of(session, name))
    return replace(actor, proof=Proof.CODE, proof_is_recent=True)


async def paid(session: Session, line: Line, on: date, cents: int = 10_000) -> Payment:
    """Let the desk take money for Wang Fang's home on a day."""
    clerk = await somebody(session, line, "小李")
    unit = await accounts.unit_called(session, HOME)
    money = Money(cents=cents, way="cash", source="desk", key=f"{on}", paid_on=on)
    return await ledger.record(session, clerk, unit=unit, money=money, now=line.now)


async def test_payments_are_listed_by_year_with_what_they_paid(line: Line) -> None:
    async with line.db.transaction() as session:
        await paid(session, line, date(2025, 5, 1))
        await paid(session, line, date(2026, 4, 1))
        owner = await somebody(session, line, "王芳")
        assert await account.years(session, owner) == [2026, 2025]
        (entry,) = await account.past(session, owner, year=2025)
        assert entry.payment.paid_on == date(2025, 5, 1)
        assert sum(cents for _, cents in entry.bills) == 10_000


async def test_whoever_moved_in_later_sees_nothing_of_before(line: Line) -> None:
    async with line.db.transaction() as session:
        before = await paid(session, line, date(2025, 5, 1))
        unit = await accounts.unit_called(session, HOME)
        its = Occupancy.unit_id == unit.id
        await session.execute(update(Occupancy).where(its).values(since=date(2026, 1, 1)))
        owner = await somebody(session, line, "王芳")
        assert await account.years(session, owner) == []
        with pytest.raises(NotFound):
            await account.receipt(session, owner, number=before.number)
        with pytest.raises(NotFound):
            await account.by_id(session, owner, payment_id=before.id)


async def test_a_neighbours_receipt_is_not_there(line: Line) -> None:
    async with line.db.transaction() as session:
        payment = await paid(session, line, START.date())
        with pytest.raises(NotFound):
            await account.receipt(session, await somebody(session, line, "杨帆"), number=payment.number)


async def test_past_payments_want_a_proof(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = replace(await somebody(session, line, "王芳"), proof=Proof.REGISTER)
        with pytest.raises(NeedsProof):
            await account.past(session, owner, year=2026)


async def test_accounts_are_for_who_works_with_them(line: Line) -> None:
    collector = await accounts.hired(line, "陈收费", Role.COLLECTOR)
    async with line.db.transaction() as session:
        unit = await accounts.unit_called(session, HOME)
        elsewhere = await accounts.unit_called(session, "1-1-101")
        desk, engineer = await somebody(session, line, "小李"), await somebody(session, line, "王师傅")
        assert (await account.of_unit(session, desk, unit_id=unit.id)).due > 0
        with pytest.raises(NotAllowed):
            await account.of_unit(session, engineer, unit_id=unit.id)
        chen = await estate.actor_of(session, line, collector)
        assert (await account.of_unit(session, chen, unit_id=unit.id)).due > 0
        with pytest.raises(NotAllowed):
            await account.of_unit(session, chen, unit_id=elsewhere.id)


async def test_a_sum_pays_the_oldest_first(line: Line) -> None:
    async with line.db.transaction() as session:
        unit = await accounts.unit_called(session, HOME)
        bills = await standing.owed(session, unit_ids=[unit.id])
        first = standing.open_cents(bills[0])
        assert account.shares(bills, first - 1) == ([(bills[0], first - 1)], 0)
        parts, over = account.shares(bills, 10_000_000)
        assert sum(cents for _, cents in parts) + over == 10_000_000


async def test_the_most_particular_price_holds(line: Line) -> None:
    await accounts.price_list(line)
    async with line.db.transaction() as session:
        owner = await somebody(session, line, "王芳")
        household = next(one for one in await prices.households(session, owner) if one.unit.kind == "flat")
        known = await prices.valid(session, community_id=household.unit.community_id, today=START.date())
        (management,) = [one for one in prices.fitting(known, household) if one.code == "management"]
        assert (management.rate, prices.costs(management, household.unit)) == (28_000, 94_416)
        assert "parking" not in {one.code for one in prices.fitting(known, household)}
        assert (await prices.before(session, management)).rate == 25_000  # type: ignore[union-attr]


@pytest.mark.parametrize(("rate", "said"), [(28_000, "2.80"), (3_490, "0.349"), (3_000_000, "300.00"), (1, "0.0001")])
def test_rates_are_written_as_people_say_them(rate: int, said: str) -> None:
    assert prices.yuan(rate) == said


@pytest.mark.parametrize("link", ["http://pay.example", "https://pay.example/{flat}", "https://pay.example/{", "pay"])
def test_a_link_that_cannot_be_filled_is_refused(link: str) -> None:
    with pytest.raises(ValidationError):
        Payments(link=link)


async def test_a_link_names_unit_and_sum_and_is_drawn_as_it_is(line: Line, tmp_path: Path) -> None:
    link = "https://pay.example/{community}?unit={unit}&cents={cents}"
    policy = Policy(payments=Payments(link=link, how="到前台", how_en="At the desk"))
    async with line.db.transaction() as session:
        owner = await somebody(session, line, "王芳")
        unit = await accounts.unit_called(session, HOME)
        way = await paylink.of(session, owner, unit=unit, cents=98_339, now=line.now, policy=policy)
        assert way.words == "到前台"
        assert way.link.endswith("?unit=3-2-1502&cents=98339")
        row = await session.get_one(Media, way.media_id)
        assert MediaStore(tmp_path, page="https://line.example").get(row.sha256) == images.square_code(way.link)
        again = await media.draw_link(session, way.link, community_id=unit.community_id, now=line.now)
        assert again == way.media_id
        by_text = replace(owner, channel=Channel.SMS, locale="en")
        assert await paylink.of(session, by_text, unit=unit, cents=1, now=line.now, policy=policy) == paylink.WayToPay(
            "At the desk"
        )


async def test_a_refund_is_told_to_who_pays(line: Line) -> None:
    await estate.linked(line, "王芳")
    async with line.db.transaction() as session:
        payment = await paid(session, line, START.date())
        lead = await somebody(session, line, "孙经理")
        await ledger.refund(session, lead, payment=payment, cents=1_000, key="r", words="重复", now=line.now)
        bills = await session.scalars(select(Bill).where(Bill.unit_id == payment.unit_id))
        assert sum(bill.paid_cents for bill in bills) == 9_000
    await line.drain()
    assert any("退给您 10.00元" in shown.text for shown in line.screen(await estate.at_home(line, "王芳")).messages)


@pytest.mark.parametrize("found", ["[50, 20]", "50 20", [50, 20], (50, 20)])
def test_thresholds_are_figures_however_they_are_given(found: object) -> None:
    assert Fees.model_validate({"low_balance": found}).low_balance == (50, 20)
