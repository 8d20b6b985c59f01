"""The commands about letters: printed once and numbered, what was paid left out, the legal list, a household's record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from python_calamine import load_workbook
from sqlalchemy import select

from scripts import letters as printing
from scripts.trouble import CommandError
from services import actors
from services.access import Deed
from services.actors import House
from services.db import Session
from services.dunning import letters
from services.dunning.letters import Letter
from services.dunning.steps import OF_THE_OFFICE, Does, StepList, of
from services.exports.workbook import Workbook
from services.messages import T, Text, When, plain
from services.models import Bill, Community, DunningAttempt, Unit
from services.money import ledger
from services.money.ledger import Money
from services.texts import Texts
from tests.support.line import START, Line

CLERK = actors.system("office", Deed.SEND_LETTERS, Deed.TAKE_PAYMENT)


async def owing(session: Session, way: Does, count: int) -> Sequence[DunningAttempt]:
    """Let households owe for so long that the office is to do something."""
    community_id = int(await session.scalar(select(Community.id)) or 0)
    units = (await session.scalars(select(Unit).where(Unit.kind == "flat").order_by(Unit.id).limit(count))).all()
    found = []
    for unit in units:
        when = date(2025, 1, 31)
        bill = Bill(
            community_id=community_id, unit_id=unit.id, item="物业费", period="2025-01", cents=12_345, due_on=when,
            as_of=START,
        )  # fmt: skip
        session.add(bill)
        await session.flush()
        row = {"community_id": community_id, "unit_id": unit.id, "key": f"fees:{unit.id}:{bill.id}:{way}"}
        attempt = DunningAttempt(
            **row, list="fees", step=way, way=way, state="wanted", at=START, bills=[bill.id], cents=12_345
        )
        session.add(attempt)
        found.append(attempt)
    await session.flush()
    return found


async def house_of(session: Session, line: Line) -> House:
    from services import houses  # noqa: PLC0415

    return await houses.by_id(session, community_id=int(await session.scalar(select(Community.id)) or 0))


def test_the_shipped_steps_end_with_a_letter_and_the_legal_list() -> None:
    office = [step for step in of("")[StepList.FEES] if step.does in OF_THE_OFFICE]
    assert [(step.does, step.days) for step in office] == [(Does.LETTER, 365), (Does.LEGAL, 455)]


async def test_letters_are_numbered_once_and_what_was_paid_is_left_out(line: Line) -> None:
    async with line.db.transaction() as session:
        wanted = await owing(session, Does.LETTER, 3)
        unit = await session.get_one(Unit, wanted[1].unit_id)
        paid = Money(cents=12_345, way="cash", source="desk", key="p", paid_on=START.date())
        await ledger.record(session, CLERK, unit=unit, money=paid, bills=wanted[1].bills, tell=False, now=START)
        house = await house_of(session, line)
        found = await letters.take(session, CLERK, house=house, now=START)
        assert [one.number.params["count"] for one in found] == ["001", "002"]
        assert [attempt.result for attempt in wanted] == ["printed", "paid", "printed"]
        assert await letters.take(session, CLERK, house=house, now=START) == []
        assert [attempt.letter_number for attempt in wanted] == ["001", "", "002"]


async def test_the_legal_list_forgets_who_has_paid(line: Line) -> None:
    async with line.db.transaction() as session:
        listed = await owing(session, Does.LEGAL, 2)
        house = await house_of(session, line)
        assert len(await letters.legal(session, CLERK, community_id=house.id, now=START)) == 2
        unit = await session.get_one(Unit, listed[0].unit_id)
        paid = Money(cents=12_345, way="cash", source="desk", key="p", paid_on=START.date())
        await ledger.record(session, CLERK, unit=unit, money=paid, bills=listed[0].bills, tell=False, now=START)
        (left,) = await letters.legal(session, CLERK, community_id=house.id, now=START)
        assert (left.unit.id, left.cents, left.tried) == (listed[1].unit_id, 12_345, 1)
        assert [one.attempt.id for one in await letters.record(session, CLERK, unit=unit)] == [listed[0].id]


def a_letter(place: str) -> Letter:
    line = T("letter.line", item="物业费", period="2025年1月", cents="123.45")
    return Letter(
        T("letter.number", year=2026, count="001"), plain(place), "阳光花园", When(START), [line], line, "110"
    )


@pytest.fixture
def say() -> Callable[[Text], str]:
    texts = Texts.load()
    return lambda text: texts.label(text, "zh_Hans")


def test_a_letter_is_a_page_of_a_pdf(say: Callable[[Text], str]) -> None:
    made = printing.pdf([a_letter("3栋2单元1502"), a_letter("3栋2单元1501")], say=say, locale="zh_Hans")
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page\n") == 2


def test_a_sign_that_the_font_lacks_is_told_and_not_left_out(say: Callable[[Text], str]) -> None:
    with pytest.raises(CommandError, match="𰻝"):
        printing.pdf([a_letter("𰻝阁")], say=say, locale="zh_Hans")


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant", "en"])
def test_a_letter_says_that_water_and_repairs_go_on(locale: str) -> None:
    said = Texts.load().label(T("letter.else"), locale)
    assert any(word in said for word in ("不受影响", "不受影響", "not affected"))


def test_no_cell_of_a_workbook_begins_a_formula(tmp_path: Path) -> None:
    with Workbook(tmp_path / "a.xlsx", "record", ("what", "day")) as book:
        book.add(("=1+1", date(2026, 1, 1) + timedelta(days=1)))
    rows = load_workbook(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1] == ["=1+1", date(2026, 1, 2)]
