"""Letters become text messages: numbered choices, counted segments, the number to call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.sms.gateway import Caps
from bot.channels.sms.rendering import numbered, render
from bot.channels.sms.segments import CountRule, is_gsm, segments
from services.messages import Choice, Say, T, plain
from tests.bot.channels.letters import choice, sms

CAPS = Caps()


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("", [0]),
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("修" * 70, [70]),
        ("修" * 71, [67, 4]),
        ("修" * 135, [67, 67, 1]),
        ("€" * 80, [80]),
        ("€" * 81, [76, 5]),
        ("😀" * 35, [35]),
        ("修" * 66 + "😀" * 3, [66, 3]),
        ("a" * 70 + "😀", [67, 4]),
    ],
)
def test_segments_are_those_that_networks_make(text: str, sizes: list[int]) -> None:
    assert [len(part) for part in segments(text)] == sizes


def test_on_the_mainland_every_sign_counts_one() -> None:
    assert [len(part) for part in segments("a" * 71, CountRule.CN)] == [67, 4]
    assert len(segments("a" * 70, CountRule.CN)) == 1


@given(st.text(alphabet="a€{修😀👩\n", max_size=400), st.sampled_from(CountRule))
def test_segments_join_to_the_whole_each_fits_and_no_pair_is_cut(text: str, rule: CountRule) -> None:
    parts = segments(text, rule)
    gsm = rule is CountRule.GSM and is_gsm(text)
    assert "".join(parts) == text
    for part in parts:
        places = sum(2 if sign in "€{" else 1 for sign in part) if gsm else len(part.encode("utf-16-le")) // 2
        assert places <= ((160 if gsm else 70) if len(parts) == 1 else (153 if gsm else 67))


def test_a_message_names_who_writes_and_whom_to_call() -> None:
    assert render(sms("报好了,单号0412-07。"), CAPS) == "【阳光花园物业】报好了,单号0412-07。\n电话0571-88880000"


@pytest.mark.parametrize("words", ["急事打0571-88880000", "急事打 0571 8888 0000", "急事打０５７１-88880000"])
def test_a_number_that_is_there_already_is_not_said_again(words: str) -> None:
    assert render(sms(words), CAPS) == f"【阳光花园物业】{words}"


def test_without_a_number_to_call_none_is_said() -> None:
    assert render(sms("您好", phone="", signature=""), CAPS) == "您好"


def test_a_gateway_that_signs_itself_gets_no_signature() -> None:
    assert render(sms("您好", phone=""), Caps(needs_signature=False)) == "您好"


def test_short_choices_stand_in_one_line() -> None:
    text = render(sms("修好了吗?", (choice("good"), choice("fair")), (choice("bad"),)), CAPS)
    assert text == "【阳光花园物业】修好了吗?\n1 满意 2 一般 3 不满意\n电话0571-88880000"


def test_long_choices_take_a_line_each() -> None:
    rows = ((Choice(T("flat", place="3栋2单元1502"), "a"),), (Choice(T("flat", place="3栋2单元1602"), "b"),))
    assert "\n1 3栋2单元1502 的人\n2 3栋2单元1602 的人\n" in render(sms("哪一家?", *rows), CAPS)


def test_a_choice_with_a_digit_keeps_it_and_zero_stays_for_back() -> None:
    rows = ((choice("good", digit="5"), choice("bad", digit="1")), (choice("back", digit="0"),))
    assert "\n5 满意 1 不满意 0 返回\n" in render(sms("打分", *rows), CAPS)
    mixed = Say(plain("?"), ((choice("good"), choice("fair")), (choice("back", digit="0"),)))
    assert [number for number, _ in numbered(mixed)] == ["1", "2", "0"]


def test_links_have_no_number() -> None:
    link = Choice(T("call"), url="tel:+8657188880000")
    assert "打电话" not in render(sms("您好", (link, choice("good"))), CAPS)


@given(st.lists(st.sampled_from(["", "0", "1", "3", "9"]), max_size=12))
def test_no_two_choices_share_a_number(digits: list[str]) -> None:
    own = [digit for at, digit in enumerate(digits) if not digit or digit not in digits[:at]]
    choices = tuple(choice("good", f"tap:{at}", digit=digit) for at, digit in enumerate(own))
    numbers = [number for number, _ in numbered(Say(plain("?"), (choices,)))]
    assert len(set(numbers)) == len(choices)
    assert [number for number, digit in zip(numbers, own, strict=True) if digit] == [digit for digit in own if digit]
    assert "0" not in [number for number, digit in zip(numbers, own, strict=True) if not digit]


@given(st.text(alphabet="修a😀。 \n", max_size=900), st.integers(1, 5), st.sampled_from(CountRule), st.booleans())
def test_a_message_never_takes_more_parts_than_allowed_and_keeps_the_number(
    words: str, most: int, rule: CountRule, asks: bool
) -> None:
    rows = ((choice("good"), choice("bad")),) if asks else ()
    text = render(sms("您好" + words, *rows), Caps(max_parts=most, count_rule=rule))
    assert len(segments(text, rule)) <= most
    assert "0571-88880000" in text
    assert ("1 满意 2 不满意" in text) is asks


def test_what_is_cut_off_shows() -> None:
    one = Caps(max_parts=1)
    assert render(sms("漏" * 100), one) == "【阳光花园物业】" + "漏" * 45 + "…\n电话0571-88880000"
    gsm = render(sms("x" * 200, phone="", signature=""), one)
    assert gsm == "x" * 157 + "..."


def test_choices_too_long_for_all_parts_are_cut_rather_than_the_number() -> None:
    rows = tuple((Choice(T("flat", place="3栋2单元" * 5), f"pick:{at}"),) for at in range(9))
    text = render(sms("哪一家?", *rows), Caps(max_parts=1))
    assert len(segments(text)) == 1
    assert text.startswith("【阳光花园物业】哪一家?")
    assert text.endswith("…\n0571-88880000")


def test_a_signature_too_long_leaves_the_number() -> None:
    text = render(sms("您好", signature="园" * 80), Caps(max_parts=1))
    assert text == "您好\n电话0571-88880000\n0571-88880000"


def test_without_a_number_to_call_long_choices_are_simply_cut() -> None:
    rows = tuple((Choice(T("flat", place="3栋2单元" * 5), f"pick:{at}"),) for at in range(9))
    text = render(sms("哪一家?", *rows, phone=""), Caps(max_parts=1))
    assert len(segments(text)) == 1
    assert text.endswith("…")


def test_nothing_to_say_is_no_message() -> None:
    assert render(sms(" \n"), CAPS) == ""
