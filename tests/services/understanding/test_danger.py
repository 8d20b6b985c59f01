"""What must not wait, told from look-alikes, denials and old stories."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.understanding.danger import Danger, danger_in

REAL: tuple[tuple[Danger, tuple[str, ...]], ...] = (
    (
        Danger.GAS,
        (
            "厨房有股煤气味", "好像煤气漏了", "燃气灶那边一直漏气", "楼道里闻到好浓的天然气味", "煤氣味好大",
            "家里煤汽味很重", "燃气泄漏,快来人", "燃气表那里漏气", "隔壁好像煤气泄露", "燃气报警器响个不停",
            "瓦斯味道很重", "煤气管被挖断了", "昨晚就有煤气味,现在更浓", "热水器那边有煤气味",
            "屋企有陣煤氣味",
            "there is a strong smell of gas in the corridor", "I think we have a gas leak",
            "gas leaking from the stove", "kitchen smells like gas",
        ),
    ),
    (
        Danger.FIRE,
        (
            "3栋着火了", "7楼厨房起火", "车库有车自燃", "楼下电动车烧起来了", "垃圾桶着火", "我家着火了快来",
            "失火了", "樓上著火", "阳台着伙了", "看到对面阳台有明火", "电瓶车爆炸了", "火势很大",
            "我屋企着火",
            "the kitchen is on fire", "there's a fire in the garage", "fire in building 3",
            "flames coming out of the window", "someone's balcony caught fire",
        ),
    ),
    (
        Danger.SMOKE,
        (
            "电井冒烟", "楼道里全是烟", "车库浓烟滚滚", "5楼窗户往外冒烟", "烟感一直响,有烟", "房间有烟",
            "機房冒白煙", "樓梯間好多煙", "smoke coming out of the basement", "the hallway is full of smoke",
        ),
    ),
    (
        Danger.LIFT_TRAPPED,
        (
            "电梯里困人了", "我被困在电梯里了", "3栋2单元电梯有人出不来", "電梯困人", "升降機困住咗人",
            "我妈关在电梯里", "小孩卡在电梯里出不来", "电梯停在5楼里面有人", "电梯不动了,里面有人",
            "电梯门打不开,里面有老人被困", "店梯里困了两个人", "困在2号梯里", "三号楼电梯又停了 里面好像有人",
            "stuck in the elevator, please help", "people trapped in lift B",
            "the lift stopped and there is someone inside", "we can't get out of the lift",
        ),
    ),
    (
        Danger.BURST_PIPE,
        (
            "水管爆了", "厨房爆水管", "楼上爆管了", "水喉爆咗", "管道爆裂水到处流", "总管爆了",
            "水龙头断了水一直喷", "暖气管爆了", "水往外喷关不住", "a pipe burst in the bathroom",
            "water main burst outside", "water is gushing from the wall", "burst pipe!!",
        ),
    ),
    (
        Danger.ELECTRIC,
        (
            "插座漏电了", "我老公触电了", "洗澡的时候被电到了", "热水器漏电", "路灯杆漏电", "配电箱冒火花",
            "插座有焦味", "水流到插座上了", "插排泡水了", "电表箱滋滋响", "水龙头麻手", "開關漏電",
            "sparks coming out of the outlet", "I got an electric shock from the tap",
            "burning smell from the breaker",
        ),
    ),
    (
        Danger.INJURY,
        (
            "有老人晕倒在大堂", "孩子从滑梯上摔下来流血了", "保洁阿姨摔倒了站不起来", "有人被车撞了",
            "有人昏迷",
            "小孩被狗咬了", "有人跳楼", "有人骨折了", "電梯夾到手", "an old man fainted in the lobby",
            "someone is bleeding near the gate", "my father is not breathing",
            "a child is drowning in the pool",
        ),
    ),
    (
        Danger.FLOOD,
        (
            "地下车库被淹了", "家里全是水", "污水倒灌进来了", "地下室进水了", "车库水浸",
            "卫生间的水漫到客厅了",
            "地库水深到膝盖", "the basement is flooded", "water everywhere in my kitchen",
        ),
    ),
    (
        Danger.ASSAULT,
        (
            "楼下有人打架", "有人拿刀", "保安打人了", "有人撬我家门", "我被打了", "隔壁在家暴", "有人抢劫",
            "有陌生人闯进来了", "someone is breaking into my flat", "a man with a knife in the lobby",
            "I was robbed at the gate",
        ),
    ),
)  # fmt: skip

LOOK_ALIKES = (
    "煤气费怎么交", "燃气表换电池", "天然气什么时候开通", "煤气公司电话多少", "电梯广告太多了",
    "电梯什么时候检修",
    "消防演习几点开始", "灭火器过期了", "烟感没电了", "消防通道堵了", "漏电保护器老跳", "电梯困人演练通知",
    "电瓶车上楼有火灾隐患", "火灾保险怎么买", "油烟味太大", "楼道抽烟", "都是烟味", "烟道堵了", "火锅店太吵",
    "燃气灶打不着火", "热水器点不着火", "马桶漏水", "水管老化要换", "防爆管要换吗", "物业费太高了",
    "被打扰得睡不着",
    "打人工服务电话", "孩子打架子鼓扰民", "带电梯的房子多少钱", "困难补助怎么申请", "困扰我很久了", "水压小",
    "停电了", "触电风险", "火警钟坏了", "小心火烛的标语", "公摊水费怎么算", "积水", "楼上漏水", "空调漏水",
    "消防栓漏水", "放烟花扰民", "烧烤烟味", "煤气报警器坏了", "电梯里有人抽烟", "烟头乱扔", "水烧开了",
    "地滑",
    "gas bill is too high", "how do I pay the gas bill", "fire drill next Monday",
    "the fire alarm test is at 3",
    "fire extinguisher expired", "smoke detector battery low", "the lift is broken", "lift door is noisy",
    "my neighbour's cigarette smoke", "cooking smoke from downstairs", "flood light is broken",
    "gas meter battery",
)  # fmt: skip

NOT_NOW = (
    "没有着火", "不是着火,是做饭", "没有煤气味", "没人受伤", "没有人被困", "电梯没困人", "不会着火吧",
    "no smell of gas now",
    "昨天着火的那家装修没", "上次水管爆了赔偿", "昨天的火灾原因查清了吗", "上周被困电梯的事怎么处理",
    "there was a fire last week, when will it be cleaned", "如果电梯困人怎么办", "担心电瓶车着火",
    "万一漏电了怎么办",
    "地滑容易摔倒", "what to do in case of fire", "虚惊一场,不是漏气", "刚才误报着火", "火已经灭了",
    "已经灭了,火灾处理完了", "煤气已经修好不漏气了", "担心小孩掉进水池", "冬天怎么防止水管爆裂",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REAL for text in texts])
def test_danger_is_heard(kind: Danger, text: str) -> None:
    heard = danger_in(text)
    assert heard is not None
    assert heard is kind or {heard, kind} <= {Danger.FIRE, Danger.ELECTRIC, Danger.SMOKE}


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_ring_no_bell(text: str) -> None:
    assert danger_in(text) is None


@pytest.mark.parametrize("text", NOT_NOW)
def test_what_is_denied_past_or_feared_rings_no_bell(text: str) -> None:
    assert danger_in(text) is None


def test_what_began_yesterday_and_goes_on_is_danger() -> None:
    assert danger_in("昨天修好了又漏气") is Danger.GAS
    assert danger_in("昨天就闻到煤气味") is Danger.GAS


def test_the_most_pressing_of_several_is_named() -> None:
    assert danger_in("水管爆了,有人触电") is Danger.ELECTRIC


@given(st.text(st.characters(exclude_categories=()), max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_listened_to(text: str) -> None:
    danger_in(text)


def test_listening_is_fast_enough_to_come_first() -> None:
    text = "我家在3栋2单元1502,厨房水槽下面的水管一直在滴水,麻烦明天上午派师傅来看看,来之前打电话给我,谢谢"
    danger_in(text)
    rounds = 200
    started = time.process_time()
    for _ in range(rounds):
        danger_in(text)
    assert (time.process_time() - started) / rounds < 0.002
