"""Numbers that answer a menu or a survey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.understanding.numbers import LAST_CHOICE, choice_number, score


@pytest.mark.parametrize(
    "form", ["{}", "{}.", "{}、", "({})", " {} ", "第{}个", "选{}", "{}号", "#{}", "option {}", "{}!", "{}吧"]
)
@given(value=st.integers(0, LAST_CHOICE))
def test_a_choice_may_be_written_in_many_ways(form: str, value: int) -> None:
    assert choice_number(form.format(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("１", 1), ("①", 1), ("一", 1), ("第一个", 1), ("第二個", 2), ("十二", 12), ("first", 1), ("two", 2), ("3️⃣", 3)],
)
def test_other_signs_for_numbers_are_read(text: str, value: int) -> None:
    assert choice_number(text) == value


@pytest.mark.parametrize("text", ["21", "99", "厨房", "3楼", "3个人", "1 2", "", "十十十十", "1.5"])
def test_what_is_no_choice_is_left_to_others(text: str) -> None:
    assert choice_number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("4分", 4),
        ("五星", 5),
        ("⭐⭐⭐", 3),
        ("很满意", 5),
        ("满意,谢谢", 4),
        ("不滿意", 2),
        ("5很满意", 5),
        ("1 很不满意", 1),
        ("还行吧", 3),
        ("very good", 5),
        ("5分,师傅很负责", 5),
        ("0", 0),
        ("没修好", 0),
    ],
)
def test_scores_are_read_from_digits_stars_and_words(text: str, value: int) -> None:
    assert score(text) == value


@pytest.mark.parametrize("text", ["1 很满意", "5很不满意", "55", "6", "⭐⭐⭐⭐⭐⭐", "师傅来过", "", "1个人来的"])
def test_scores_that_contradict_themselves_are_asked_again(text: str) -> None:
    assert score(text) is None


@given(st.text(max_size=60))
def test_any_text_may_answer(text: str) -> None:
    value = choice_number(text)
    assert value is None or 0 <= value <= LAST_CHOICE
    assert score(text) in (None, 0, 1, 2, 3, 4, 5)
