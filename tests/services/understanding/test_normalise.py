"""One spelling for what people type."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.understanding.normalise import lower, mend, normalise, number

ANYTHING = st.text(
    st.one_of(st.characters(exclude_categories=()), st.sampled_from("零一二三十百栋楼单元号乾著 .!,。嗯呃哎aA-—")),
    max_size=60,
)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("３号楼", "3号楼"),
        ("三号楼二单元一五零二", "3号楼2单元1502"),
        ("十二栋", "12栋"),
        ("一百零二室", "102室"),
        ("負一樓", "负1楼"),
        ("電梯壞了", "电梯坏了"),
        ("漏水了！！！！", "漏水了!"),
        ("漏 水 了", "漏水了"),
        ("my  lift   stopped", "my lift stopped"),
        ("呃 电梯停了", "电梯停了"),
        ("漏水😭😭", "漏水"),
        ("👌", "好的"),
        ("1️⃣", "1"),
        ("3—2—1502", "3-2-1502"),
    ],
)
def test_ways_of_typing_come_to_one_spelling(typed: str, read: str) -> None:
    assert normalise(typed) == read


@pytest.mark.parametrize("text", ["万一漏水", "统一收费", "等了半天", "有一点漏", "楼上一直吵", "同一栋"])
def test_numerals_that_count_nothing_stay_words(text: str) -> None:
    assert normalise(text) == text


@given(ANYTHING)
@example("\ud800漏水")
@settings(max_examples=300, deadline=None)
def test_normalising_twice_is_the_same_as_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_slips_and_hong_kong_words_are_mended_for_matching() -> None:
    assert mend(normalise("店梯壞咗")) == "电梯坏了"
    assert mend("煤汽味") == "煤气味"


def test_another_converter_may_be_passed_in() -> None:
    assert normalise("電", lambda text: text) == "電"


@given(st.integers(0, 99))
def test_digits_are_read_as_numbers(value: int) -> None:
    assert number(str(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("十", 10), ("二十一", 21), ("一百二十", 120), ("两", 2), ("一五零二", 1502), ("楼", None), ("", None)],
)
def test_chinese_numerals_are_read_in_both_ways(text: str, value: int | None) -> None:
    assert number(text) == value


@given(st.text())
def test_lowering_moves_nothing(text: str) -> None:
    assert len(lower(text)) == len(text)
