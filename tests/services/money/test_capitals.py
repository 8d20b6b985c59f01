"""Sums in capitals: whoever reads them back gets the sum, in either script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messages import T
from services.money import capitals
from services.texts import Texts

SIGNS = [Texts.load().label(T("letter.capitals"), locale) for locale in ("zh_Hans", "zh_Hant")]


def read(words: str, signs: str) -> int:
    """Read a sum in capitals, by what each sign is worth."""
    figures = {sign: value for value, sign in enumerate(signs[:10])}
    places = dict(zip(signs[10:13], (10, 100, 1000), strict=True))
    groups = dict(zip(signs[13:15], (10_000, 100_000_000), strict=True))
    yuan, tenth, cent, even = list(signs[15:])
    total = whole = group = figure = 0
    for sign in words:
        if sign in figures:
            figure = figures[sign]
        elif sign in places:
            group, figure = group + figure * places[sign], 0
        elif sign in groups:
            whole, group, figure = whole + (group + figure) * groups[sign], 0, 0
        elif sign == yuan:
            total, group, figure = (whole + group + figure) * 100, 0, 0
        elif sign == tenth:
            total, figure = total + figure * 10, 0
        elif sign == cent:
            total, figure = total + figure, 0
        else:
            assert sign == even
    return total


@given(cents=st.integers(0, capitals.MOST) | st.integers(0, 10**8), signs=st.sampled_from(SIGNS))
def test_what_is_spelled_is_read_back(cents: int, signs: str) -> None:
    said = capitals.spelled(cents, signs)
    assert read(said, signs) == cents
    assert signs[0] * 2 not in said
    assert said.endswith((signs[17], signs[18]))


@pytest.mark.parametrize(
    ("cents", "said"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (30, "叁角整"),
        (98_339, "玖佰捌拾叁元叁角玖分"),
        (100_005, "壹仟元零伍分"),
        (1_000_000, "壹万元整"),
        (1_000_100, "壹万零壹元整"),
        (10_050_000, "壹拾万零伍佰元整"),
        (10_000_000_100, "壹亿零壹元整"),
    ],
)
def test_sums_are_spelled_as_banks_do(cents: int, said: str) -> None:
    assert capitals.spelled(cents, SIGNS[0]) == said


@pytest.mark.parametrize("cents", [-1, capitals.MOST + 1])
def test_what_is_no_sum_is_refused(cents: int) -> None:
    with pytest.raises(ValueError, match=str(cents)):
        capitals.spelled(cents, SIGNS[0])
