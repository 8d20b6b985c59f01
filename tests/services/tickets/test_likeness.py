"""Two reports of one fault are told from two faults: by place, category, words and time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.likeness import ALIKE, Fault, score
from tests.support.line import START

TWO_DAYS = timedelta(hours=48)

SAME = [
    (("lift", "3栋2单元电梯", "电梯坏了"), ("lift", "3栋2单元1号梯", "1号梯不动了")),
    (("lift", "3栋电梯", "电梯停了"), ("lift", "3栋1单元电梯", "电梯坏了")),
    (("lighting", "3栋2单元楼道", "楼道灯坏了"), ("lighting", "3栋2单元楼道", "楼道灯不亮")),
    (("access_card", "南门", "门禁坏了"), ("access_card", "南门", "门禁刷不开")),
    (("other", "3栋2单元电梯", "电梯坏了"), ("lift", "3栋2单元电梯", "电梯坏了")),
    (("lift", "3栋2单元电梯", "5楼电梯门关不上"), ("lift", "3栋2单元电梯", "12楼电梯门关不上")),
]
DIFFERENT = [
    (("lift", "3栋2单元2号电梯", "电梯坏了"), ("lift", "3栋2单元1号梯", "电梯坏了")),
    (("lift", "3栋2单元电梯", "电梯坏了"), ("lift", "3栋1单元电梯", "电梯坏了")),
    (("lift", "3栋2单元电梯", "电梯坏了"), ("lift", "2栋2单元电梯", "电梯坏了")),
    (("lighting", "3栋2单元楼道", "灯坏了"), ("lighting", "3栋2单元大堂", "灯坏了")),
    (("lighting", "3栋2单元楼道", "5楼灯坏了"), ("lighting", "3栋2单元楼道", "12楼灯不亮")),
    (("access_card", "公共区域", "门禁坏了"), ("access_card", "公共区域", "门禁坏了")),
    (("cleaning", "3栋2单元楼道", "垃圾没人收"), ("lighting", "3栋2单元楼道", "楼道灯不亮")),
    (("lift", "电梯", "电梯坏了"), ("lift", "3栋2单元电梯", "电梯坏了")),
]


def fault(said: tuple[str, str, str]) -> Fault:
    return Fault(*said, START)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_fault_is_recognised(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert score(fault(one), fault(other), within=TWO_DAYS) >= ALIKE


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_fault_is_told_apart(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert score(fault(one), fault(other), within=TWO_DAYS) < ALIKE


def test_what_was_reported_too_long_ago_is_something_else() -> None:
    old = fault(SAME[0][1])
    new = Fault(*SAME[0][0], START + TWO_DAYS + timedelta(seconds=1))
    assert score(new, old, within=TWO_DAYS) == 0


@given(st.sampled_from([one for pair in (*SAME, *DIFFERENT) for one in pair]), st.text(max_size=20))
def test_likeness_lies_between_nothing_and_all_and_knows_no_order(said: tuple[str, str, str], words: str) -> None:
    one, other = fault(said), fault((said[0], said[1], words))
    assert 0 <= score(one, other, within=TWO_DAYS) <= 100
    assert score(one, other, within=TWO_DAYS) == score(other, one, within=TWO_DAYS)
