"""What must not wait, told from look-alikes, denials and old stories."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from services.understanding.danger import Danger, danger_asked, danger_in

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


SLIPS: tuple[tuple[Danger, tuple[str, ...]], ...] = (
    (
        Danger.GAS,
        (
            "漏气了", "家里漏气", "漏汽了", "漏汽!快来", "厨房漏汽", "煤汽漏了", "燃汽泄漏", "天然汽漏了", "媒气泄漏", "煤气漏啦",
            "煤氣洩漏", "煤氣外洩", "漏煤氣", "屋企漏煤氣", "聞到好大陣煤氣味", "石油氣漏咗", "天然气好像漏了", "闻到煤气",
            "然气泄漏", "燃气管漏了",
            "gas leek", "gas leek in my kitchen", "gass leak", "gas lek", "i smell gas", "I can smel gas", "theres a gas leak",
            "gas is leaking", "gas leakage in the corridor", "leaking gas!!",
        ),
    ),
    (
        Danger.FIRE,
        (
            "着火", "着火了!!!", "着火啦", "着伙了", "找火了快来", "起活了", "起火拉", "失伙了", "著火了", "着伙啦救命", "走火了快来人",
            "厨房着火啦", "起火啊", "火灾!", "火燭呀", "火燭!", "着緊火", "燒緊嘢,好大火", "隔離屋火燭", "火警呀",
            "fire help", "fier in the kitchen", "my flat is on fier", "its on fire", "house on fire", "fire fire fire",
            "there is a fier", "kithen is on fire",
        ),
    ),
    (
        Danger.SMOKE,
        (
            "冒烟了", "冒咽了", "冒烟啦", "插座冒咽", "冒煙", "出煙呀", "電箱冒煙", "楼道冒黑烟", "冒淹了", "走廊好多煙", "冒烟烟了",
            "smok coming from the lift room", "smoke comming out of the meter box", "lots of smok in the corridor",
            "there's smok everywhere",
        ),
    ),
    (
        Danger.LIFT_TRAPPED,
        (
            "困在电梯", "困在电梯里", "因在电梯", "因在电梯里了", "困在电替里", "被因电梯了", "电梯困人", "电梯因人了", "困电梯了", "被困電梯",
            "我困咗喺𨋢入面", "困𨋢", "困lift", "俾𨋢困住", "困喺升降機", "電梯裡出不來", "梱在电梯", "睏在电梯里", "我在电梯里出不来",
            "straped in elevator", "trapped in elevater", "traped in the lift", "stuck in elevator", "stuck in the elevater",
            "stuck in lift", "im stuck in the lift", "stuk in the elevator", "we are stuck in elavator", "trapped in the lfit",
        ),
    ),
    (
        Danger.BURST_PIPE,
        (
            "爆管", "爆管了", "爆管子", "爆管子了", "管子爆了", "水管暴了", "暴管了", "水管爆裂", "报管了,水喷出来", "水管爆炸了", "爆水管啦",
            "爆喉呀", "爆水喉", "水喉爆裂", "自来水管爆开了", "水管抱了",
            "pipe brust", "pipe burst", "brust pipe in the bathroom", "pipe bursted", "the pipe bust in my kitchen", "burst pip",
            "water pipe exploded", "busted pipe",
        ),
    ),
    (
        Danger.ELECTRIC,
        (
            "触电了", "有人触电", "触点了!", "有人触点了", "触店了", "触电拉", "觸電", "有人觸電呀", "俾電電親", "被电了", "被电到了", "电死人了",
            "楼道漏点了", "畜电了",
            "electrocuted", "someone got electrocuted", "he was electricuted", "electrocutted in the bathroom", "got electric shock",
            "i got an electic shock", "someone is being electrocuted",
        ),
    ),
)  # fmt: skip


HARMLESS = (
    "煤气费怎么交", "煤气费多少", "燃气费在哪交", "燃气表没电了怎么办", "天然气什么时候通", "煤气灶打不着", "煤气灶坏了", "煤气卡怎么充值",
    "燃气公司上门安检几点", "天然气开户要什么材料", "煤气热水器不出热水", "换煤气软管多少钱", "煤气表在哪里", "燃气安检通知", "煤气阀门在哪",
    "電梯廣告太多", "电梯广告太多", "电梯什么时候修好", "我想问电梯什么时候修好", "电梯年检到期了", "电梯卡怎么办", "电梯空调不凉", "电梯里有味道",
    "电梯坏了", "电梯停了", "电梯太慢", "电梯按键不亮", "电梯门关得太快", "加装电梯要出多少钱", "电梯维保合同", "电梯费怎么分摊", "电梯坏了出不了门",
    "消防演习几点", "消防演习要参加吗", "火灾保险", "火灾保险要买吗", "着火点是多少", "着火点在哪里算", "灭火器在哪", "火锅店几点关门", "火车站怎么走",
    "火大得很,投诉三次了", "我很火大", "生意红火", "恼火", "火气别那么大", "打火机能带进电梯吗", "火了,这个视频火了", "防火门关不上", "消防通道被占",
    "冒充业主", "有人冒充物业收费", "冒烟点测试", "烟感坏了", "烟雾报警器没电", "烟囱挡光", "油烟机不吸烟", "楼下抽烟熏人", "楼上油烟飘进来", "烟花爆竹能放吗",
    "香烟掉阳台上了", "烟酒店几点开门", "烟味从哪来", "烟管要不要清洗",
    "触点接触不良", "门禁触点脏了", "开关触点坏了", "触点了屏幕没反应", "触摸屏不灵", "触电风险大吗", "防触电保护开关", "触电急救培训几点",
    "漏电保护器多少钱", "漏电开关跳闸", "漏点水没事", "漏点怎么查", "水管漏点查一下",
    "爆米花机借一下", "爆管险怎么买", "防爆膜贴歪了", "爆款快递柜", "电瓶车爆胎了", "暖气管什么时候换", "水管什么时候换", "水管漏水", "水管堵了", "水管冻住了",
    "管子太旧", "报管家电话", "报管理费", "报管道疏通", "我报管家了", "抱管子的师傅走了吗",
    "因为电梯坏了", "因在电梯旁边装修", "因在电梯口堆东西被投诉", "困了睡觉", "困难户补贴", "困在家里没钥匙", "停电困扰",
    "起活动通知", "起活儿了吗", "找火锅店", "找伙计搬家", "着凉了", "漏汽车的登记", "漏了一项", "轮胎漏汽", "车胎漏汽了",
    "轮胎漏气了", "烟味很大", "钥匙卡在电梯缝里了", "电梯因人多停了一下", "让水电亲自来看", "爆炸头发型店几点开", "冒泡了", "冒雨来的师傅辛苦了", "没有着火", "没触电", "没漏气", "不是漏气", "没有冒烟",
    "没人困在电梯", "如果着火怎么跑", "昨天着火的原因", "小心触电标志掉了", "触电事故赔偿怎么算", "爆管原因查清了吗",
    "走火入魔", "收银员报警说系统卡了", "被电话吵醒", "被电视声吵死", "被电动车撞坏了门", "被电梯夹了一下包",
    "gas bill", "how do I pay gas", "gas meter reading", "gas stove won't light", "when is the gas back", "no gas in the stove",
    "elevator ads", "elevator is slow", "when will the elevator be fixed", "elevator inspection", "lift music too loud", "the lift is out of order",
    "fire drill when", "fire extinguisher location", "fireworks tonight", "firewall settings", "i will fire my nanny", "fired up", "fire door stuck", "wifi fire stick",
    "no smoking sign", "smoke break area", "smoked fish smell", "smoking on the balcony", "smoke alarm battery", "is smoking allowed",
    "pipe is old", "pipe is leaking", "pipe makes noise", "busy pipe", "burst of laughter upstairs", "tv stuck in the lobby", "door stuck",
    "my key is stuck in the elevator panel", "parcel stuck in the lift lobby", "electric bill", "electric bike charging", "electrician phone number", "sticker price shock",
    "leek soup", "a leek in the fridge", "the strap is broken", "bus stop", "fire insurance",
)  # fmt: skip

BARE: tuple[tuple[Danger, tuple[str, ...]], ...] = (
    (Danger.GAS, ("煤气", "燃气!", "天然气?", "煤气啊", "煤氣", "煤汽", "救命 煤气", "gas", "Gas!!", "help gas", "有煤气")),
    (Danger.FIRE, ("火", "火!!!", "火啊", "fire", "FIRE!", "fier")),
    (Danger.SMOKE, ("烟", "煙呀", "有烟", "smoke", "smok")),
    (Danger.LIFT_TRAPPED, ("电梯", "電梯", "升降機", "𨋢", "电梯呀!", "elevator", "lift", "the lift", "elevater")),
    (Danger.ELECTRIC, ("漏电", "漏電!")),
    (Danger.BURST_PIPE, ("水管", "水喉", "pipe", "water pipe.")),
)  # fmt: skip


def test_danger_is_heard() -> None:
    near = {Danger.FIRE, Danger.ELECTRIC, Danger.SMOKE}
    told = [(kind, text, danger_in(text)) for table in (REAL, SLIPS) for kind, texts in table for text in texts]
    wrong = [row for row in told if row[2] is not row[0] and not {row[0], row[2]} <= near]
    assert wrong == []


def test_words_that_tell_of_danger_are_not_asked_about() -> None:
    assert [text for _, texts in (*REAL, *SLIPS) for text in texts if danger_asked(text) is not None] == []


def test_a_bare_word_asks() -> None:
    assert [text for kind, texts in BARE for text in texts if danger_asked(text) is not kind] == []


def test_what_is_more_or_less_than_a_bare_word_asks_nothing() -> None:
    texts = [*LOOK_ALIKES, *HARMLESS, *NOT_NOW, "", "!", "啊", "help", "电梯吗", "gas stove", "急"]
    assert [text for text in texts if danger_asked(text) is not None] == []


def test_the_tables_are_as_long_as_they_are_said_to_be() -> None:
    assert sum(len(texts) for _, texts in SLIPS) >= 80
    assert len(HARMLESS) >= 120


def test_look_alikes_ring_no_bell() -> None:
    assert [text for text in (*LOOK_ALIKES, *HARMLESS) if danger_in(text) is not None] == []


def test_what_is_denied_past_or_feared_rings_no_bell() -> None:
    assert [text for text in NOT_NOW if danger_in(text) is not None] == []


def test_what_began_yesterday_and_goes_on_is_danger() -> None:
    assert danger_in("昨天修好了又漏气") is Danger.GAS
    assert danger_in("昨天就闻到煤气味") is Danger.GAS


def test_the_most_pressing_of_several_is_named() -> None:
    assert danger_in("水管爆了,有人触电") is Danger.ELECTRIC


@given(st.text(st.characters(exclude_categories=()), max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_listened_to(text: str) -> None:
    danger_in(text)
    danger_asked(text)


def test_listening_is_fast_enough_to_come_first() -> None:
    text = "我家在3栋2单元1502,厨房水槽下面的水管一直在滴水,麻烦明天上午派师傅来看看,来之前打电话给我,谢谢"
    danger_in(text)
    rounds = 200
    started = time.process_time()
    for _ in range(rounds):
        danger_in(text)
    assert (time.process_time() - started) / rounds < 0.002
