"""The commands about letters, the legal list and records; a letter as a page of a PDF."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from python_calamine import load_workbook
from sqlalchemy import select

from services.actors import Tie
from services.db import Database, Session
from services.digests import letterpaper
from services.dunning.letters import Printed
from services.dunning.steps import OF_THE_OFFICE, Does, StepList, of
from services.exports.workbook import Workbook
from services.messages import Channel, T, Text
from services.models import Letter, Occupancy, Person, Unit
from services.texts import LOCALES, Reader, Texts
from tests.scripts.conftest import Call
from tests.support import dunned
from tests.support.line import START

ZONE = ZoneInfo("Asia/Shanghai")
RARE = "\U00030edd"  # of a dish of noodles: no font of ours has it


def test_the_shipped_steps_end_with_a_letter_and_the_legal_list() -> None:
    office = [step for step in of("")[StepList.FEES] if step.does in OF_THE_OFFICE]
    assert [(step.does, step.days) for step in office] == [(Does.LETTER, 365), (Does.LEGAL, 455)]


def a_letter(number: int, *, lines: int = 2, which: str = "fees", name: str = "王芳") -> Printed:
    rows = [["物业费", f"2025年{count + 1}月", "2025-01-31", dunned.CENTS] for count in range(lines)]
    letter = Letter(
        year=2026, number=f"{number:03d}", made_at=START, made_on=START.date(), name=name, tie="owner", list=which,
        since=date(2025, 1, 31), cents=dunned.CENTS * lines,
        said={"company": "阳光物业", "estate": "阳光花园", "phone": "0571-88880000", "how": "扫码", "lines": rows},
    )  # fmt: skip
    return Printed(letter, Unit(kind="flat", building="3", entrance="2", room="1502"))


def say_in(locale: str) -> Callable[[Text], str]:
    texts, reader = Texts.load(), Reader(locale, ZONE, START, Channel.CONSOLE)
    return lambda text: texts.say(text, reader)


def pages(made: bytes) -> int:
    return made.count(b"/Type /Page\n")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("which", ["fees", "handover", "left"])
def test_a_letter_is_a_page_of_a_pdf(locale: str, which: str) -> None:
    found = [a_letter(1, which=which), a_letter(2, which=which, name="鑫璟宸翡珑楠馨淼")]
    made = letterpaper.pdf(found, say=say_in(locale), locale=locale)
    assert made.startswith(b"%PDF")
    assert pages(made) == 2


def test_many_lines_go_on_to_further_pages() -> None:
    assert pages(letterpaper.pdf([a_letter(1, lines=60)], say=say_in("zh_Hans"), locale="zh_Hans")) > 1


def test_a_letter_printed_again_is_the_same_to_the_byte() -> None:
    first, again = (letterpaper.pdf([a_letter(1)], say=say_in("zh_Hans"), locale="zh_Hans") for _ in range(2))
    assert first == again


def test_names_of_people_can_mostly_be_written_and_what_can_not_is_told() -> None:
    assert letterpaper.lacking("鑫璟宸翡珑楠馨淼 Wang 3-2-1502") == ""
    assert letterpaper.lacking(f"{RARE}阁") == RARE


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sign_of_a_letter_is_in_the_fonts(locale: str) -> None:
    """Whoever changes these texts runs `python -m scripts.chart_font`."""
    texts = Texts.load()
    keys = [key for key in sorted(texts.keys()) if key.startswith(("letter.", "letter_"))]
    sentences = [texts._sentences[locale][("", key)] for key in keys]
    assert letterpaper.lacking("".join(str(one) for one in sentences)) == ""


@pytest.mark.parametrize("locale", LOCALES)
def test_a_letter_says_that_water_and_repairs_go_on(locale: str) -> None:
    said = Texts.load().label(T("letter.else"), locale)
    assert any(word in said for word in ("不受影响", "不受影響", "not affected"))


def test_no_line_of_a_letter_begins_with_what_closes() -> None:
    parts = letterpaper.parts("请打电话 0571-8888 0000，或到（物业服务中心）。Call us, please.")
    assert "0571-8888 0000，" in parts
    assert "）。" not in parts
    assert "".join(parts) == "请打电话 0571-8888 0000，或到（物业服务中心）。Call us, please."


def with_rows(place: Path, work: Callable[[Session], Awaitable[None]]) -> None:
    """Do something in the command's database."""

    async def do() -> None:
        db = Database(f"sqlite:///{place}")
        async with db.transaction() as session:
            await work(session)
        await db.dispose()

    asyncio.run(do())


