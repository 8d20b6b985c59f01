"""Formal letters as one PDF, a page each; slow, so never inside a transaction nor in the loop's thread."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from services import places
from services.digests.charts import FONT, FONT_OF, FONTS
from services.dunning.letters import Printed
from services.dunning.steps import StepList
from services.messages import Cents, T, Text, plain
from services.models import Letter
from services.money import capitals

if TYPE_CHECKING:
    from fpdf import FPDF

Words = Callable[[Text], str]

MARGIN, TOP, FOOT = 25, 20, 15  # mm
SIZE, TITLE, HEAD, SMALL = 11.5, 20, 14, 9  # points
LEADING, ROW, SLIP = 6.8, 7, 17  # mm: a line, a row, the slip at the bottom
GAP = 2  # mm
STROKE = 0.25  # mm: what makes a title bold, for the fonts have one weight
WIDTHS = (12, 50, 42, 26, 30)  # of the table's columns, mm
PADDING = 1.5  # mm, beside a cell's words
MIME = "application/pdf"
CLOSING = "\uff0c\u3002\uff1b\uff1a\u3001\uff09\u300b\u201d\uff01\uff1f"  # signs that begin no line
NO_CAPITALS = "-"  # a script that writes no sums in capitals


def lacking(words: str) -> str:
    """Return the signs of words that no font of ours has."""
    known = _signs()
    return "".join(sign for sign in words if ord(sign) not in known and not sign.isspace())


@lru_cache(maxsize=1)
def _signs() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - few processes print

    found: set[int] = set()
    for name in sorted({FONT, *FONT_OF.values()}):
        with TTFont(FONTS / name) as font:
            found |= set(font.getBestCmap())
    return frozenset(found)


def pdf(found: Sequence[Printed], *, say: Words, locale: str) -> bytes:
    """Return the letters as a PDF; what they say is in their rows, so that it is the same whenever it is printed."""
    from fpdf import FPDF  # noqa: PLC0415 - few processes print

    page = FPDF(format="A4")
    page.set_margins(MARGIN, TOP)
    page.set_auto_page_break(auto=True, margin=FOOT)
    first = FONT_OF.get(locale, FONT)
    others = sorted({FONT, *FONT_OF.values()} - {first})  # names may be in the other writing
    for name in (first, *others):
        page.add_font(name, fname=str(FONTS / name))
    page.set_fallback_fonts(others)
    page.set_creation_date(max((one.letter.made_at for one in found), default=datetime.now(UTC)))
    for one in found:
        page.add_page()
        _Sheet(page, first, say).write(one)
    return bytes(page.output())


class _Sheet:
    """One letter being written."""

    def __init__(self, page: FPDF, font: str, say: Words) -> None:
        self._page, self._font, self._say = page, font, say

    def write(self, one: Printed) -> None:
        letter, place = one.letter, places.unit_label(one.unit)
        said: Mapping[str, Any] = letter.said
        self._head(letter, said["company"] or said["estate"])
        self._line(_to(letter, place))
        self._line(_begin(letter, place))
        self._table(letter, said["lines"])
        self._line(_ask(letter))
        if said["how"]:
            self._line(T("letter.how", how=said["how"]))
        self._line(T("letter.else"))
        self._line(T("letter.call", phone=said["phone"]))
        self._foot(letter, said)

    def _head(self, letter: Letter, company: str) -> None:
        self._put(plain(company), size=HEAD, align="C", bold=True)
        y = self._page.get_y() + 1
        for thick, below in ((0.7, 0.0), (0.2, 1.1)):
            self._page.set_line_width(thick)
            self._page.line(MARGIN, y + below, self._page.w - MARGIN, y + below)
        self._page.set_y(y + 7)
        self._put(T(f"letter.title.{letter.list}"), size=TITLE, align="C", bold=True)
        self._page.ln(GAP)
        self._put(T("letter.number", year=letter.year, count=letter.number), align="R")
        self._page.ln(GAP)

    def _table(self, letter: Letter, rows: Sequence[Sequence[Any]]) -> None:
        heads = [T("letter.nth"), T("letter.item"), T("letter.period"), T("letter.due"), T("letter.open")]
        self._page.ln(GAP)
        self._page.set_font(self._font, size=SIZE - 1)
        self._page.set_line_width(0.2)
        aligns = ("CENTER", "LEFT", "LEFT", "CENTER", "RIGHT")
        looks: dict[str, Any] = {"line_height": ROW, "headings_style": _plainly(), "padding": (0, PADDING)}
        with self._page.table(col_widths=WIDTHS, text_align=aligns, **looks) as table:
            head = table.row()
            for text, align in zip(heads, aligns, strict=True):
                head.cell(self._say(text), align=align)
            for nth, (item, period, due, cents) in enumerate(rows, start=1):
                row = table.row()
                for cell, width in zip((str(nth), item, period, due, self._sum(cents)), WIDTHS, strict=True):
                    row.cell("\n".join(self._wrapped(cell, width - 3 * PADDING)))
            last = table.row()
            last.cell(self._say(self._total(letter.cents)), colspan=4, align="LEFT")
            last.cell(self._sum(letter.cents), align="RIGHT")
        self._page.ln(GAP + 1)

    def _total(self, cents: int) -> Text:
        signs = self._say(T("letter.capitals"))
        if signs == NO_CAPITALS:
            return T("letter.total")
        return T("letter.total_spelled", capitals=capitals.spelled(cents, signs))

    def _sum(self, cents: int) -> str:
        return self._say(T("letter.sum", cents=Cents(cents)))

    def _foot(self, letter: Letter, said: Mapping[str, Any]) -> None:
        """Write who sends it, with room for the seal, and at the bottom the slip that whoever gets it signs."""
        self._page.ln(GAP)
        names = [name for name in dict.fromkeys([said["company"], said["estate"]]) if name]
        if self._page.will_page_break((len(names) + 2) * LEADING + SLIP):
            self._page.add_page()
        for name in names:
            self._put(plain(name), align="R")
        self._put(T("letter.seal"), align="R")
        self._put(_day(letter.made_on), align="R")
        y = self._page.h - FOOT - SLIP
        self._page.set_dash_pattern(dash=1.2, gap=1.2)
        self._page.set_line_width(0.2)
        self._page.line(MARGIN, y, self._page.w - MARGIN, y)
        self._page.set_dash_pattern()
        self._page.set_y(y + GAP)
        number = T("letter.number", year=letter.year, count=letter.number)
        self._put(T("letter.handed", number=number), size=SMALL)
        self._put(T("letter.signed"), size=SMALL)

    def _line(self, text: Text) -> None:
        self._put(text)
        self._page.ln(GAP / 2)

    def _put(self, text: Text, *, size: float = SIZE, align: str = "L", bold: bool = False) -> None:
        from fpdf.enums import TextMode  # noqa: PLC0415 - few processes print

        self._page.set_font(self._font, size=size)
        with self._page.local_context(text_mode=TextMode.FILL_STROKE if bold else TextMode.FILL, line_width=STROKE):
            for line in self._wrapped(self._say(text), self._page.epw):
                height = max(LEADING, size * 0.5)
                self._page.cell(0, height, line, align=align, new_x="LMARGIN", new_y="NEXT")

    def _wrapped(self, words: str, room: float) -> Sequence[str]:
        """Cut words into lines that fit; no line begins with what closes."""
        found, line, wide = list[str](), "", 0.0
        for part in parts(words):
            width = self._page.get_string_width(part)
            spare = self._page.get_string_width(" ") if part.endswith(" ") else 0.0
            if line.strip() and wide + width - spare > room - 2 * self._page.c_margin:
                found.append(line.rstrip())
                line, wide = "", 0.0
            line, wide = line + part, wide + width
        return [*found, line.rstrip()]


def parts(words: str) -> Sequence[str]:
    """Return what may not be cut: a Latin word with its space, figures in groups, else a sign with what closes it."""
    return re.findall(rf"(?:\d+(?:[ -]\d+)+|[!-~]+|[^!-~])[{CLOSING}]* ?", words)


def _plainly() -> Any:  # noqa: ANN401 - a style of the library
    from fpdf.fonts import FontFace  # noqa: PLC0415 - few processes print

    return FontFace(emphasis="", fill_color=(238, 238, 238))


def _to(letter: Letter, place: Text) -> Text:
    tie = T(f"letter.tie.{letter.tie}")
    if not letter.name:
        return T("letter.to_unnamed", place=place, tie=tie)
    return T("letter.to", place=place, tie=tie, name=letter.name)


def _begin(letter: Letter, place: Text) -> Text:
    day = _day(letter.made_on)
    if letter.list == StepList.HANDOVER:
        return T("letter.begin.handover", place=place, since=_day(letter.since or letter.made_on), day=day)
    if letter.list == StepList.LEFT:
        return T("letter.begin.left", place=place, day=day)
    return T(f"letter.begin.{letter.tie}", place=place, day=day)


def _ask(letter: Letter) -> Text:
    return T("letter.ask_handover") if letter.list == StepList.HANDOVER else T("letter.ask")


def _day(day: date) -> T:
    """Say a day with its year, as papers do."""
    return T("day.year", year=day.year, month=day.month, day=day.day)
