"""Incidents in dialogues: what the desk types, bad input, what residents are asked and may say instead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services import incidents
from services.db import Session
from services.incidents import News
from services.messages import Channel, MediaKind
from services.models import Incident, IncidentHousehold, Prompt, Ticket
from tests.support import estate
from tests.support.line import Line, Writer, attachment


async def said(line: Line, writer: Writer, text: str) -> str:
    """Write something and return the text of what came back."""
    return "\n".join(shown.text for shown in await line.write(writer, text))


async def begun(line: Line, *buildings: str, category: str = "water_off") -> int:
    """Open an incident as the supervisor and return its number."""

    async def begin(session: Session) -> int:
        lead = await estate.actor_of(session, line, await estate.web_of(session, "老赵"))
        told = News(categories=[category], buildings=list(buildings), from_at=line.now, until_at=None, words="水泵坏了")
        return (await incidents.begin(session, lead, told=told, now=line.now)).id

    return await line.db.run(begin)


async def newest(line: Line) -> Incident:
    async with line.db.reading() as session:
        return (await session.scalars(select(Incident).order_by(Incident.id.desc()).limit(1))).one()


@pytest.mark.parametrize(
    ("typed", "what", "where"),
    [
        ("1、3栋停水", ["water_off"], ["1", "3"]),
        ("1-3栋停电", ["power_off"], ["1", "2", "3"]),
        ("全部停水 停电", ["water_off", "power_off"], []),
        ("2號樓停水", ["water_off"], ["2"]),
        ("停水", ["water_off"], None),
        ("9栋停水", ["water_off"], None),
        ("1栋", None, ["1"]),
    ],
)
async def test_one_message_may_say_what_and_where(
    quick_line: Line, typed: str, what: list[str] | None, where: list[str] | None
) -> None:
    desk = await estate.linked(quick_line, "小李")
    await quick_line.write(desk, f"/incident {typed}")
    async with quick_line.db.reading() as session:
        prompt = (await session.scalars(select(Prompt).where(Prompt.form == "incident"))).one()
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in prompt.given.items()}
    assert (given.get("what"), given.get("where")) == (what, where)


async def test_what_is_no_building_or_no_time_is_asked_again_kindly(quick_line: Line) -> None:
    line, desk = quick_line, await estate.linked(quick_line, "小李")
    await line.write(desk, "/incident new")
    await line.write(desk, "路面塌陷")
    assert "1 2 3" in await said(line, desk, "9栋")
    await line.write(desk, "全部")
    assert "什么时候" in await said(line, desk, "随便")
    await line.write(desk, "14点到16点")
    await line.write(desk, "路面在修，绕一下南门")
    await line.tap(desk, "发出去")
    incident = await newest(line)
    assert (list(incident.categories), list(incident.buildings), incident.planned) == (["other"], [], True)
    assert incident.until_at is not None
    assert incident.until_at - incident.from_at == timedelta(hours=2)


async def test_a_change_to_a_time_that_has_passed_is_refused_and_asked_again(quick_line: Line) -> None:
    line, desk = quick_line, await estate.linked(quick_line, "小李")
    number = await begun(line, "3")
    await line.write(desk, f"/incident {number} change")
    await line.write(desk, "15:00")
    await line.write(desk, "跳过")
    await line.tap(desk, "发出去")
    incident = await newest(line)
    assert incident.until_at is not None
    line.pass_time(timedelta(hours=8))
    await line.write(desk, f"/incident {number} change")
    await line.tap(desk, "还不知道")
    await line.tap(desk, "跳过")
    await line.tap(desk, "发出去")
    assert (await newest(line)).until_at is None


async def test_only_the_desk_sees_incidents_and_unknown_numbers_are_not_there(quick_line: Line) -> None:
    line = quick_line
    engineer, owner = await estate.linked(line, "王师傅"), await estate.linked(line, "王芳")
    desk, number = await estate.linked(line, "小李"), await begun(line, "3")
    for writer in (engineer, owner):
        assert "水泵坏了" not in await said(line, writer, f"/incident {number}")
    assert "水泵坏了" in await said(line, desk, f"/incident {number}")
    assert "水泵坏了" not in await said(line, desk, "/incident 99")


async def test_other_words_than_an_answer_go_on_and_files_are_asked_about_again(quick_line: Line) -> None:
    line, owner = quick_line, await estate.linked(quick_line, "王芳")
    await begun(line, "3")
    assert "知道的" in await said(line, owner, "没水了")
    shown = await line.write(owner, media=[attachment(MediaKind.PHOTO, "1")])
    assert "知道的" in shown[-1].text
    assert "知道的" in await said(line, owner, "什么时候来水")
    assert "没有在办的事" in await said(line, owner, "我的进度")
    async with line.db.reading() as session:
        assert (await session.scalars(select(Ticket))).all() == []
        asked = select(func.count()).where(IncidentHousehold.asked_at.is_not(None))
        assert await session.scalar(asked) == 1


async def test_not_the_cause_files_as_usual_and_another_category_is_not_answered(quick_line: Line) -> None:
    line, owner = quick_line, await estate.linked(quick_line, "王芳", Channel.SMS)
    await begun(line, "3")
    assert "不是这个原因" in await said(line, owner, "没水了")
    await line.write(owner, "1")
    await line.write(owner, "1")
    assert "不是这个原因" not in await said(line, owner, "马桶堵了")
    async with line.db.reading() as session:
        assert (await session.scalars(select(Ticket.category))).all() == ["water_off"]


async def test_a_loss_needs_an_incident_and_a_home(quick_line: Line) -> None:
    line = quick_line
    owner, desk = await estate.linked(line, "王芳"), await estate.linked(line, "小李")
    assert "没有登记" in await said(line, owner, "报损")
    number = await begun(line, "3")
    await line.write(desk, f"/incident {number} loss")
    assert "3-2-1502" in await said(line, desk, "王家")
    await line.write(desk, "2-2-901")
    await line.write(desk, "地板泡了")
    assert "不在这件事的范围" in await said(line, desk, "好了")
    await line.write(owner, "报损")
    await line.write(owner, "地板泡了")
    await line.write(owner, "好了")
    await line.write(desk, f"/incident {number} settle")
    await line.write(desk, "1")
    assert "200" in await said(line, desk, "看着办")
    await line.write(desk, "不赔")
    assert "0元" in await said(line, desk, "业主说不用赔")


async def test_words_for_the_homes_raise_no_alarm_and_everything_else_does(quick_line: Line) -> None:
    line, desk = quick_line, await estate.linked(quick_line, "小李")
    await line.write(desk, "/incident 3栋停水")
    await line.write(desk, "现在起，恢复时间不知道")
    assert "发给48户" in await said(line, desk, "水管爆裂，正在抢修")
    async with line.db.reading() as session:
        assert (await session.scalars(select(Ticket))).all() == []
    await line.write(desk, "3栋1单元着火了")
    async with line.db.reading() as session:
        assert (await session.scalars(select(Ticket.priority))).all() == ["emergency"]
