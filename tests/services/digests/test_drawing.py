"""Pictures and workbooks: every sign is in its font, nothing typed becomes a formula, a strange label does no harm."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from scripts import chart_font
from services.digests import books, charts, drawing
from services.digests.pages import Bars, Cell, Chart, Lines, Paper, Rate, Row, Table
from services.messages import Cents, Channel, T, Text, plain
from services.texts import LOCALES, Reader, Texts

TEXTS = Texts.load()
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 12, 1, 0, tzinfo=UTC)
WEEKS = ["4/6", "4/13"]


def _say(text: Text, locale: str = "zh_Hans") -> str:
    return TEXTS.say(text, Reader(locale, ZONE, NOW, Channel.CONSOLE))


@pytest.mark.parametrize("locale", LOCALES)
def test_the_fonts_have_every_sign_that_charts_show(locale: str) -> None:
    """Whoever changes these texts runs `python -m scripts.chart_font`."""
    assert chart_font.signs(locale) - charts.signs(locale) == set()


@pytest.mark.parametrize(
    "chart",
    [
        Bars("volume", T("chart.volume"), WEEKS, [(T("chart.homes"), [3, 5]), (T("chart.public"), [0, 2])]),
        Bars("causes", T("chart.causes"), ["水管龙头", "𰻞"], [(None, [3, 1])], lying=True),
        Bars("hours", T("chart.hours"), WEEKS, [(None, [0, 0])]),
        Lines("replies", T("chart.replies"), WEEKS, [(T("kpi.replied"), [Rate(None), Rate(0.97)])], 100, [0, 30]),
        Lines("satisfied", T("chart.satisfied"), WEEKS, [(T("kpi.satisfied"), [Rate(None), Rate(None)])]),
    ],
    ids=["stacked", "lying", "nothing", "shares", "no shares"],
)
def test_a_chart_is_a_picture_that_a_phone_can_show(chart: Chart) -> None:
    """Warnings are errors here: a sign that the font lacks would be one."""
    drawn = charts.draw(chart, say=_say, locale="zh_Hans")
    picture = Image.open(io.BytesIO(drawn))
    assert picture.format == "PNG"
    assert picture.size == (1044, 612)
    assert len(drawn) < 100_000


def test_what_people_typed_is_never_a_formula() -> None:
    row: list[Cell] = ["=1+1", "https://example.org", plain("+86 138"), 3, Rate(0.5), Rate(None), None, NOW]
    table = Table(T("book.figures"), [T("book.name")] * len(row), [row], (10,))
    data = books.write([table], say=_say, zone=ZONE)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1" in sheet
    assert "hyperlink" not in sheet
    assert 'r="H2"' in sheet


def _paper(name: str) -> Paper:
    rows = [
        Row(plain("3栋2单元1502（112.40㎡）"), strong=True),
        Row(plain(name), T("paper.sum", cents=Cents(94_416)), plain("112.40㎡×2.80元×3个月")),
        Row(T("paper.total"), T("paper.sum", cents=Cents(94_416)), strong=True),
    ]
    return Paper(
        "statement", T("paper.statement"), plain("阳光花园"), rows, T("paper.phone", estate="阳光花园", phone="1")
    )


@pytest.mark.parametrize("locale", LOCALES)
def test_a_statement_is_drawn_for_readers_of_either_script(locale: str) -> None:
    """Operators' words are simplified here, whoever reads."""
    drawn = drawing.draw(_paper("物业费 2026年4–6月"), say=lambda text: _say(text, locale), locale=locale)
    assert drawn is not None
    picture = Image.open(io.BytesIO(drawn))
    assert picture.format == "PNG"
    assert picture.size[0] == drawing.WIDTH
    assert len(drawn) < 120_000


def test_a_long_name_takes_more_lines_and_no_other_width() -> None:
    short, long = (drawing.draw(_paper(name), say=_say, locale="zh_Hans") for name in ("物业费", "物业费 " * 30))
    assert short is not None
    assert long is not None
    assert Image.open(io.BytesIO(long)).size[1] > Image.open(io.BytesIO(short)).size[1]


def test_a_sign_that_no_font_has_leaves_the_words_alone() -> None:
    assert drawing.draw(_paper("𰻞费"), say=_say, locale="zh_Hans") is None
