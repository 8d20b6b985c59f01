"""Reading one message: what it wants, what it is about, where, when, and what is left to say."""

from __future__ import annotations

import time
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services import catalog
from services.understanding.danger import Danger
from services.understanding.intents import Intent
from services.understanding.places import PlaceWords, Scope
from services.understanding.reading import Reader, Reading

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 8, 15, 0, tzinfo=SHANGHAI)


@cache
def reader() -> Reader:
    """Build the reader of the shipped catalogue, once."""
    return Reader(catalog.load())


def read(text: str) -> Reading:
    """Read a message on a Wednesday afternoon."""
    return reader().read(text, now=NOW, zone=SHANGHAI)


@pytest.mark.parametrize(
    ("intent", "texts"),
    [
        (Intent.GREETING, ("在吗", "你好", "您好,在吗?", "hello", "Hi there", "喂")),
        (Intent.THANKS, ("谢谢", "多謝晒", "好的谢谢师傅", "thanks a lot", "🙏", "辛苦了")),
        (Intent.ACKNOWLEDGE, ("收到", "好的", "嗯嗯", "👌", "知道了", "OK", "got it", "好的收到")),
        (Intent.JOIN, ("+1", "我家也是", "同问", "me too", "我们单元也是", "我都系")),
        (
            Intent.URGE,
            (
                "催一下", "怎么还没来", "快点", "昨天报的灯到现在还没人修", "等了半天没人来", "仲未嚟",
                "nobody came",
            ),
        ),
        (
            Intent.PROGRESS_QUERY,
            (
                "师傅到哪了", "进度", "0412-07怎么样了", "any update on my ticket?",
                "处理到哪一步了,有结果吗",
            ),
        ),
        (Intent.RESCHEDULE, ("改到明天下午", "今天不在家,改天吧", "can we reschedule", "换个时间行吗")),
        (Intent.CANCEL, ("不用来了", "取消", "算了不修了", "no need to come", "自己弄好了")),
        (
            Intent.FEE_QUERY,
            (
                "物业费多少", "我欠费多少", "管理費幾多錢", "停车费怎么交", "公摊怎么算的",
                "how do I pay the water bill",
            ),
        ),
        (Intent.PRICE_QUESTION, ("要钱吗", "换个水龙头多少钱", "修马桶怎么收费", "how much to fix a tap")),
        (Intent.INVOICE, ("开发票", "上个月物业费的发票怎么开", "I need an invoice")),
        (Intent.PAID_ALREADY, ("我交过了", "已经转账了", "I already paid")),
        (Intent.NOTICE_QUERY, ("明天停水吗", "几点来水", "when will the water be back")),
        (
            Intent.SUGGESTION,
            (
                "建议多放几个垃圾桶", "能不能加装充电桩", "could you add a bench in the garden",
            ),
        ),
        (Intent.PRAISE, ("王师傅修得真好", "表扬一下门岗的保安", "great job by the plumber")),
        (
            Intent.COMPLAINT,
            (
                "你们物业真行", "还管不管了", "保安态度太差", "楼上半夜太吵了", "广场舞扰民", "呵呵",
                "车位又被占了", "too loud every night",
            ),
        ),
        (Intent.MOVE_CAR, ("挪车", "有辆车堵住我的车了", "please move your car")),
        (Intent.RELEASE_SLIP, ("开放行条", "周六要搬家", "I am moving out on Sunday")),
        (Intent.HUMAN_AGENT, ("转人工", "叫你们经理给我回电话", "I want to speak to someone")),
        (Intent.UNSUBSCRIBE, ("退订", "别再发了", "unsubscribe", "STOP")),
        (
            Intent.INQUIRY,
            (
                "装修要办什么手续", "请问前台几点上班", "门禁卡丢了怎么补",
                "what are the rules for renovation",
            ),
        ),
        (
            Intent.OUT_OF_SCOPE,
            (
                "今天天气怎么样", "给我讲个笑话", "will it rain, what about the weather", "play some music", "asdfgh",
            ),
        ),
        (
            Intent.REPAIR,
            (
                "我家漏水", "电梯又停了", "灯不亮", "馬桶塞咗", "报修", "lift broken", "toliet leaking",
                "冇熱水", "空调不制冷", "窗户关不上",
            ),
        ),
    ],
)  # fmt: skip
def test_what_people_want(intent: Intent, texts: tuple[str, ...]) -> None:
    assert {text: read(text).intent for text in texts} == dict.fromkeys(texts, intent)


