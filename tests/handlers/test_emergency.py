"""Danger is heard wherever it is written; a bare word asks, and "no" leads back to where one was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services import conversations
from services.messages import Channel, Choice, Happening, MediaKind, plain
from services.models import ChannelAccount, Community, Prompt, Ticket
from services.outbox import Priority
from tests.support import estate
from tests.support.line import ACCOUNT, Line, Writer, attachment


async def second_estate(line: Line) -> None:
    """Let the bot serve another estate as well."""
    async with line.db.transaction() as session:
        other = Community(
            slug="river", name="江景苑", zone="Asia/Shanghai", locale="zh_Hans", phone="0571-1111", created_at=line.now
        )
        session.add(other)
        await session.flush()
        session.add(ChannelAccount(channel=Channel.TELEGRAM, account=ACCOUNT, community_id=other.id))


async def tickets(line: Line) -> list[Ticket]:
    async with line.db.reading() as session:
        return list(await session.scalars(select(Ticket).order_by(Ticket.id)))


async def count(line: Line, state: str) -> int:
    async with line.db.reading() as session:
        asked = select(func.count()).where(Prompt.form == "emergency", Prompt.state == state)
        return await session.scalar(asked) or 0


def pages(line: Line, engineer: Writer) -> list[str]:
    return [shown.text for shown in line.screen(engineer).messages if shown.text.startswith("🚨")]


async def test_danger_in_a_caption_is_heard_and_the_photo_kept(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    [told] = await line.write(owner, "厨房着火了", media=[attachment(MediaKind.PHOTO, "1")])
    assert "119" in told.text
    assert len(pages(line, engineer)) == 1
    assert (await tickets(line))[0].media_count == 1


@pytest.mark.parametrize("words", ["/漏气", "/start 着火了", "/help 我家漏气了", "/repair 电梯困人"])
async def test_danger_as_a_command_is_heard(quick_line: Line, words: str) -> None:
    owner, engineer = await estate.linked(quick_line, "王芳"), await estate.linked(quick_line, "王师傅")
    await quick_line.write(owner, words)
    assert len(pages(quick_line, engineer)) == 1


async def test_danger_inside_a_flood_is_heard(quick_line: Line) -> None:
    owner, engineer = await estate.linked(quick_line, "王芳"), await estate.linked(quick_line, "王师傅")
    for _ in range(40):
        await quick_line.write(owner, "在吗")
    await quick_line.write(owner, "漏气了")
    assert len(pages(quick_line, engineer)) == 1


async def test_danger_inside_a_talk_through_the_line_is_not_passed_on_but_paged(quick_line: Line) -> None:
    line = quick_line
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    await line.write(owner, "厨房水槽漏水")
    await line.tap(owner, "没错，报上去")
    await line.tap(engineer, "我接")
    [ticket] = await tickets(line)
    await line.press(engineer, f"t:talk:{ticket.id}")
    await line.write(owner, "插座冒火花了")
    assert len(pages(line, engineer)) == 1


async def test_what_becomes_danger_by_an_edit_is_paged_once(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    await line.write(owner, "厨房里有点味")
    [told] = await line.write(owner, "厨房里有煤气味", happening=Happening.EDITED)
    assert "关阀" in told.text
    assert len(pages(line, engineer)) == 1


async def test_the_edit_of_a_message_that_was_danger_already_changes_nothing(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    for words, happening in (("厨房漏气", Happening.MESSAGE), ("厨房漏气!快来", Happening.EDITED)):
        message = replace(line.inbound(owner, text=words), happening=happening, message_id="77")
        await line.store(line.ports[owner.channel].event(message))
        await line.drain()
    assert len(pages(line, engineer)) == 1
    assert len(await tickets(line)) == 1


async def test_an_edit_that_leaves_a_bare_word_is_nothing(quick_line: Line) -> None:
    owner = await estate.linked(quick_line, "王芳")
    assert await quick_line.write(owner, "漏电", happening=Happening.EDITED) == []
    assert await quick_line.write(owner, "煤气", happening=Happening.EDITED) == []


async def test_a_resident_is_heard_in_a_group_and_answered_there(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    group = await estate.group(line, "业主群", "engineering")
    owner = (await estate.linked(line, "王芳")).within(group.external)
    told = await line.write(owner, "3栋着火了")
    assert [shown.text for shown in told if "1502" in shown.text] == []
    assert "先打119" in told[-1].text
    assert len(pages(line, engineer)) == 1
    assert await line.write(owner, "煤气") == []


async def test_a_stranger_is_heard_in_a_group_of_ours(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    group = await estate.group(line, "业主群", "engineering")
    await second_estate(line)
    told = await line.write(estate.stranger("路人").within(group.external), "着火了")
    assert "先打119" in told[-1].text
    assert len(pages(line, engineer)) == 1


async def test_in_a_group_staff_hidden_admins_and_strangers_of_nobodys_group_raise_no_alarm(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    group = await estate.group(line, "工程群", "engineering")
    await second_estate(line)
    assert await line.write(engineer.within(group.external), "3栋漏气,谁在") == []
    assert (
        await line.write(Writer(Channel.TELEGRAM, group.external, group=group.external, anonymous=True), "着火了") == []
    )
    assert await line.write(estate.stranger("路人").within("-100999"), "着火了") == []
    assert await tickets(line) == []


async def test_a_stranger_on_a_shared_account_is_told_at_once_then_asked_which_estate_then_help_is_sent(
    line: Line,
) -> None:
    engineer = await estate.linked(line, "王师傅")
    await second_estate(line)
    who = estate.stranger("路人")
    await line.write(who, "你好")
    told, asked = await line.write(who, "漏气了")
    assert "关阀" in told.text
    assert "阳光花园0571-8888 0000" in told.text
    assert "江景苑0571-1111" in told.text
    assert "出发" not in told.text
    assert asked.text == "马上派人：您在哪个小区？"
    assert pages(line, engineer) == []
    _, sent = await line.tap(who, "阳光花园")
    assert "值班已出发" in sent.text
    assert "漏气了" in pages(line, engineer)[0]
    assert len(await tickets(line)) == 1


async def test_a_stranger_who_names_the_estate_is_helped_at_once(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    await second_estate(line)
    [told] = await line.write(estate.stranger("路人"), "阳光花园3栋着火了")
    assert "119" in told.text
    assert len(pages(line, engineer)) == 1


async def test_a_strangers_bare_word_is_asked_about_once_the_estate_is_known(line: Line) -> None:
    await second_estate(line)
    who = estate.stranger("路人")
    await line.write(who, "电梯")
    _, asked = await line.tap(who, "阳光花园")
    assert "困在电梯里吗" in asked.text


async def test_who_is_in_the_lift_joins_the_alarm_even_inside_a_dialogue(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    await line.write(owner, "厨房水槽漏水")
    await line.write(owner, "电梯困人了")
    await line.tap(engineer, "我去")
    for words in ("3", "里面三个人", "有老人"):
        [noted] = await line.write(owner, words)
        assert "0412-01" in noted.text
    [more] = await line.write(owner, "柜子也湿了")
    assert "加上了" in more.text


@pytest.mark.parametrize("before", ["厨房着火了", "厨房水槽漏水", "电梯困人了"])
async def test_a_digit_answers_what_was_asked_last(quick_line: Line, before: str) -> None:
    owner = await estate.linked(quick_line, "王芳")
    await quick_line.write(owner, before)
    await quick_line.write(owner, "/repair 卫生间马桶堵了")
    assert any("报好了" in shown.text for shown in await quick_line.write(owner, "1"))


async def test_after_a_no_the_same_word_does_not_ask_again_until_later(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    [asked] = await line.write(owner, "漏电")
    assert "是漏电、有人触电吗" in asked.text
    await line.tap(owner, "不是")
    assert not any("是漏电" in shown.text for shown in await line.write(owner, "漏电!"))
    assert pages(line, engineer) == []
    await line.write(owner, "取消")
    line.pass_time(timedelta(hours=3))
    [again] = await line.write(owner, "漏电")
    assert "是漏电、有人触电吗" in again.text
    await line.tap(owner, "不是")
    assert await count(line, "done") == 2


async def test_another_bare_word_asks_anew_and_the_same_one_is_no_answer(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    await line.write(owner, "煤气")
    [again] = await line.write(owner, "煤气")
    assert "是漏气" in again.text
    [other] = await line.write(owner, "火!")
    assert "“煤气 火!”——是着火了吗" in other.text
    assert await count(line, "open") == 1
    await line.write(owner, "是的")
    assert "煤气 火!（问过了：着火）" in pages(line, engineer)[0]


async def test_danger_settles_the_question_whether_it_is_one(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    await line.write(owner, "煤气")
    await line.write(owner, "漏气了快来")
    assert len(pages(line, engineer)) == 1
    assert await count(line, "open") == 0


@pytest.mark.parametrize("ends", ["取消", "/cancel"])
async def test_the_question_below_is_asked_again_when_the_emergency_is_called_off(line: Line, ends: str) -> None:
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "报修")
    await line.write(owner, "电梯")
    _, below = await line.write(owner, ends)
    assert "哪里坏了" in below.text


async def test_the_question_below_is_asked_again_when_the_emergency_has_expired(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "报修")
    await line.write(owner, "电梯")
    async with line.db.transaction() as session:
        asked = (await session.scalars(select(Prompt).where(Prompt.form == "emergency"))).one()
        asked.expires_at = line.now
    expired, below = await line.write(owner, "不是")
    assert "隔得太久" in expired.text
    assert "哪里坏了" in below.text


async def test_words_about_something_else_answer_no_and_go_where_they_would_have_gone(line: Line) -> None:
    owner, engineer = await estate.linked(line, "王芳"), await estate.linked(line, "王师傅")
    await line.write(owner, "煤气")
    [bills] = await line.write(owner, "物业费怎么交啊")
    assert "983.39" in bills.text
    assert pages(line, engineer) == []


async def test_a_word_that_is_a_choice_on_the_screen_is_that_choice(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    async with line.db.transaction() as session:
        to = (await estate.actor_of(session, line, owner)).to
        rows = [[Choice(plain("电梯"), "go:help"), Choice(plain("门禁"), "go:menu")]]
        await conversations.tell(
            session,
            to=to,
            key="which",
            text=plain("哪一样?"),
            rows=rows,
            priority=Priority.REPLY,
            now=line.now,
            shown_at=line.now,
        )
    await line.drain()
    await line.write(owner, "电梯")
    assert await count(line, "open") == 0


async def test_a_picture_with_a_bare_word_is_a_repair(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    [summary] = await line.write(owner, "水管", media=[attachment(MediaKind.PHOTO, "1")])
    assert "我这样记" in summary.text
