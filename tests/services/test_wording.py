"""The wording guard: what is curt is caught, slips included; ordinary words of staff never are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import catalog, wording
from services.catalog import Fault, Phrase

SHIPPED = catalog.load().wording
EVERY = tuple(phrase for phrases in SHIPPED.values() for phrase in phrases)

# As people type: slips, other signs of the same sound, polite pronouns, particles, words put in between.
CURT = {
    "zh_Hans": """
不归我管
这事不归我管啊
不归我官,你问别人
不归我们管的
这个真不归我们管
关我什么事
关我什么事啊,你自己弄的
这不是我的事
不关我的事
跟我没关系
跟我没有关系
漏水跟我没什么关系
我也没办法呀
我也没有办法
我有什么办法呢
你自己看着办
您自己看着办吧
你自已看着办
你自己看著办
急什么
急什么!等着
你急什么急,有什么好急的
不是跟你说了吗
我不是跟您说了吗?
不是根你说了吗
我跟你说过多少遍了
要我说几遍你才懂
规定就是这样
规定就是这样的
规定就是这洋,没得商量
这是公司规定
爱修不修
爱修不修,随便你
你听不懂吗
您听不懂?
找领导去
你找领导去吧
你去找领导说
等着吧
你等着吧
下班了明天再说
下班了,明天在说
师傅下班了明天再说吧
又是你
怎么又是你啊
你们业主就是事多
你们业主就是事儿多
谁让你把水阀拧坏的
谁让你不早说
谁叫你乱倒油
是你自己弄坏的
你早干嘛去了
不交钱不修
先交物业费再说
爱投诉就投诉
随便你投诉
催什么催
别催了
""",
    "zh_Hant": """
不歸我管
呢樣唔關我事
唔關我事喎
關我咩事
你自己睇住辦
你自己看著辦啦
急咩啫
使乜咁急
催咩催
咪同你講咗囉
講咗好多次啦
不是跟你說了嗎
你慢慢等啦
收咗工聽日先講
又係你
點解又係你呀
你哋業主真係多事
你聽唔明呀
邊個叫你亂倒嘢
你自己整爛㗎
規矩就係咁
規定就是這樣
公司規定係咁㗎
唔交錢就唔整
我都冇辦法
""",
    "en": """
