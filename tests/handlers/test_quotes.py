"""Quotes as engineers, owners and supervisors go through them: typed, tapped, by digit."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from services.messages import Channel, MediaKind
from services.models import Person, Prompt, Quote, Ticket
from services.tickets.paying import REWORK
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line, Writer, attachment

LONGEST_SMS = 70


async def at_work(line: Line, owner: Writer, name: str = "王师傅", channel: Channel = Channel.TELEGRAM) -> Writer:
    """File a repair of the owner's and let the engineer say yes to it; the supervisor has his chat."""
    await estate.linked(line, "老赵")
    engineer = await estate.linked(line, name, channel)
    async with line.db.transaction() as session:
        ticket = await estate.filed(session, line, await estate.actor_of(session, line, owner))
        await estate.act(session, line, await estate.actor_of(session, line, engineer), Action.ACCEPT, ticket.id)
    await line.drain()
    return engineer


async def newest(line: Line) -> Quote:
    """Return the newest quote."""
    async with line.db.reading() as session:
        return (await session.scalars(select(Quote).order_by(Quote.count.desc()).limit(1))).one()


async def said(line: Line, writer: Writer, text: str) -> str:
    """Write something and return the text of what came back."""
    return "\n".join(shown.text for shown in await line.write(writer, text))


@pytest.fixture
async def owner(quick_line: Line) -> Writer:
    """Return an owner on Telegram."""
    return await estate.linked(quick_line, "王芳")


