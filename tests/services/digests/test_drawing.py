"""Pictures and workbooks: every sign is in its font, nothing typed becomes a formula, a strange label does no harm."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from scripts import chart_font
from services.digests import books, charts
from services.digests.pages import Bars, Cell, Chart, Lines, Rate, Table
from services.messages import Channel, T, Text, plain
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