Not my problem
That is not my problem.
thats not my probelm
Sorry, not my job
It's got nothing to do with me
There is nothing I can do
there's nothing i can do about it
What's the rush?
whats the rush
Calm down
calm down!
I already told you
i alredy told you that
How many times do I have to say it
You again?
You people always complain
Are you deaf?
don’t you get it
dont you get it?
rules are rules
Rules are rulse, sorry
It's your own fault
it is all your own fault, its your own fault
You broke it yourself
deal with it yourself
take it or leave it
Whatever.
who told you to open it
Stop asking
pay your fees first
""",
}

FINE = """
师傅马上到
角阀换好了,不漏了
明天上午再来一趟
这个归燃气公司管,电话96777,我帮您报了
您好,我是工程部小王,二十分钟后到
您在家等着吧,我到楼下了
您先别急,我五分钟就到
您别着急,先把总阀关了
知道您急,我这就过去
我找领导问一下,下午给您回话
我请示一下领导,一会儿告诉您
我去找领导批一下配件
今天收工了,明早第一个来您家
那我明天再来吧
师傅下班前来不及,明天再来可以吗
师傅下班了明天再来
这个要等厂家,明天再看
您看还修不修,修的话48元
修不了,要换新的,我给您报个价
没办法一次修好,还缺个阀芯
这个我有办法修
我也没带这个配件,下午带来
按规定装修中午十二点到两点不能敲墙
公司规定上门要穿鞋套,您别介意
收费规定贴在前台,我拍给您看
流程就是这样:先看,再报价,您同意了才修
情况就是这样,要换整根管子
您说什么事,我记一下
您找我什么事
有什么事随时找我
还有什么要我做的吗
这不是大问题,十分钟就好
不是您家漏的,是楼上的管子
不是跟电有关,是水泵的问题
跟您说一声,配件到了
跟您说过的那个阀门换好了
刚才跟您说了价钱,您同意的话我就动手
您听得到吗?我在门口
您听不清的话我再打一次
又是这根管子,这次整根换掉
又是楼上漏下来的,我去敲门
又见面了,王女士
你们家的总阀在哪里
业主您好,您家的纱窗到货了
谁在家?我下午两点到
请问谁方便开一下门
是不是您自己关的总阀?没关系,我来开
自己先别动,我来处理
不用您自己跑,我们去报
钥匙您自己保管好
您自己看一下照片,是不是这里
您看着定,哪种花洒都行
随便您什么时候方便,我都在
别催物业费了,先把漏水修好,这是我们领导说的
催了厂家,明天到货
投诉已经记下,主管下午给您打电话
这个不在保修里,材料38元,人工20元
这个要另外收费,先报价给您看
费用先不急,修好再说
交费的事问前台就行
维修照常,费用以后再谈
不知道是哪里漏,我先测一下
等着水干了再补一遍胶
等着用水的话,先接一桶
我管水电,电梯的事我帮您转给维保
这栋归我管,有事直接找我
这个归我们管,我马上来
不归物业收,是供电公司收的,95598可以查
开发商那边我帮您联系
您早点休息,明天见
早上去了一趟,您不在家
没关系,我等您
您想得真周到
您懂行,这个阀芯确实是坏了
已经修好了,您试试
坏了的地方拍张照给我
弄坏的玻璃我们来清
通知我再发您一份
師傅十分鐘後到
水喉換好喇,唔漏水
聽日上晝再嚟
聽日先嚟啦,而家太夜
呢個歸煤氣公司管,我幫您打電話
規定要著鞋套,唔好意思
您慢慢嚟,唔急
我同主管講咗,佢會打俾您
又係水錶房嗰條喉,今次換咗佢
唔使急,我等您
On my way, ten minutes
The valve is changed, no more leak
I will come back tomorrow morning
This belongs to the gas company, 96777; I have reported it for you
No problem, I will be there at four
It is not a big job, ten minutes
I already told the supervisor, he will call you
There is nothing to pay
There is nothing more to do today, it is dry
Let me know whatever time suits you
What time do you expect to be home?
You should have hot water again now
Please wait, I am calling the contractor
You do not have to wait at home
Are you there? I am at the door
Do you understand how to bleed the radiator? I can show you
It is not your fault, the pipe was old
The rule is no drilling at noon
Please do not touch it yourself
You can do it yourself with this key, or I come at five
Who told you about the leak, the neighbour below?
I will ask my boss and tell you
Take your time
No rush at all
您的急事我记下了,值班师傅这就来
急修的话现在就能来
有什么急事打24小时电话
您要是急用水,楼下有临时取水点
什么时候方便上门?
这根管子归自来水公司,我已经报给他们了
这个灯归路政管,我报给街道了
不归您出钱,保修期内免费
我也是刚到,马上看
我也没见过这种阀芯,拍照问厂家
我再想办法
您自己看着时间定,我都行
您自己看看水表还走不走
修完您验一下
爱人在家吗?我现在上来
您听得懂普通话吗?我也会说粤语
听不清,麻烦您再说一遍
领导已经批了,今天就换
领导让我先过来看看
明天再说个时间,今天配件没到
明天再联系您
下班了也可以打值班电话
下班前一定到
又下雨了,外墙要等天晴
你们楼的水泵在换,四点来水
业主您好,您反映的事我们在办
业主群里我也发了通知
让您久等了
让谁来开门都行
谁有空开一下门就行
自己关总阀就可以,顺时针拧
是自来水公司弄坏的,他们来修
不是您弄坏的,是老化
您早上说的事办好了
早点报就好,小漏不拖
不交停车费抬不了杆的事我问了,已经处理
交物业费在前台,报修不影响
先交押金再开工,装修押金三千,退的
催过厂家了,周四到货
别担心,不会漏电
投诉电话在公示栏
要我带什么配件,您拍张照
几遍都行,您随时问
按规定要两个人一起上门
这是公司的收费标准,您看一下
这是公司统一采购的角阀,保修半年
规定的时间是八点到十二点
就是这样的阀芯,我有货
没关系的,我再跑一趟
跟楼上没关系,是您家地暖的管
没有先后顺序,漏水的先修
想好了告诉我
You will have to wait until the glue is dry
How many times a day does it trip?
What is the room number?
That is the rule of thumb: close the valve first
The rules are in the lobby
It is my job, do not worry
My boss has agreed, no charge
Do you want me to come again?
Sorry to bother you again
See you again tomorrow
Nothing to worry about
Could you calm the dog down? I am at the door
you already told my colleague, thank you
It broke by itself, it is old
Did you break the seal yourself?
Please read the notice in the lobby
Whatever day suits you is fine
我同您去睇下
呢個唔關您事,係樓上漏落嚟
聽日先有貨,後日嚟裝
您慢慢講,我記低
公司規定要兩個人上門
收咗工都可以打值班電話
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("locale", list(CURT))
def test_curt_words_are_caught_with_the_list_of_their_language(locale: str) -> None:
    said = lines(CURT[locale])
    missed = [line for line in said if wording.check(line, SHIPPED[locale]) is None]
    assert len(said) >= 25
    assert len(missed) <= len(said) // 10, missed


