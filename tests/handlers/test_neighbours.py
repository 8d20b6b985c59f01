"""Waiting along in dialogues: the offer, "me too", going back, changing the place, what is over meanwhile."""

from __future__ import annotations

from sqlalchemy import func, select

from services.models import Joiner, Ticket
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line, Writer

LIFT = "3栋2单元电梯坏了"


async def said(line: Line, writer: Writer, text: str) -> str:
    """Write something and return the text of what came back."""
    return "\n".join(shown.text for shown in await line.write(writer, text))


async def reported(line: Line, *words: str) -> Writer:
    """Let the first owner report faults in public places."""
    owner = await estate.linked(line, "王芳")
    for one in words:
        await line.write(owner, one)
        await line.tap(owner, "没错，报上去")
    return owner


async def counts(line: Line) -> tuple[int, int]:
    """Return how many tickets and joiners there are."""
    async with line.db.reading() as session:
        tickets = await session.scalar(select(func.count()).select_from(Ticket))
        return tickets or 0, await session.scalar(select(func.count()).select_from(Joiner)) or 0


async def test_another_place_in_the_summary_is_looked_up_anew(quick_line: Line) -> None:
    line, _ = quick_line, await reported(quick_line, LIFT)
    neighbour = await estate.linked(line, "吴海")
    await line.write(neighbour, "3栋1单元电梯坏了")
    assert "一起等" in await said(line, neighbour, "是3栋2单元的电梯")
    await line.tap(neighbour, "算我一个")
    assert await counts(line) == (1, 1)


async def test_back_and_change_never_stop_at_what_was_found_out(quick_line: Line) -> None:
    line, _ = quick_line, await reported(quick_line, LIFT)
    neighbour = await estate.linked(line, "吴海")
    await line.write(neighbour, LIFT)
    await line.tap(neighbour, "不是一回事")
    shown = await line.tap(neighbour, "改一下")
    assert [button.label for row in shown[-1].rows for button in row] == ["什么事", "位置"] or len(shown[-1].rows) == 1
    await line.tap(neighbour, "位置")
    assert "一起等" in await said(line, neighbour, "3栋2单元电梯")
    await line.write(neighbour, "不是一回事")
    await line.tap(neighbour, "没错，报上去")
    assert await counts(line) == (2, 0)


async def test_me_too_asks_which_of_several_and_knows_when_there_is_nothing(quick_line: Line) -> None:
    line = quick_line
    neighbour = await estate.linked(line, "吴海")
    assert "哪件事" in await said(line, neighbour, "同问")
    await reported(line, LIFT, "3栋2单元楼道灯不亮")
    shown = (await line.write(neighbour, "我家也是"))[-1]
    assert "哪一件" in shown.text
    await line.tap(neighbour, "3栋2单元楼道")
    assert "早给您记上了" in await _again(line, neighbour)
    assert await counts(line) == (2, 1)
    await line.write(neighbour, "同问")
    assert "坏" in await said(line, neighbour, "不是一回事")


async def _again(line: Line, neighbour: Writer) -> str:
    await line.write(neighbour, "3栋2单元楼道灯坏了")
    return (await line.tap(neighbour, "算我一个"))[-1].text


async def test_what_ended_meanwhile_is_said_and_can_be_reported_anew(quick_line: Line) -> None:
    line, owner = quick_line, await reported(quick_line, LIFT)
    neighbour = await estate.linked(line, "吴海")
    await line.write(neighbour, LIFT)
    async with line.db.transaction() as session:
        actor = await estate.actor_of(session, line, owner)
        ticket = (await session.scalars(select(Ticket.id))).one()
        await estate.act(session, line, actor, Action.CANCEL, ticket)
    await line.tap(neighbour, "算我一个")
    assert await counts(line) == (1, 0)
    assert "核" not in await said(line, neighbour, LIFT)
    await line.tap(neighbour, "没错，报上去")
    assert await counts(line) == (2, 0)


async def test_a_stranger_who_waits_along_is_not_asked_for_his_number(quick_line: Line) -> None:
    line, _ = quick_line, await reported(quick_line, LIFT)
    stranger = estate.stranger("路人")
    await line.write(stranger, LIFT)
    assert "记上了" in (await line.tap(stranger, "算我一个"))[-1].text
    assert "3栋2单元电梯" in await said(line, stranger, "我的进度")
    assert await counts(line) == (1, 1)


async def test_what_is_reported_at_home_is_nobody_elses(quick_line: Line) -> None:
    line, _ = quick_line, await reported(quick_line, "厨房水槽漏水")
    neighbour = await estate.linked(line, "吴海")
    assert "一起等" not in await said(line, neighbour, "厨房水槽漏水")
    assert "哪件事" in await said(line, await estate.linked(line, "宋刚"), "+1")
