"""Going home and handing over: what happens beside the straight way."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from services.db import Session
from services.models import Duty, Handover, Staff, Ticket
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line, Writer


@pytest.fixture
async def engineer(quick_line: Line) -> Writer:
    """An engineer with two tickets accepted."""
    writer = await estate.linked(quick_line, "王师傅")
    async with quick_line.db.transaction() as session:
        owner = await estate.actor_of(session, quick_line, await estate.web_of(session, "王芳"))
        for matter in ("厨房水槽漏水", "马桶堵了"):
            ticket = await estate.filed(session, quick_line, owner, matter=matter)
            actor = await estate.actor_of(session, quick_line, writer)
            await estate.act(session, quick_line, actor, Action.ACCEPT, ticket.id)
    return writer


async def _said(line: Line, writer: Writer, text: str) -> str:
    return "\n".join(shown.text for shown in await line.write(writer, text))


async def _staff(session: Session, badge: str) -> int:
    found = await session.scalar(select(Staff.id).where(Staff.badge == badge))
    assert found is not None
    return found


async def test_a_ticket_that_is_no_longer_his_is_passed_over(quick_line: Line, engineer: Writer) -> None:
    assert "还有1单" in await _said(quick_line, engineer, "/off")
    async with quick_line.db.transaction() as session:
        first = select(Ticket.id).order_by(Ticket.id).limit(1).scalar_subquery()
        await session.execute(update(Ticket).where(Ticket.id == first).values(holder_id=await _staff(session, "33")))
    asked = await _said(quick_line, engineer, "放回去")
    assert "马桶堵了" in asked
    ended = await _said(quick_line, engineer, "我接着干")
    assert "接着干" in ended
    assert "放回去" not in ended


async def test_work_put_back_while_nobody_is_on_duty_is_nobodys(quick_line: Line, engineer: Writer) -> None:
    async with quick_line.db.transaction() as session:
        await session.execute(delete(Duty).where(Duty.staff_id != await _staff(session, "27")))
    await quick_line.write(engineer, "/off")
    await quick_line.write(engineer, "放回去")
    assert "等前台安排" in await _said(quick_line, engineer, "放回去")
    async with quick_line.db.reading() as session:
        assert set(await session.scalars(select(Ticket.holder_id))) == {None}


async def test_the_only_one_of_a_team_has_nobody_to_hand_over_to(quick_line: Line) -> None:
    desk = await estate.linked(quick_line, "小李")
    async with quick_line.db.transaction() as session:
        await session.execute(update(Staff).where(Staff.team == "security").values(active=False))
    assert "没有别的同事" in await _said(quick_line, desk, "/handover")


async def test_with_nobody_on_the_roster_it_says_so(quick_line: Line) -> None:
    lead = await estate.linked(quick_line, "老赵")
    async with quick_line.db.transaction() as session:
        await session.execute(delete(Duty))
    assert (await _said(quick_line, lead, "/duty")).count("没人排班") == 3
    assert "本来就没排班" in await _said(quick_line, lead, "/duty 王师傅 off")


async def test_hours_that_are_off_are_cut_out_and_a_shift_that_begins_later_is_told_by_its_hours(
    quick_line: Line,
) -> None:
    lead = await estate.linked(quick_line, "老赵")
    await quick_line.write(lead, "/duty 陈师傅 off 明天 12-14")
    shown = await _said(quick_line, lead, "/duty")
    assert "陈师傅 到12:00 / 14:00起" in shown
    assert "今天20:00到明天08:00" in await _said(quick_line, lead, "/duty 周师傅 off")


async def test_an_answer_to_a_handover_that_was_taken_back_is_refused_kindly(
    quick_line: Line, engineer: Writer
) -> None:
    colleague = await estate.linked(quick_line, "陈师傅")
    for _ in range(2):
        for words in ("/handover", "就这样交", "陈师傅", "我自己接着干"):
            await quick_line.write(engineer, words)
    async with quick_line.db.transaction() as session:
        await session.execute(update(Handover).values(state="withdrawn"))
    assert "已经结束" in await _said(quick_line, colleague, "清楚")


async def test_a_repeated_question_about_the_same_item_is_put_again(quick_line: Line, engineer: Writer) -> None:
    colleague = await estate.linked(quick_line, "陈师傅")
    for words in ("/handover", "就这样交", "陈师傅", "交给接班的"):
        await quick_line.write(engineer, words)
    for question in ("钥匙在哪", "前台哪位手里"):
        await quick_line.write(colleague, "有疑问")
        await quick_line.write(colleague, question)
        assert question in quick_line.screen(engineer).messages[-1].text
        await quick_line.write(engineer, "在前台")
        assert "在前台" in quick_line.screen(colleague).messages[-1].text
    await quick_line.write(colleague, "清楚")
    await quick_line.write(colleague, "清楚")
    async with quick_line.db.reading() as session:
        assert await session.scalar(select(Handover.state)) == "confirmed"
        assert set(await session.scalars(select(Ticket.holder_id))) == {await _staff(session, "33")}
