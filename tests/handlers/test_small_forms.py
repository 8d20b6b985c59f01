"""The small forms off the beaten track: half a number, no plate, several notices, a slip nobody looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.messages import MediaKind
from services.models import Party, ReleaseSlip, Unit
from tests.support import estate
from tests.support.line import Line, Writer, attachment


async def said(line: Line, who: Writer, text: str) -> str:
    return "\n".join("\n".join(shown.lines()) for shown in await line.write(who, text))


async def tapped(line: Line, who: Writer, label: str) -> str:
    return "\n".join(f"{shown.toast}{shown.text}" for shown in await line.tap(who, label))


async def test_the_gate_asks_for_what_is_missing_and_says_what_it_can_not_read(quick_line: Line) -> None:
    guard = await estate.linked(quick_line, "保安小马")
    assert "单号是多少" in await said(quick_line, guard, "/gate")
    assert "不像放行条单号" in await said(quick_line, guard, "沙发")
    assert "四位校验码" in await said(quick_line, guard, "0412-R1")
    assert "四位字母或数字" in await said(quick_line, guard, "K7")
    assert "没有 0412-R1-K7QM" in await said(quick_line, guard, "k7qm")
    assert "单号是多少" in await said(quick_line, guard, "放行")
    assert "没有 0412-R2-K7QM" in await said(quick_line, guard, "0412-R2 K7QM")


async def test_the_desk_may_ask_how_slips_work_without_being_at_the_gate(quick_line: Line) -> None:
    desk = await estate.linked(quick_line, "小李")
    assert "核对住户" in await said(quick_line, desk, "放行条怎么开")  # she has no flat here
    stranger = estate.stranger("路人")
    assert "核对住户" in await said(quick_line, stranger, "明天搬个沙发出去")


async def test_who_leads_decides_a_slip_that_waited_too_long(quick_line: Line) -> None:
    owner, lead = await estate.linked(quick_line, "王芳"), await estate.linked(quick_line, "老赵")
    await estate.linked(quick_line, "小李")
    assert "放行条我这样记" in await said(quick_line, owner, "后天下午搬个沙发出去")
    assert "今天" in await said(quick_line, owner, "今天下午")  # a time that comes later is the time
    await tapped(quick_line, owner, "对，去办")
    await quick_line.advance(timedelta(hours=2))
    await quick_line.tap(lead, "看一下")
    await quick_line.tap(lead, "可以放行")
    async with quick_line.db.reading() as session:
        slip = (await session.scalars(select(ReleaseSlip))).one()
    assert (slip.state, slip.media_id is not None) == ("approved", True)
    shown = quick_line.screen(owner).messages[-1]
    assert shown.files  # the picture that the gate scans


async def test_a_car_without_a_plate_is_asked_about(quick_line: Line) -> None:
    owner = await estate.linked(quick_line, "王芳")
    assert "车牌多少" in await said(quick_line, owner, "有车挡我车了")
    assert "没看清车牌" in await said(quick_line, owner, "一辆白车")
    assert "停在哪儿" in await said(quick_line, owner, "沪C6T789")
    assert "已请保安去看" in await tapped(quick_line, owner, "跳过")
    await said(quick_line, owner, "/more")
    await tapped(quick_line, owner, "挪车")
    assert "车牌多少" in "\n".join(quick_line.screen(owner).messages[-1].lines())


async def test_a_household_with_two_notices_says_which_is_put_right(quick_line: Line) -> None:
    owner, desk = await estate.linked(quick_line, "宋刚"), await estate.linked(quick_line, "小李")
    for matter in ("楼道堆物", "阳台花盆没固定"):
        assert "发给哪一户" in await said(quick_line, desk, "/rectify")
        assert "要改什么" in await said(quick_line, desk, "3-2-301")
        assert "什么时候前" in await said(quick_line, desk, matter)
        assert matter in await said(quick_line, desk, "后天18:00")
        assert "请拍照" in await said(quick_line, desk, "请拍照")
        await quick_line.tap(desk, "发出去")
    assert "哪一件" in await said(quick_line, owner, "整改好了 都清了")
    assert "拍张照" in await tapped(quick_line, owner, "0412-02 阳台花盆没固定；请拍照")
    await quick_line.write(owner, media=[attachment(MediaKind.PHOTO, "pot")])
    await quick_line.tap(desk, "复查通过")
    assert "拍张照" in await said(quick_line, owner, "整改好了 都清了")  # the other one
    neighbour = await estate.linked(quick_line, "王芳")
    assert "整改" not in await said(quick_line, neighbour, "整改好了")


async def test_a_firm_gets_its_notice_by_hand_and_residents_write_none(quick_line: Line) -> None:
    owner, desk = await estate.linked(quick_line, "宋刚"), await estate.linked(quick_line, "小李")
    assert "办不了" in await said(quick_line, owner, "/rectify 3-2-1502 太吵")
    await said(quick_line, desk, "/rectify")
    await said(quick_line, desk, "诚信装修队")
    await said(quick_line, desk, "垃圾清走")
    await said(quick_line, desk, "明天18:00")
    assert "当面送到或打电话" in await tapped(quick_line, desk, "发出去")


@pytest.mark.parametrize(("answer", "state"), [("最近不方便", "no"), ("你们先打电话", "unknown")])
async def test_a_household_above_may_say_no_or_anything_else(quick_line: Line, answer: str, state: str) -> None:
    below, above = await estate.linked(quick_line, "周丽"), await estate.linked(quick_line, "王芳")
    await quick_line.write(below, "楼上漏水到我家厕所了")
    await quick_line.tap(below, "像是楼上")
    await quick_line.tap(below, "没错，报上去")
    await said(quick_line, above, answer)
    if state == "no":
        await said(quick_line, above, "下月才回来")
    async with quick_line.db.reading() as session:
        party = (await session.scalars(select(Party).where(Party.role == "above"))).one()
        unit = await session.get_one(Unit, party.unit_id)
    assert (party.allowed, party.state, unit.room) == (state, "answered", "1502")
    assert all("周丽" not in shown.text for shown in quick_line.screen(above).messages)


async def test_whoever_is_not_sure_lets_the_engineer_find_out(quick_line: Line) -> None:
    below, above = await estate.linked(quick_line, "周丽"), await estate.linked(quick_line, "王芳")
    engineer = await estate.linked(quick_line, "王师傅")
    await quick_line.write(below, "楼上漏水到我家厕所了")
    await quick_line.tap(below, "说不准")
    await quick_line.tap(below, "没错，报上去")
    assert quick_line.screen(above).messages == []
    await quick_line.tap(engineer, "我接")
    await quick_line.tap(engineer, "楼上楼下")
    await quick_line.tap(engineer, "是楼上漏，联系楼上")
    assert "楼下有渗水" in quick_line.screen(above).messages[-1].text
    await quick_line.tap(engineer, "楼上楼下")
    await quick_line.tap(engineer, "楼上没人")
    async with quick_line.db.reading() as session:
        party = (await session.scalars(select(Party).where(Party.role == "above"))).one()
    assert party.state == "contact"


async def test_of_two_closed_doors_the_engineer_says_which(quick_line: Line) -> None:
    below, engineer = await estate.linked(quick_line, "宋刚"), await estate.linked(quick_line, "王师傅")
    desk = await estate.linked(quick_line, "小李")
    await quick_line.write(below, "楼上漏水到我家厕所了")
    await quick_line.tap(below, "像是楼上")
    await quick_line.tap(below, "没错，报上去")
    await quick_line.tap(desk, "没联系上")
    await quick_line.tap(engineer, "我接")
    heard = len(quick_line.screen(below).messages)
    assert "哪家没人" in await said(quick_line, engineer, "没人在家")
    assert "前台会打" in await tapped(quick_line, engineer, "楼上没人")
    assert len(quick_line.screen(below).messages) == heard  # nobody stood at his door
    await said(quick_line, engineer, "没人在家")
    assert "拍张门口的照片" in await tapped(quick_line, engineer, "楼下没人")


async def test_a_leak_of_ones_own_is_an_ordinary_repair(quick_line: Line) -> None:
    below = await estate.linked(quick_line, "周丽")
    await quick_line.write(below, "楼上漏水到我家厕所了")
    await quick_line.tap(below, "自家")
    await quick_line.tap(below, "没错，报上去")
    async with quick_line.db.reading() as session:
        assert (await session.scalars(select(Party))).all() == []
