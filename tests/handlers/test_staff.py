"""What staff may type and tap about their tickets: short codes, times, whose it is, what the desk does by number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.messages import Channel
from services.models import History, Ticket
from services.tickets.rules import Action, State
from tests.support import estate
from tests.support.line import Line, Writer


async def accepted(line: Line, name: str = "王师傅", channel: Channel = Channel.TELEGRAM) -> Writer:
    """Let an owner file a leak, and the one on duty say yes to it."""
    engineer = await estate.linked(line, name, channel)
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "厨房水槽漏水")
    await line.tap(owner, "没错，报上去")
    await line.write(engineer, "接 01")
    return engineer


async def ticket(line: Line, number: str = "0412-01") -> Ticket:
    async with line.db.reading() as session:
        return (await session.scalars(select(Ticket).where(Ticket.number == number))).one()


async def done_to(line: Line, action: Action) -> int:
    async with line.db.reading() as session:
        asked = select(func.count()).select_from(History).where(History.action == action)
        return await session.scalar(asked) or 0


@pytest.mark.parametrize("said", ["好01换了角阀", "好 01 换了角阀", "好0412-01 换了角阀", "done 01 换了角阀"])
async def test_a_short_code_finishes_with_the_words_after_the_number(quick_line: Line, said: str) -> None:
    engineer = await accepted(quick_line)
    await quick_line.write(engineer, said)
    assert (await ticket(quick_line)).state == State.DONE


@pytest.mark.parametrize("said", ["到14:20", "好1点再去", "到3栋了", "接电话"])
async def test_a_time_or_a_building_is_no_number_of_a_ticket(quick_line: Line, said: str) -> None:
    engineer = await accepted(quick_line)
    answers = await quick_line.write(engineer, said)
    assert not any("没找到" in answer.text for answer in answers)
    assert (await ticket(quick_line)).state == State.WORKING


async def test_a_number_that_nobody_has_is_said_to_be_unknown(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    [answer] = await quick_line.write(engineer, "好 09 换了角阀")
    assert "没找到09" in answer.text


async def test_a_word_and_a_number_may_answer_an_open_question(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.write(engineer, "修好了")
    await quick_line.write(engineer, "接 90 管")  # there is no such ticket: it is what was done
    assert (await ticket(quick_line)).state == State.DONE


async def test_owners_have_no_short_codes(quick_line: Line) -> None:
    await accepted(quick_line)
    owner = await estate.at_home(quick_line, "王芳")
    await quick_line.write(owner, "好 01 换了角阀")
    assert (await ticket(quick_line)).state == State.WORKING


async def test_two_tickets_of_the_same_last_part_are_told_apart(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.advance(timedelta(days=1))
    owner = await estate.at_home(quick_line, "王芳")
    await quick_line.write(owner, "卧室插座没电")
    await quick_line.tap(owner, "没错，报上去")
    desk = await estate.linked(quick_line, "小李")
    await quick_line.write(desk, "派 0413-01 王")
    await quick_line.write(engineer, "接 0413-01")
    answers = await quick_line.write(engineer, "到 01")
    assert any("哪一单" in answer.text for answer in answers)
    await quick_line.write(engineer, "1")
    assert (await ticket(quick_line, "0413-01")).step == Action.ARRIVED


async def test_an_engineer_with_a_plain_phone_is_told_where_a_photo_can_be_sent(quick_line: Line) -> None:
    engineer = await accepted(quick_line, channel=Channel.SMS)
    [answer] = await quick_line.write(engineer, "没人 01")
    assert "聊天" in answer.text
    await quick_line.write(engineer, "等 01 不在 明天9点")
    found = await ticket(quick_line)
    assert (found.state, found.pause_reason, found.absences) == (State.PAUSED, "absent", 0)


@pytest.mark.parametrize(
    ("said", "whose"),
    [
        ("燃气公司 96777", "燃气公司管"),
        ("业主自己", "您家自用的部分"),
        ("管道维保公司 0571-81234567", "管道维保公司管"),
        ("楼上那家", "楼上那家管"),
    ],
)
async def test_the_owner_hears_whose_it_is(quick_line: Line, said: str, whose: str) -> None:
    engineer = await accepted(quick_line)
    owner = await estate.at_home(quick_line, "王芳")
    await quick_line.write(engineer, f"不归 01 {said}")
    assert whose in quick_line.screen(owner).messages[-1].text


async def test_a_single_sign_names_nobody(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.tap(engineer, "有情况")
    await quick_line.tap(engineer, "不归我们")
    await quick_line.write(engineer, "嗯")
    assert await done_to(quick_line, Action.NOT_OURS) == 0


async def test_typed_reasons_and_times_need_no_questions(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.write(engineer, "晚 01 堵车 19:30")
    found = await ticket(quick_line)
    assert found.promised_at is not None
    assert found.promised_at.astimezone(quick_line.world.zone).hour == 19
    await quick_line.write(engineer, "等 01 明天上午 下雨")
    found = await ticket(quick_line)
    assert (found.state, found.pause_reason) == (State.PAUSED, "weather")
    await quick_line.write(engineer, "继续 01")
    [answer] = await quick_line.write(engineer, "继续 01")
    assert "本来就在办" in answer.text
    await quick_line.write(engineer, "退 01 家里有事")
    assert (await ticket(quick_line)).holder_id != found.holder_id


async def test_late_in_the_evening_only_the_next_days_are_offered(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.advance(timedelta(hours=10))
    await quick_line.write(engineer, "等 01 配件")
    asked = quick_line.screen(engineer).messages[-1]
    assert next(button.label for row in asked.rows for button in row).startswith("明天")
    await quick_line.write(engineer, "取消")
    await quick_line.write(engineer, "晚 01 堵车")
    asked = quick_line.screen(engineer).messages[-1]
    assert [button.label for row in asked.rows for button in row][-1].startswith("明天")


async def test_a_time_that_has_passed_is_asked_again(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.write(engineer, "先等等")
    await quick_line.write(engineer, "缺配件")
    await quick_line.write(engineer, "等配件")
    answers = await quick_line.write(engineer, "很久以后")
    assert any("等到什么时候" in answer.text for answer in answers)
    assert (await ticket(quick_line)).state == State.WORKING


async def test_the_desk_works_by_numbers(quick_line: Line) -> None:
    await accepted(quick_line)
    desk, lead = await estate.linked(quick_line, "小李"), await estate.linked(quick_line, "老赵")
    owner = await estate.at_home(quick_line, "王芳")
    [how] = await quick_line.write(desk, "/link 01")
    assert "两个单号" in how.text
    await quick_line.write(owner, "/merge 01 02")
    assert await done_to(quick_line, Action.MERGE) == 0
    [unknown] = await quick_line.write(desk, "/merge 01 x")
    assert "没找到" in unknown.text
    await quick_line.write(owner, "卧室插座没电")
    await quick_line.tap(owner, "没错，报上去")
    [merged] = await quick_line.write(desk, "/merge 02 01")  # the same owner's: nothing to ask
    assert "并到0412-01" in merged.text
    assert (await ticket(quick_line, "0412-02")).state == State.MERGED
    [shown] = await quick_line.write(desk, "/ticket 0412-02")
    assert "并到0412-01" in shown.text
    await quick_line.write(lead, "/ticket 0412-01")
    await quick_line.tap(lead, "更多")
    await quick_line.tap(lead, "我来")
    name = (await ticket(quick_line)).holder_id
    await quick_line.write(lead, "/ticket 0412-01")
    await quick_line.write(lead, "好 01 换了角阀")
    await quick_line.write(lead, "/close 01")
    [before] = await quick_line.write(lead, "/close 01")
    assert "已经结单" in before.text
    await quick_line.write(desk, "/reopen 01")
    await quick_line.write(desk, "又漏了")
    found = await ticket(quick_line)
    assert (found.state, found.holder_id) == (State.ASSIGNED, name)


async def test_a_merge_may_be_left_and_a_number_typed(quick_line: Line) -> None:
    await accepted(quick_line)
    desk, other = await estate.linked(quick_line, "老赵"), await estate.linked(quick_line, "黄伟")
    await quick_line.write(other, "厨房水槽漏水")
    await quick_line.tap(other, "没错，报上去")
    await quick_line.write(desk, "/ticket 0412-02")
    await quick_line.tap(desk, "更多")
    await quick_line.tap(desk, "并到…")
    await quick_line.write(desk, "99")
    await quick_line.write(desk, "01")
    await quick_line.tap(desk, "先不并")
    assert (await ticket(quick_line, "0412-02")).state == State.ASSIGNED
    await quick_line.write(desk, "/ticket 0412-02")
    await quick_line.tap(desk, "更多")
    await quick_line.tap(desk, "关联…")
    await quick_line.write(desk, "0412-01")
    assert await done_to(quick_line, Action.LINK) == 1


async def test_a_poor_verdict_says_what_was_wrong(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    await quick_line.write(engineer, "好 01 换了角阀")
    desk = await estate.linked(quick_line, "小李")
    await quick_line.write(desk, "/ticket 0412-01")
    await quick_line.tap(desk, "质检")
    await quick_line.tap(desk, "不合格")
    await quick_line.write(desk, "接口没缠生料带")
    assert (await ticket(quick_line)).quality == "poor"


async def test_an_owner_calls_off_by_a_tap_and_the_desk_with_words(quick_line: Line) -> None:
    engineer = await accepted(quick_line)
    desk, owner = await estate.linked(quick_line, "小李"), await estate.at_home(quick_line, "王芳")
    await quick_line.write(desk, "/ticket 0412-01")
    await quick_line.tap(desk, "更多")
    await quick_line.tap(desk, "取消这单")
    await quick_line.write(desk, "业主电话说自己拧好了")
    assert (await ticket(quick_line)).state == State.CANCELLED
    assert "自己拧好了" in quick_line.screen(owner).messages[-1].text
    assert any("不用去" in shown.text for shown in quick_line.screen(engineer).messages)
    await quick_line.write(owner, "卧室插座没电")
    await quick_line.tap(owner, "没错，报上去")
    await quick_line.write(owner, "/ticket 0412-02")
    await quick_line.tap(owner, "不用来了")
    assert (await ticket(quick_line, "0412-02")).state == State.CANCELLED


async def test_who_waits_in_vain_before_the_time_is_not_heard_as_a_missed_visit(quick_line: Line) -> None:
    await accepted(quick_line)
    owner = await estate.at_home(quick_line, "王芳")
    await quick_line.write(owner, "师傅没来")
    assert await done_to(quick_line, Action.NO_SHOW) == 0
