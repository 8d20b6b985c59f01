"""What engineers type on a job becomes the lines of a quote, to the cent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import catalog, pricelist, pricing
from services.pricing import Line, Reading
from services.understanding import figures

PRICES = catalog.load().prices

WORDS = [word for price in PRICES.values() for word in (*price.labels.values(), *price.words)]
BITS = [
    *WORDS,
    *(
        "铜接头",
        "銅接頭",
        "copper joint",
        "4分",
        "5w",
        "换",
        "换了",
        "新",
        "材料",
        "合计",
        "共",
        "每个",
        "单价",
        "a",
        "each",
    ),
    *(
        "×2",
        "x3",
        "2个",
        "两根",
        "十二米",
        "38元",
        "38.5",
        "¥76",
        "+",
        "+20",
        "人工20",
        "人工二十",
        "3块5",
        "1,200",
        "0",
    ),
    *(
        " ",
        " ",
        " ",
        ",",
        ";",
        "\n",
        "(",
        ")",
        ":",
        "１２",
        "二",
        "百",
        "元",
        "$",
        "hk$8",
        "kg",
        "㎡",
        "\u3000",
        "é",
        "乾",
    ),
]
CHATTER = st.lists(st.sampled_from(BITS), max_size=14).map("".join) | st.text(max_size=40)


def read(text: str, locale: str = "zh_Hans") -> Reading:
    return pricing.read(text, PRICES, locale)


def lines(text: str) -> list[tuple[str, int, int, int]]:
    """Read a text; its lines as key or label, count, material and labour in yuan."""
    found = read(text)
    assert found.unread == ()
    return [
        (one.key or one.label, one.count, one.material_cents // 100, one.labour_cents // 100) for one in found.lines
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("换角阀", [("angle_valve", 1, 38, 20)]),
        ("角阀更换", [("angle_valve", 1, 38, 20)]),
        ("厨房角阀", [("angle_valve", 1, 38, 20)]),
        ("4分角阀1个", [("angle_valve", 1, 38, 20)]),
        ("三楼角阀2个", [("angle_valve", 2, 76, 40)]),
        ("angle valve x2", [("angle_valve", 2, 76, 40)]),
        ("2 angle valves, 1 hose", [("angle_valve", 2, 76, 40), ("hose", 1, 25, 15)]),
        ("2 angle valves 1 hose", [("angle_valve", 2, 76, 40), ("hose", 1, 25, 15)]),
        ("two", []),
        ("角閥２個", [("angle_valve", 2, 76, 40)]),
        ("角阀１个　软管２根", [("angle_valve", 1, 38, 20), ("hose", 2, 50, 30)]),
        ("两根软管,三个角阀", [("hose", 2, 50, 30), ("angle_valve", 3, 114, 60)]),
        ("2个角阀 3根软管", [("angle_valve", 2, 76, 40), ("hose", 3, 75, 45)]),
        ("角阀1软管2", [("angle_valve", 1, 38, 20), ("hose", 2, 50, 30)]),
        ("角阀一", [("angle_valve", 1, 38, 20)]),
        ("角阀 软管", [("angle_valve", 1, 38, 20), ("hose", 1, 25, 15)]),
        ("防水三平米", [("waterproofing", 3, 180, 270)]),
        ("PPR管3米", [("pipe", 3, 54, 90)]),
    ],
)
def test_items_of_the_list_cost_what_the_list_says(text: str, told: list[tuple[str, int, int, int]]) -> None:
    if told:
        assert lines(text) == told
    else:
        assert read(text).unread == (text,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("角阀1个 软管2根 人工20", [("angle_valve", 1, 38, 0), ("hose", 2, 50, 0), ("labour", 1, 0, 20)]),
        ("角阀1个 软管2根,人工二十", [("angle_valve", 1, 38, 0), ("hose", 2, 50, 0), ("labour", 1, 0, 20)]),
        ("角阀 软管 人工二百五", [("angle_valve", 1, 38, 0), ("hose", 1, 25, 0), ("labour", 1, 0, 250)]),
        ("人工20", [("labour", 1, 0, 20)]),
        ("labour 20", [("labour", 1, 0, 20)]),
        ("人工費20蚊", [("labour", 1, 0, 20)]),
        ("人工20元+10元", [("labour", 1, 0, 30)]),
        ("上门费 人工20", [("call_out", 1, 0, 30), ("labour", 1, 0, 20)]),
        ("疏通马桶80", [("toilet_unblock", 1, 0, 80)]),
    ],
)
def test_labour_named_by_itself_takes_the_place_of_the_labour_of_items(
    text: str, told: list[tuple[str, int, int, int]]
) -> None:
    assert lines(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("角阀×2 38元", [("angle_valve", 2, 38, 0)]),
        ("角阀2个,38元", [("angle_valve", 2, 38, 0)]),
        ("3个角阀共60", [("angle_valve", 3, 60, 0)]),
        ("角阀 38", [("angle_valve", 1, 38, 0)]),
        ("角阀2个,单价38", [("angle_valve", 2, 76, 0)]),
        ("角阀38元一个,2个", [("angle_valve", 2, 76, 0)]),
        ("灯管 2支 15块/支", [("tube", 2, 30, 0)]),
        ("angle valve x2 each 40 yuan", [("angle_valve", 2, 80, 0)]),
        ("角阀 76+20", [("angle_valve", 1, 76, 20)]),
        ("角阀+25元", [("angle_valve", 1, 38, 25)]),
        ("角阀1个 材料40 人工20", [("angle_valve", 1, 40, 0), ("labour", 1, 0, 20)]),
        ("角阀×2（材料76元+人工20元）", [("angle_valve", 2, 76, 0), ("labour", 1, 0, 20)]),
        ("changed a new tap 120 yuan", [("tap", 1, 120, 0)]),
        ("角阀一百二块", [("angle_valve", 1, 120, 0)]),
    ],
)
def test_a_sum_beside_an_item_takes_the_place_of_its_price(text: str, told: list[tuple[str, int, int, int]]) -> None:
    assert lines(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("铜接头15元", Line("", "铜接头", 1, 1500, 0, listed=False)),
        ("换了銅接頭 ¥15.5", Line("", "銅接頭", 1, 1550, 0, listed=False)),
        ("铜接头2个 每个3块5", Line("", "铜接头", 2, 700, 0, listed=False)),
        ("螺丝 5", Line("", "螺丝", 1, 500, 0, listed=False)),
        ("copper joint HK$15", Line("", "copper joint", 1, 1500, 0, listed=False)),
        ("材料费15", Line("", "材料费", 1, 1500, 0, listed=False)),
    ],
)
def test_what_is_not_on_the_list_needs_a_sum_and_is_marked(text: str, told: Line) -> None:
    assert read(text).lines == (told,)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("angel valve", "angle_valve"),
        ("shwoer head", "shower"),
        ("漏电保护气", "rcd"),
        ("马桶配建", ""),
        ("空汽开关", "breaker"),
        ("tape", ""),
        ("防水插头", ""),
    ],
)
def test_slips_are_read_but_other_things_are_not_taken_for_listed_ones(text: str, key: str) -> None:
    found = read(f"{text} 15元").lines
    assert [line.key for line in found] == [key]


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("铜接头", ("铜接头",)),
        ("防水2.5平米", ("防水2.5平米",)),
        ("人工2小时", ("人工2小时",)),
        ("1,200元", ("1", "200元")),
        ("角阀十几个角阀", ("角阀十几个角阀",)),
        ("58元", ("58元",)),
        ("2个", ("2个",)),
        ("角阀1个2个", ("2个",)),
        ("角阀38元 20元", ("20元",)),
        ("角阀0个", ("角阀",)),
        ("角阀一 人工二 人工", ("人工",)),
        ("角阀二十一 三十一", ("三十一",)),
        ("螺丝5元 人工二十三十", ("人工二十三十",)),
        ("二十三十元", ("二十三十元",)),
        ("角阀1个 软管2根 材料88 人工20", ("材料",)),
        ("很长的名字" * 9 + " 5元", ("很长的名字" * 9, "5元")),
        ("x2 ,,", ("x2",)),
        ("2个 3个 角阀", ("2个",)),
    ],
)
def test_what_is_not_understood_is_told(text: str, unread: tuple[str, ...]) -> None:
    assert read(text).unread == unread


def test_a_count_without_its_item_is_told() -> None:
    assert read("2个的").unread == ("2",)


def test_a_total_that_is_stated_is_kept_apart() -> None:
    found = read("换了一个角阀,两根软管,人工三十,合计118元")
    assert (found.total_cents, found.stated_cents) == (11800, 11800)
    assert read("角阀").stated_cents is None


def test_labels_are_in_the_language_asked_for() -> None:
    assert [read("角阀", locale).lines[0].label for locale in catalog.LOCALES] == ["角阀", "角閥", "Angle valve"]


def test_lines_are_written_as_they_are_read() -> None:
    found = read("角阀2个 76+20.5 铜接头15元 疏通马桶 人工20")
    assert pricing.written(found.lines, "zh_Hans") == "角阀 ×2 ¥76+¥20.50\n铜接头 ¥15\n疏通马桶 ¥0+¥100\n人工 ¥20"


def test_every_word_of_the_list_is_read() -> None:
    for word in WORDS:
        keys = {key for key, price in PRICES.items() if word in (*price.labels.values(), *price.words)}
        assert [line.key in keys for line in read(f"{word} 38元").lines] == [True], word


@given(
    key=st.sampled_from(list(PRICES)),
    locale=st.sampled_from(catalog.LOCALES),
    count=st.integers(1, 99),
    material=st.integers(0, 10**7),
    labour=st.integers(1, 10**7),
)
def test_any_line_of_the_list_is_read_as_it_was_written(
    key: str, locale: str, count: int, material: int, labour: int
) -> None:
    label = catalog.said(PRICES[key].labels, locale)
    line = Line(key, label, count, material, labour)
    if key == pricelist.LABOUR:
        line = Line(key, label, 1, 0, labour)
    assert read(pricing.written([line], locale), locale) == Reading((line,), ())


@given(CHATTER, st.sampled_from(catalog.LOCALES))
def test_the_total_is_the_sum_of_the_lines_and_writing_them_loses_nothing(text: str, locale: str) -> None:
    found = read(text, locale)
    assert found.total_cents == sum(line.material_cents + line.labour_cents for line in found.lines)
    assert all(line.count >= 1 and line.material_cents >= 0 and line.labour_cents >= 0 for line in found.lines)
    assert read(pricing.written(found.lines, locale), locale).lines == found.lines


@given(st.text(max_size=60))
def test_nothing_that_is_typed_goes_missing_in_the_cutting(text: str) -> None:
    assert all(token.shown for token in figures.tokens(text))