async def test_an_item_tapped_twice_is_counted_twice(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    await line.write(engineer, "报价")
    await line.tap(engineer, "软管 40元")
    await line.tap(engineer, "角阀 58元")
    text = (await line.tap(engineer, "软管 40元"))[-1].text
    assert "软管×2：材料50元+人工30元=80元" in text
    assert "一共138元" in text
    assert "合计138元" in await said(line, engineer, "就这些")


async def test_by_text_message_digits_pick_items(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner, channel=Channel.SMS)
    await line.write(engineer, "报价")
    assert "7 就这些" in await said(line, engineer, "1")
    assert "合计58元" in await said(line, engineer, "7")
    await line.write(engineer, "1")
    assert (await newest(line)).total_cents == 5800


async def test_what_is_written_below_a_summary_adds_to_it_or_takes_its_place(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    assert "合计58元" in await said(line, engineer, "报价 角阀")
    assert "合计98元" in await said(line, engineer, "软管")
    assert "合计156元" in await said(line, engineer, "角阀2个")
    answer = await said(line, engineer, "哈哈")
    assert "没对上" in answer
    assert "合计156元" in answer


async def test_a_total_of_the_engineers_own_is_held_against_the_items(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    answer = await said(line, engineer, "报价 角阀1个，一共100元")
    assert "您写的合计是100元" in answer
    assert "合计58元" in answer
    assert "您写的合计" not in await said(line, engineer, "软管1根，一共98元")


async def test_what_is_not_understood_is_said_with_what_comes_nearest(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    await line.write(engineer, "报价")
    answer = await said(line, engineer, "马桶什么的")
    assert "没看懂：马桶什么的" in answer
    assert "马桶配件 105元" in answer
    await line.write(engineer, "取消")
    await line.write(engineer, "报价")
    assert "没看懂要换什么" in await said(line, engineer, "？")


async def test_rework_is_free_unless_who_leads_says_otherwise(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    async with line.db.transaction() as session:
        await session.execute(update(Ticket).values(payer=REWORK))
    assert "返工" in await said(line, engineer, "报价 角阀")
    lead = await estate.at_home(line, "老赵")
    shown = await line.press(lead, "t:quote:1")
    assert "0412-01要换什么" in shown[-1].text


async def test_more_than_any_work_costs_is_asked_again(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    await line.write(engineer, "报价 角阀 人工9000000")
    (shown,) = await line.tap(engineer, "发给业主")
    assert "不对吧" in shown.text
    async with line.db.reading() as session:
        assert (await session.scalars(select(Prompt.state).where(Prompt.form == "quote"))).one() == "open"


@pytest.mark.parametrize(
    "items", ["马桶法兰圈 疏通地漏 龙头阀芯", "角阀2个 软管2根 花洒", "花洒", "角阀 软管 花洒 水龙头"]
)
async def test_a_quote_by_text_message_is_one_message(quick_line: Line, items: str) -> None:
    line, owner = quick_line, await estate.linked(quick_line, "张福全", Channel.SMS)
    engineer = await at_work(line, owner)
    for more in ("", " 人工20"):
        await line.write(engineer, f"报价 {items}{more}")
        await line.tap(engineer, "发给业主")
        text = line.screen(owner).messages[-1].text
        assert text.startswith("【阳光花园物业】报价")
        assert "保修6个月" in text or "原同意" in text
        assert len(text) <= LONGEST_SMS, text
        await line.write(owner, "1")
    assert (await newest(line)).state == "agreed"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("好的", "agreed"),
        ("可以，谢谢", "agreed"),
        ("不同意", "declined"),
        ("取消", "declined"),
        ("算了", "declined"),
        ("不同意见再说", "asked"),
        ("返回", "asked"),
        ("9", "asked"),
    ],
)
async def test_only_plain_words_agree_or_decline(quick_line: Line, owner: Writer, words: str, state: str) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    await line.write(engineer, "报价 角阀")
    await line.tap(engineer, "发给业主")
    await line.write(owner, words)
    assert (await newest(line)).state == state


async def test_a_call_or_a_photo_leaves_the_question_open(quick_line: Line) -> None:
    line, owner = quick_line, await estate.linked(quick_line, "张福全", Channel.SMS)
    engineer = await at_work(line, owner)
    await line.write(engineer, "报价 角阀")
    await line.tap(engineer, "发给业主")
    assert "已请师傅给您打电话" in await said(line, owner, "3")
    assert "已请师傅给您打电话" in await said(line, owner, "先打电话")
    assert (await newest(line)).state == "asked"
    await line.write(owner, "1")
    assert (await newest(line)).state == "agreed"


async def test_a_photo_goes_to_the_engineer_and_nothing_else_is_no_answer(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    await line.write(engineer, "报价 角阀")
    await line.tap(engineer, "发给业主")
    (shown,) = await line.write(owner, media=[attachment(MediaKind.PHOTO, "1")])
    assert "已转给师傅" in shown.text
    assert (await newest(line)).state == "asked"


async def test_everybody_reads_items_in_his_own_language(quick_line: Line) -> None:
    line, owner = quick_line, await estate.linked(quick_line, "David Miller")
    async with line.db.transaction() as session:
        await session.execute(update(Person).where(Person.name == "David Miller").values(locale="en"))
    engineer = await at_work(line, owner)
    await line.write(engineer, "报价 角阀2个 铜接头25")
    await line.tap(engineer, "发给业主")
    lead = await estate.at_home(line, "老赵")
    await line.press(lead, "t:quote:1")
    await line.tap(lead, "发给业主")
    text = line.screen(owner).messages[-1].text
    assert "2 × Angle valve: material ¥76 + labour ¥40 = ¥116" in text
    assert "铜接头: ¥25" in text
    assert "6-month guarantee" in text


@pytest.mark.parametrize(("item", "guarantee"), [("疏通马桶", "保修30天"), ("铜接头25", "")])
async def test_a_guarantee_is_said_as_people_count(quick_line: Line, owner: Writer, item: str, guarantee: str) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    answer = await said(line, engineer, f"报价 {item}")
    assert guarantee in answer
    assert ("保修" in answer) == bool(guarantee)


async def test_the_owner_may_answer_from_the_view_of_his_ticket(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    await line.write(engineer, "报价 角阀")
    await line.tap(engineer, "发给业主")
    await line.write(owner, "📋 我的进度")
    await line.tap(owner, "同意，修吧")
    assert "58元，说定了" in line.screen(owner).messages[-1].text
    assert (await newest(line)).state == "agreed"
    toast = (await line.press(owner, "t:decline:1"))[-1]
    assert "已经同意过" in toast.text


async def test_the_desk_is_asked_for_what_the_owner_said(quick_line: Line, owner: Writer) -> None:
    line, engineer = quick_line, await at_work(quick_line, owner)
    desk = await estate.linked(line, "小李")
    await line.write(engineer, "报价 角阀")
    await line.tap(engineer, "发给业主")
    await line.press(desk, "t:decline:1")
    assert "业主先不修" in await said(line, desk, "他说再想想")
    assert (await newest(line)).state == "declined"
    assert "先不修" in line.screen(owner).messages[-1].text
