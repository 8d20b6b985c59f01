"""Long texts are cut where a reader would pause, and nothing is lost."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.split import clip, split, units, visible
from tests.botapi.entities import read_html

_words = st.text(alphabet="修水a.。! \n😀👩&<>;lt", max_size=60)
_limits = st.integers(min_value=2, max_value=20)


@st.composite
def _marked(draw: st.DrawFn) -> str:
    """Text as the catalogues render it: words escaped, some of them bold."""
    pieces = draw(st.lists(st.tuples(_words, st.booleans()), max_size=5))
    escaped = [(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), bold) for text, bold in pieces]
    return "".join(f"<b>{text}</b>" if bold else text for text, bold in escaped)


@given(_marked(), _limits)
def test_pieces_of_a_marked_text_join_to_the_whole_and_each_fits(text: str, limit: int) -> None:
    pieces = split(text, limit=limit, marked=True)
    assert "".join(map(visible, pieces)) == visible(text)
    assert all(units(visible(piece)) <= limit for piece in pieces)


@given(_marked(), _limits)
def test_every_piece_is_html_that_telegram_reads(text: str, limit: int) -> None:
    shown = [read_html(piece) for piece in split(text, limit=limit, marked=True)]
    assert "".join(words for words, _ in shown) == visible(text)


@given(_marked(), _limits)
def test_what_was_bold_stays_bold(text: str, limit: int) -> None:
    assert _bold(text) == "".join(_bold(piece) for piece in split(text, limit=limit, marked=True))


@given(_words, _limits)
def test_plain_pieces_join_to_the_whole_and_no_pair_is_cut(text: str, limit: int) -> None:
    pieces = split(text, limit=limit, marked=False)
    assert "".join(pieces) == text
    for piece in pieces:
        assert units(piece) <= limit
        assert len(piece.encode("utf-16-le")) == 2 * units(piece)


def test_a_cut_prefers_the_paragraph_then_the_line_then_the_sentence() -> None:
    assert split("甲甲甲。\n\n乙乙。丙丙丙", limit=10, marked=False) == ["甲甲甲。\n\n", "乙乙。丙丙丙"]
    assert split("甲甲甲。甲\n乙乙。丙丙", limit=10, marked=False) == ["甲甲甲。甲\n", "乙乙。丙丙"]
    assert split("甲甲甲甲甲。甲乙乙丙丙", limit=10, marked=False) == ["甲甲甲甲甲。", "甲乙乙丙丙"]
    assert split("one two three four", limit=10, marked=False) == ["one two ", "three four"]


def test_a_pause_near_the_beginning_does_not_make_a_tiny_piece() -> None:
    assert split("甲\n\n" + "乙" * 15, limit=10, marked=False)[0] == "甲\n\n" + "乙" * 7


def test_a_text_that_fits_is_left_alone() -> None:
    assert split("<b>好</b>的", limit=2, marked=True) == ["<b>好</b>的"]


def test_a_clipped_text_ends_with_an_ellipsis_and_closed_tags() -> None:
    assert clip("<b>修好了吗修好了吗</b>", limit=5, marked=True) == "<b>修好了吗</b>…"
    assert clip("修好了", limit=5, marked=True) == "修好了"


def _bold(text: str) -> str:
    return visible("".join(re.findall(r"<b>(.*?)</b>", text, re.DOTALL)))