@pytest.mark.parametrize(
    ("category", "texts"),
    [
        ("plumbing", ("厨房水龙头一直滴水", "水压太小", "tap is broken")),
        ("water_off", ("家里没水", "冇水", "停水了", "no water in the building")),
        ("electrical", ("插座没电", "全屋跳闸", "the outlet is not working")),
        ("power_off", ("整栋没电", "power cut")),
        ("doors_locks", ("门锁打不开", "玻璃裂了", "the lock is jammed")),
        ("leak", ("卧室天花板滴水", "墙角发霉", "ceiling leak")),
        ("leak_from_above", ("楼上漏水漏到我家", "樓上滴水", "leaking from upstairs")),
        ("lift", ("电梯坏了", "升降機壞咗", "elevater stuck")),
        ("lighting", ("楼道灯坏了", "路灯不亮", "hallway light is out")),
        ("intercom", ("对讲机没声音", "doorbell broken")),
        ("access_card", ("门禁卡刷不开", "new key card")),
        ("heating_air", ("暖气不热", "冷氣機唔凍", "radiator is cold")),
        ("drains", ("马桶堵了", "地漏反味", "坑渠塞咗", "sink is clogged")),
        ("pests", ("家里有蟑螂", "mice in my kitchen")),
        ("cleaning", ("楼道垃圾没人扫", "garbage everywhere in the yard")),
        ("greening", ("大树倒了", "草坪没人浇水")),
        ("parking", ("外来车辆乱停",)),
        ("move_car", ("有车堵了我的车库门,帮忙挪车",)),
        ("ebike_charging", ("有人把电瓶车推进电梯充电", "楼道飞线充电")),
        ("fire_lane", ("消防通道停满了车",)),
        ("fire_equipment", ("灭火器过期了", "the smoke detector keeps beeping")),
        ("thrown_objects", ("有人往楼下扔烟头", "高空抛物")),
        ("illegal_building", ("顶楼搭建阳光房",)),
        ("pets", ("遛狗不牵绳", "dog barking all night")),
        ("corridor_clutter", ("邻居在楼道堆杂物",)),
        ("cooking_smoke", ("楼下饭店油烟太大",)),
        ("neighbour_noise", ("楼上天天半夜蹦跳", "loud music next door")),
        ("renovation", ("装修押金怎么办理退还手续",)),
        ("security", ("我电动工具被偷了", "调一下监控")),
        ("walls", ("卫生间瓷砖裂了",)),
        ("gas", ("燃气什么时候开通",)),
        ("facilities", ("滑梯坏了", "健身器材松了")),
        ("signal", ("地库没信号", "WiFi断了")),
        ("staff_conduct", ("前台态度恶劣", "你们物业真行")),
        ("fees", ("物业费怎么又涨了", "I cannot find my electricity bill")),
        ("invoice", ("开张发票",)),
        ("certificate", ("开居住证明",)),
        ("release_slip", ("搬家要放行条",)),
    ],
)  # fmt: skip
def test_what_it_is_about(category: str, texts: tuple[str, ...]) -> None:
    assert {text: read(text).category for text in texts} == dict.fromkeys(texts, category)


def test_one_message_may_say_everything() -> None:
    reading = read("您好,我家3栋2单元1502厨房水槽下漏水,明天上午来,谢谢")
    assert reading.intent is Intent.REPAIR
    assert reading.category == "plumbing"
    assert reading.scope is Scope.UNIT
    assert reading.own
    assert reading.place == PlaceWords(building="3", entrance="2", room="1502")
    assert [window.start.astimezone(SHANGHAI).hour for window in reading.when] == [8]
    assert reading.rest == "厨房水槽下漏水"
    assert reading.confident


def test_a_public_fault_is_public_even_when_a_home_is_named() -> None:
    reading = read("我是3栋2单元1502的,楼道灯坏了")
    assert (reading.category, reading.scope, reading.rest) == ("lighting", Scope.PUBLIC, "楼道灯坏了")


def test_danger_makes_a_repair_and_names_its_category() -> None:
    reading = read("三号楼二单元电梯又停了 里面好像有人")
    assert (reading.danger, reading.intent, reading.category) == (Danger.LIFT_TRAPPED, Intent.REPAIR, "lift")
    assert read("煤气味好大").category == "gas"
    assert read("有人打架").intent is Intent.COMPLAINT


def test_a_child_reports_for_a_parent() -> None:
    reading = read("给我妈那套报修,卫生间灯不亮,周六3点后在家")
    assert (reading.whose, reading.own, reading.rest) == ("我妈那套", False, "卫生间灯不亮")


def test_what_is_denied_is_not_the_matter() -> None:
    assert read("不是漏水,是停电").category == "power_off"
    assert read("插座正常,没有漏水").intent is not Intent.REPAIR or not read("插座正常,没有漏水").confident


def test_a_ticket_number_is_found() -> None:
    assert read("0412-07催一下").ticket == "0412-07"
    assert read("3-2-1502漏水").ticket is None


def test_two_matters_in_one_message_show_both() -> None:
    reading = read("厨房的灯坏了,另外楼道垃圾好几天没人扫")
    assert {reading.intent, reading.also[0][0]} == {Intent.REPAIR, Intent.COMPLAINT}
    assert not reading.confident


@pytest.mark.parametrize("text", ["", "。。。", "asdf qwer", "这个", "嗯哼哈"])
def test_what_says_nothing_is_not_confident(text: str) -> None:
    assert not read(text).confident


def test_the_surest_reading_comes_first() -> None:
    reading = read("厨房漏水修一下多少钱")
    assert all(reading.confidence >= confidence for _, confidence in reading.also)


@given(
    st.text(
        st.one_of(st.characters(exclude_categories=()), st.sampled_from("漏水电梯3栋-1502明天点没不,。 ab")),
        max_size=300,
    )
)
@example("\ud800\udfff")
@example("3" * 300)
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_read(text: str) -> None:
    reading = read(text)
    assert 0.0 <= reading.confidence <= 1.0
    assert reading.category is None or reading.category in catalog.load().categories


def test_reading_is_fast() -> None:
    text = "您好,我家3栋2单元1502厨房水槽下面的水管一直滴水,麻烦明天上午派师傅来看看,来前打电话,谢谢师傅辛苦了"
    read(text)
    rounds = 100
    started = time.process_time()
    for _ in range(rounds):
        read(text)
    assert (time.process_time() - started) / rounds < 0.01
