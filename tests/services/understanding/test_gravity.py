"""Serious words are told from look-alikes and denials; a team is known by what its people are called."""

from __future__ import annotations

import pytest

from services.understanding.gravity import Gravity, serious_in
from services.understanding.teams import team_in


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("再不修我就打12345", Gravity.OFFICE),
        ("我要找律师起诉你们", Gravity.LAWYER),
        ("发抖音曝光你们", Gravity.PRESS),
        ("物业费一分不交", Gravity.REFUSES_TO_PAY),
        ("我们几户业主联名换物业", Gravity.GROUP),
        ("老人摔倒骨折了,我已经报警", Gravity.INJURY),
        ("再這樣我就報警", Gravity.POLICE),
        ("I will call my lawyer", Gravity.LAWYER),
        ("My son was bitten by a dog", Gravity.INJURY),
    ],
)
def test_what_is_threatened_or_told_is_named_the_gravest_first(words: str, kind: Gravity) -> None:
    assert serious_in(words) is kind


@pytest.mark.parametrize(
    "words", ["厨房水槽漏水", "烟感报警器一直响", "我没有受伤", "集体供暖什么时候开始", "谢谢师傅", "no lawyer needed"]
)
def test_look_alikes_and_denials_are_not_serious(words: str) -> None:
    assert serious_in(words) is None


@pytest.mark.parametrize(
    ("words", "team"),
    [
        ("前台爱理不理", "desk"),
        ("保安骂人", "security"),
        ("上门的师傅态度差", "engineering"),
        ("保洁阿姨不扫地", "cleaning"),
        ("the receptionist was rude", "desk"),
        ("楼上太吵", ""),
    ],
)
def test_a_team_is_known_by_what_its_people_are_called(words: str, team: str) -> None:
    assert team_in(words) == team