def test_there_are_enough_samples_to_choose_a_cut_off_by() -> None:
    assert sum(len(lines(text)) for text in CURT.values()) >= 80
    assert len(lines(FINE)) >= 60


def test_ordinary_words_raise_no_alarm() -> None:
    assert [line for line in lines(FINE) if wording.check(line, EVERY) is not None] == []


def test_every_phrase_is_caught_and_its_better_words_are_not() -> None:
    for phrase in EVERY:
        hit = wording.check(phrase.say.replace("…", "开门"), EVERY)
        assert hit is not None, phrase.say
        assert wording.check(phrase.better, EVERY) is None, phrase.better
        assert wording.check(hit.suggestion, EVERY) is None, phrase.say


@pytest.mark.parametrize(
    ("locale", "words", "better"),
    [
        ("zh_Hans", "地库的灯不归我管,谢谢", "地库的灯我帮您转给负责的同事,谢谢"),
        ("zh_Hans", "您自己看着办吧。", "您看哪样方便，我们照您的来。"),
        ("zh_Hans", "阀门是谁让你拧的,现在坏了", "阀门是这次我们先帮您修好，下次留意,现在坏了"),
        ("zh_Hant", "唔關我事", "我幫您轉交負責的同事"),
        ("en", "Sorry, that's not my job. Bye", "Sorry, I will pass this to the right person. Bye"),
    ],
)
def test_better_words_stand_where_the_phrase_stood(locale: str, words: str, better: str) -> None:
    hit = wording.check(words, SHIPPED[locale])
    assert hit is not None
    assert hit.suggestion == better


def test_a_hit_names_the_phrase_the_better_one_and_what_is_wrong_with_it() -> None:
    hit = wording.check("规定就是这样", SHIPPED["zh_Hans"])
    assert hit is not None
    assert (hit.phrase, hit.kind) == ("规定就是这样", Fault.RULE_SHIELD)
    assert hit.better == hit.suggestion == "按规定要这样办，我说说原因"


def test_all_that_is_curt_gets_better_words_at_once() -> None:
    hit = wording.check("不归我管,你自己看着办,急什么", SHIPPED["zh_Hans"])
    assert hit is not None
    assert wording.check(hit.suggestion, SHIPPED["zh_Hans"]) is None


def test_a_text_that_grows_when_it_is_simplified_keeps_its_places() -> None:
    """Most signs have one simplified form of one sign; where a phrase has a longer one, each goes alone."""
    hit = wording.check("𨋢嘅事唔關我事,搵第二個", SHIPPED["zh_Hant"])
    assert hit is not None
    assert hit.suggestion.startswith("𨋢嘅事")


@given(st.text(max_size=60), st.sampled_from(EVERY), st.text(max_size=60))
def test_whatever_stands_around_is_kept(before: str, phrase: Phrase, after: str) -> None:
    wording.check(before + after, [phrase])
    hit = wording.check(f"{before}\n{phrase.say}\n{after}", [phrase])
    assert hit is not None


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert wording.check("", EVERY) is None
    assert wording.check("急什么", ()) is None
    assert wording.check("...", [Phrase("!", "?", Fault.CURT)]) is None