@pytest.fixture
def seeded(sqlite_estate: Path, tmp_path: Path) -> Path:
    """Return the file of the settings' database, with the demo's estate."""
    place = tmp_path / "data" / "line.db"
    place.parent.mkdir()
    shutil.copy(sqlite_estate, place)
    return place


@pytest.fixture
def owing_three(seeded: Path) -> Path:
    async def work(session: Session) -> None:
        wanted = await dunned.owing(session, Does.LETTER, 3)
        await name_of(session, wanted[1].unit_id, f"{RARE}某")
        await dunned.owing(session, Does.LEGAL, 1)

    with_rows(seeded, work)
    return seeded


async def name_of(session: Session, unit_id: int, name: str) -> None:
    tied = Occupancy.unit_id == unit_id, Occupancy.role == Tie.OWNER
    for person in await session.scalars(select(Person).join(Occupancy, Occupancy.person_id == Person.id).where(*tied)):
        person.name = name


def test_one_rare_name_waits_and_the_others_are_printed(owing_three: Path, call: Call, tmp_path: Path) -> None:
    place = tmp_path / "a.pdf"
    done = call("dunning", "letters", str(place))
    assert done.exit_code == 1
    assert "2 letters in" in done.output
    assert f"no {RARE}" in done.output
    assert pages(place.read_bytes()) == 2

    async def work(session: Session) -> None:
        for person in await session.scalars(select(Person).where(Person.name.startswith(RARE))):
            person.name = "某"

    with_rows(owing_three, work)
    done = call("dunning", "letters", str(place))
    assert done.exit_code == 0
    assert pages(place.read_bytes()) == 1
    done = call("dunning", "letters", str(place))
    assert (done.exit_code, "no letter" in done.output) == (0, True)


@pytest.mark.usefixtures("owing_three")
def test_a_page_that_could_not_be_written_is_printed_again(call: Call, tmp_path: Path) -> None:
    assert call("dunning", "letters", str(tmp_path / "no" / "such" / "folder.pdf")).exit_code != 0
    place = tmp_path / "a.pdf"
    assert "2 letters in" in call("dunning", "letters", str(place), "--again", "last").output
    year = again_year(place)
    one = call("dunning", "letters", str(place), "--again", f"{year}-002")
    assert (one.exit_code, pages(place.read_bytes())) == (0, 1)
    unknown = call("dunning", "letters", str(place), "--again", f"{year}-009")
    assert unknown.exit_code != 0
    assert "is no letter here" in str(unknown.exception)


def again_year(place: Path) -> str:
    """Return the year that the PDF was made in."""
    return place.read_bytes().partition(b"/CreationDate (D:")[2][:4].decode()


@pytest.mark.usefixtures("seeded")
def test_before_the_first_there_is_nothing_to_print_again(call: Call, tmp_path: Path) -> None:
    found = call("dunning", "letters", str(tmp_path / "a.pdf"), "--again", "last")
    assert found.exit_code != 0
    assert "no letter was printed yet" in str(found.exception)
    assert "nobody is on the legal list" in call("dunning", "legal", str(tmp_path / "l.xlsx")).output


@pytest.mark.usefixtures("owing_three")
def test_the_legal_list_and_a_record_are_workbooks(call: Call, tmp_path: Path) -> None:
    assert "1 households in" in call("dunning", "legal", str(tmp_path / "l.xlsx")).output
    rows = load_workbook(tmp_path / "l.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1][7] == dunned.CENTS / 100
    assert call("dunning", "record", "1-1-101", str(tmp_path / "r.xlsx")).exit_code == 0
    assert len(load_workbook(tmp_path / "r.xlsx").sheet_names) == 6
    assert call("dunning", "record", "99-9-9", str(tmp_path / "r.xlsx")).exit_code != 0


def test_no_cell_of_a_workbook_begins_a_formula(tmp_path: Path) -> None:
    with Workbook(tmp_path / "a.xlsx", "record", ("what", "day")) as book:
        book.add(("=1+1", date(2026, 1, 1) + timedelta(days=1)))
    rows: Sequence[object] = load_workbook(tmp_path / "a.xlsx").get_sheet_by_index(0).to_python()
    assert rows[1] == ["=1+1", date(2026, 1, 2)]
