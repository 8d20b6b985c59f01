"""Where it is, in all the ways people write it; and numbers that are no place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.understanding.places import PlaceWords, Scope, places_in

NUMERALS = "零一二三四五六七八九"


def in_words(value: int) -> str:
    """Write a number up to 99 in Chinese."""
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else NUMERALS[tens] + "十")
    return head + (NUMERALS[ones] if ones or not tens else "")


FULL_FORMS = (
    "{b}栋{e}单元{r}",
    "{b}棟{e}單元{r}室",
    "{b}幢{e}单元{r}室",
    "{b}号楼{e}单元{r}",
    "{b}号楼{e}门{r}",
    "{b}-{e}-{r}",
    "{b}#{e}-{r}",
    "{b}＃{e}－{r}",
    "{b}/{e}/{r}",
    "{b}楼{e}单元{r}",
    "{bw}号楼{ew}单元{r}",
    "{bw}栋{ew}单元{rw}",
    "{b}栋 {e}单元 {r}",
    "{b} {e} {r}",
    "我家在{b}栋{e}单元{r},厨房漏水",
    "您好,{b}号楼{e}单元{r}房没水",
    "building {b} entrance {e} room {r}",
    "Bldg {b}, entrance {e}, apt {r}",
)


@given(
    st.integers(1, 60),
    st.integers(1, 9),
    st.integers(1, 33),
    st.integers(1, 9),
    st.sampled_from(FULL_FORMS),
)
@settings(max_examples=300, deadline=None)
def test_a_home_reads_the_same_in_every_way_of_writing_it(
    building: int, entrance: int, floor: int, door: int, form: str
) -> None:
    room = f"{floor}{door:02}"
    text = form.format(
        b=building,
        e=entrance,
        r=room,
        bw=in_words(building),
        ew=in_words(entrance),
        rw="".join(NUMERALS[int(digit)] for digit in room),
    )
    expected = PlaceWords(building=str(building), entrance=str(entrance), room=room)
    place = places_in(text).place
    assert place is not None
    assert (place.building, place.entrance, place.room) == (expected.building, expected.entrance, expected.room)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("2单1502", PlaceWords(entrance="2", room="1502")),
        ("1288弄3号502", PlaceWords(building="3", room="502")),
        ("B座", PlaceWords(building="B")),
        ("3座15樓A室", PlaceWords(building="3", room="15A")),
        ("Block 3 Flat 15A", PlaceWords(building="3", room="15A")),
        ("Flat A, 15/F, Block 3", PlaceWords(building="3", room="15A")),
        ("3座12A", PlaceWords(building="3", room="12A")),
        ("bldg 3 apt 1502", PlaceWords(building="3", room="1502")),
        ("tower 2 unit 1203", PlaceWords(building="2", room="1203")),
        ("7-1801", PlaceWords(building="7", room="1801")),
        ("二期5栋301", PlaceWords(zone="2期", building="5", room="301")),
        ("东区5栋", PlaceWords(zone="东区", building="5")),
        ("D05栋", PlaceWords(building="D5")),
        ("6栋十五楼", PlaceWords(building="6", floor="15")),
        ("负一楼", PlaceWords(floor="B1")),
        ("B2停车场", PlaceWords(floor="B2", spot="停车场")),
        ("3rd floor hallway", PlaceWords(floor="3", spot="hallway")),
        ("1502室", PlaceWords(room="1502")),
        ("1502厨房漏水", PlaceWords(room="1502")),
        ("我家1502", PlaceWords(room="1502")),
        ("负一楼C12柱", PlaceWords(floor="B1", spot="C12柱")),
        ("3栋2号梯", PlaceWords(building="3", spot="2号梯")),
        ("南门岗亭", PlaceWords(spot="南门岗亭")),
        ("快递柜旁边", PlaceWords(spot="快递柜旁")),
    ],
)
def test_places_are_read(text: str, place: PlaceWords) -> None:
    assert places_in(text).place == place


@pytest.mark.parametrize(
    "text",
    [
        "电话13800138000",
        "座机0571-88880000",
        "2026-04-12停水",
        "单号0412-07",
        "昨天交了1500元",
        "面积89平",
        "大概80-100分贝",
        "明天3-5点",
        "已经打了119着火",
        "一共120户",
        "修3个插座",
        "换2盏灯",
        "pay 1500 yuan",
        "call 400-820-8820",
    ],
)
def test_numbers_that_are_no_place_are_left_alone(text: str) -> None:
    assert places_in(text).place is None


@pytest.mark.parametrize("text", ["5栋2018年的事", "5栋100多户", "5栋90平的户型", "5栋300块", "5栋1000余人"])
def test_a_count_after_a_building_is_no_room(text: str) -> None:
    assert places_in(text).place == PlaceWords(building="5")


@pytest.mark.parametrize("text", ["我家厨房漏水", "屋企漏水", "家里没电", "my flat has no power"])
def test_ones_own_home_is_known_without_a_number(text: str) -> None:
    found = places_in(text)
    assert found.own
    assert found.scope is Scope.UNIT


def test_a_child_may_write_for_a_parent() -> None:
    found = places_in("我妈那套马桶堵了")
    assert (found.own, found.whose, found.rest) == (False, "我妈那套", "马桶堵了")


@pytest.mark.parametrize("text", ["楼道灯坏了", "电梯又停了", "大堂地滑", "车库进水", "单元门坏了", "电井有水"])
def test_public_places_are_known(text: str) -> None:
    assert places_in(text).scope is Scope.PUBLIC


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("3栋2单元1502厨房漏水", "厨房漏水"),
        ("厨房漏水,3-2-1502", "厨房漏水"),
        ("楼上漏水漏到我家了", "楼上漏水漏到我家了"),
        ("no hot water in my flat", "no hot water"),
        ("3栋电梯停了", "电梯停了"),
    ],
)
def test_the_matter_is_left_when_the_place_is_taken_out(text: str, rest: str) -> None:
    assert places_in(text).rest == rest


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_searched_for_places(text: str) -> None:
    places_in(text)
