"""`ownerline dunning`: letters as one PDF, the legal list and a household's record as workbooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services import actors, people, places
from services.access import Deed
from services.actors import Actor, House
from services.db import Session
from services.digests import fonts
from services.digests.charts import FONT, FONT_OF
from services.dunning import letters
from services.dunning.letters import Letter
from services.exports.workbook import Workbook
from services.messages import Channel, T, Text, plain
from services.models import Unit
from services.texts import Reader, Texts

OPERATOR = "operator"
FONTS = Path(fonts.__path__[0])
SIZE, TITLE, LEADING, MARGIN = 12, 18, 8, 25  # points, points, mm, mm
Say = Callable[[Text], str]


def print_letters(config: Path | None, *, file: Path, community: str) -> None:
    """Write the letters that are wanted into one PDF, a page each."""
    print(f"{running.run(_print(running.settings(config), file, community))} letters in {file}")


def list_legal(config: Path | None, *, file: Path, community: str) -> None:
    """Write the legal list into a workbook."""
    print(f"{running.run(_legal(running.settings(config), file, community))} households in {file}")


def write_record(config: Path | None, *, unit: str, file: Path, community: str) -> None:
    """Write everything that was tried with a household, and what it paid, into a workbook."""
    print(f"{running.run(_record(running.settings(config), unit, file, community))} rows in {file}")


def _clerk(house: House) -> Actor:
    return actors.system(OPERATOR, Deed.SEND_LETTERS, house=house)


def _speaker(house: House, now: datetime) -> Say:
    texts, reader = Texts.load(), Reader(house.locale, house.zone, now, Channel.CONSOLE)
    return lambda text: texts.say(text, reader)


async def _print(settings: Settings, file: Path, community: str) -> int:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.transaction() as session:  # a page that can't be written numbers no letter
            house = await running.house(session, community)
            found = await letters.take(session, _clerk(house), house=house, now=now)
            if found:
                await asyncio.to_thread(file.write_bytes, pdf(found, say=_speaker(house, now), locale=house.locale))
    return len(found)


def pdf(found: Sequence[Letter], *, say: Say, locale: str) -> bytes:
    """Return the letters as a PDF; raises `CommandError` for a sign that the font lacks, rather than leave it out."""
    from fpdf import FPDF  # noqa: PLC0415 - few commands need it

    page = FPDF(format="A4")
    page.set_margins(MARGIN, MARGIN)
    first = FONT_OF.get(locale, FONT)
    names = [
        first,
        *sorted({FONT, *FONT_OF.values()} - {first}),
    ]  # names of people and fees may be in the other writing
    for name in names:
        page.add_font(name, fname=str(FONTS / name))
    page.set_fallback_fonts(names[1:])
    known = set().union(*map(_signs, names))
    for letter in found:
        page.add_page()
        for text, size, align in _lines(letter):
            said = say(text)
            _printable(said, known)
            page.set_font(first, size=size)
            page.multi_cell(0, LEADING, said, align=align, new_x="LMARGIN", new_y="NEXT")
            page.ln(2)
    return bytes(page.output())


def _lines(letter: Letter) -> list[tuple[Any, int, str]]:
    body = [
        (T("letter.to", place=letter.place), SIZE, "L"),
        (T("letter.begin", day=letter.day, place=letter.place), SIZE, "L"),
        *((line, SIZE, "L") for line in letter.lines),
        (letter.total, SIZE, "L"),
        *((text, SIZE, "L") for text in (T("letter.ask"), T("letter.else"), T("letter.call", phone=letter.phone))),
    ]
    foot = [(plain(letter.head), SIZE, "R"), (T("letter.day", day=letter.day), SIZE, "R")]
    return [(T("letter.title"), TITLE, "C"), (letter.number, SIZE, "R"), *body, *foot, (T("letter.seal"), SIZE, "R")]


def _signs(name: str) -> set[int]:
    """Return the signs that a font has."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - few commands need it

    with TTFont(FONTS / name) as font:
        return set(font.getBestCmap())


def _printable(said: str, known: set[int]) -> None:
    missing = {sign for sign in said if ord(sign) not in known and not sign.isspace()}
    if missing:
        raise CommandError(f"the font has no {' '.join(sorted(missing))}; no letter was numbered")


async def _legal(settings: Settings, file: Path, community: str) -> int:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() as session:
            house = await running.house(session, community)
            found = await letters.legal(session, _clerk(house), community_id=house.id, now=now)
    say = _speaker(house, now)
    with Workbook(file, "legal", ("unit", "on the list since", "owed", "attempts")) as book:
        for one in found:
            since = one.since.astimezone(house.zone).date()
            book.add((say(places.unit_label(one.unit)), since, Decimal(one.cents).scaleb(-2), one.tried))
    return len(found)


async def _record(settings: Settings, name: str, file: Path, community: str) -> int:
    async with running.opened(settings) as db, db.reading() as session:
        house = await running.house(session, community)
        unit = await _unit(session, house, name)
        clerk = _clerk(house)
        tried = await letters.record(session, clerk, unit=unit)
        paid = await letters.paid(session, clerk, unit=unit)
        header = ("day", "what", "way", "delivery", "result", "reason", "owed", "next", "letter")
        with Workbook(file, "record", header) as book:
            for one in tried:
                at = one.attempt
                day = at.at.astimezone(house.zone).date()
                number = f"{at.letter_year}-{at.letter_number}" if at.letter_number else ""
                owed = Decimal(at.cents).scaleb(-2)
                result = at.result or at.state
                book.add((day, at.step, at.way, one.delivery, result, at.reason, owed, at.next_step, number))
            for money in paid:
                sum_ = Decimal(money.cents).scaleb(-2)
                book.add((money.paid_on, money.kind, money.way, "", f"{money.year}-{money.number}", "", sum_, "", ""))
    return len(tried) + len(paid)


async def _unit(session: Session, house: House, name: str) -> Unit:
    found = await people.unit_written(session, community_id=house.id, name=name)
    if found is None:
        raise CommandError(f"{name!r} is no unit here; write it like 3-2-1502")
    return found
