"""Shifts handed over: what is on the list, who comes, when it counts, what becomes of the work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from services import handovers, relief
from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Address, Duty, Handover, HandoverItem, Outgoing, Prompt, Staff, Ticket, Timer
from services.refusals import NotAllowed, NotFound
from services.settings import Policy
from services.tickets.rules import Action
from tests.support import estate
from tests.support.line import Line

POLICY = Policy()


async def _actor(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def _staff(session: Session, badge: str) -> int:
    found = await session.scalar(select(Staff.id).where(Staff.badge == badge))
    assert found is not None
    return found


async def _held(session: Session, line: Line, name: str = "王师傅", *, words: str = "") -> Ticket:
    ticket = await estate.filed(session, line, await _actor(session, line, "王芳"))
    engineer = await _actor(session, line, name)
    await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
    if words:
        await estate.act(session, line, engineer, Action.NOTE, ticket.id, words=words)
    return ticket


async def _give(
    session: Session, line: Line, notes: Mapping[int, str], *, to: str = "33", passes_on: bool = True
) -> Handover:
    await _actor(session, line, "陈师傅")
    return await handovers.give(
        session,
        await _actor(session, line, "王师傅"),
        to_staff_id=await _staff(session, to),
        notes=notes,
        passes_on=passes_on,
        now=line.now,
        policy=POLICY,
    )


async def _items(session: Session, given: Handover) -> list[int]:
    return [item.id for item in await handovers.items(session, given)]


async def _clear(session: Session, line: Line, item: int, who: str = "陈师傅") -> Handover:
    return await handovers.clear(session, await _actor(session, line, who), item_id=item, now=line.now, policy=POLICY)


async def _doubt(session: Session, line: Line, item: int) -> Handover:
    colleague = await _actor(session, line, "陈师傅")
    return await handovers.doubt(session, colleague, item_id=item, question="钥匙呢", now=line.now, policy=POLICY)


async def test_it_counts_when_every_item_is_clear_and_the_work_goes_along(line: Line) -> None:
    async with line.db.transaction() as session:
        first, second = await _held(session, line), await _held(session, line)
        given = await _give(session, line, {first.id: "", second.id: "等角阀"})
        items = await _items(session, given)
        await _clear(session, line, items[0])
        assert (given.state, first.holder_id) == ("open", given.from_staff_id)
        await _clear(session, line, items[1])
        assert (given.state, given.confirmed_at) == ("confirmed", line.now)
        assert {first.holder_id, second.holder_id} == {given.to_staff_id}
        timer = select(Timer.state).where(Timer.kind == "handover.due")
        assert await session.scalar(timer) == "cancelled"
        with pytest.raises(handovers.Over):
            await _clear(session, line, items[0])


async def test_who_keeps_his_work_has_it_after_the_handover(line: Line) -> None:
    async with line.db.transaction() as session:
        ticket = await _held(session, line)
        given = await _give(session, line, {ticket.id: ""}, passes_on=False)
        await _clear(session, line, (await _items(session, given))[0])
        assert (given.state, ticket.holder_id) == ("confirmed", given.from_staff_id)


async def test_with_a_question_open_it_does_not_count(line: Line) -> None:
    async with line.db.transaction() as session:
        first, second = await _held(session, line), await _held(session, line)
        given = await _give(session, line, {first.id: "", second.id: ""})
        items = await _items(session, given)
        await _doubt(session, line, items[0])
        await _clear(session, line, items[1])
        assert given.state == "open"
        assert await session.scalar(select(func.count()).where(Prompt.form == handovers.ANSWER)) == 1
        engineer = await _actor(session, line, "王师傅")
        await handovers.answer(session, engineer, item_id=items[0], words="在前台", now=line.now)
        await session.flush()
        waiting = await handovers.waiting_for(session, await _actor(session, line, "陈师傅"))
        assert waiting is not None
        assert (waiting.id, waiting.answer) == (items[0], "在前台")
        await _clear(session, line, items[0])
        assert given.state == "confirmed"


async def test_only_the_two_of_them_have_a_say(line: Line) -> None:
    async with line.db.transaction() as session:
        ticket = await _held(session, line)
        given = await _give(session, line, {ticket.id: ""})
        item = (await _items(session, given))[0]
        for who in ("刘师傅", "王师傅", "王芳"):
            with pytest.raises(NotFound):
                await _clear(session, line, item, who)
        stranger = await _actor(session, line, "陈师傅")
        with pytest.raises(NotFound):
            await handovers.answer(session, stranger, item_id=item, words="x", now=line.now)
        with pytest.raises(NotFound):
            await handovers.item_with_ticket(session, item_id=999)
        with pytest.raises(NotFound):
            await _clear(session, line, 999)
        owner = await _actor(session, line, "王芳")
        assert await handovers.waiting_for(session, owner) is None
        assert await relief.left_open(session, owner, now=line.now) == []
        assert await relief.coming(session, owner, now=line.now) == []
        with pytest.raises(NotAllowed):
            await handovers.give(session, owner, to_staff_id=1, notes={}, passes_on=False, now=line.now, policy=POLICY)


async def test_a_new_one_takes_the_open_one_back_with_its_questions(line: Line) -> None:
    async with line.db.transaction() as session:
        ticket = await _held(session, line)
        first = await _give(session, line, {ticket.id: "甲"})
        second = await _give(session, line, {ticket.id: "乙"})
        assert (first.state, second.state) == ("withdrawn", "open")
        states = await session.scalars(select(Prompt.state).where(Prompt.form == handovers.TAKE).order_by(Prompt.id))
        assert list(states) == ["cancelled", "open"]
        item = (await _items(session, first))[0]
        with pytest.raises(handovers.Over):
            await _clear(session, line, item)
        engineer = await _actor(session, line, "王师傅")
        with pytest.raises(handovers.Over):
            await handovers.answer(session, engineer, item_id=item, words="x", now=line.now)
        await handovers.overdue(session, handover_id=first.id, now=line.now)
        assert first.told_at is None


async def test_an_empty_one_counts_at_once(line: Line) -> None:
    async with line.db.transaction() as session:
        given = await _give(session, line, {})
        assert given.state == "confirmed"
        assert await session.scalar(select(func.count()).where(Timer.kind == "handover.due")) == 0
        keys = await session.scalars(select(Outgoing.key).where(Outgoing.key.startswith(f"handover:{given.id}:end")))
        assert len(list(keys)) == 2


async def test_nothing_is_handed_to_who_hears_nothing(line: Line) -> None:
    async with line.db.transaction() as session:
        person = await session.scalar(select(Staff.person_id).where(Staff.badge == "31"))
        await session.execute(delete(Address).where(Address.person_id == person))
        with pytest.raises(handovers.Unheard):
            await _give(session, line, {}, to="31")


async def test_the_supervisor_hears_once_of_what_is_not_confirmed(line: Line) -> None:
    supervisor = await estate.linked(line, "老赵")
    async with line.db.transaction() as session:
        given = await _give(session, line, {(await _held(session, line)).id: ""})
    await line.advance(timedelta(minutes=29))
    assert not line.screen(supervisor).messages
    await line.advance(timedelta(minutes=2))
    async with line.db.transaction() as session:
        await handovers.overdue(session, handover_id=given.id, now=line.now)
    await line.drain()
    assert ["交班" in shown.text for shown in line.screen(supervisor).messages] == [True]


async def test_with_no_lead_on_duty_every_lead_hears(line: Line) -> None:
    async with line.db.transaction() as session:
        for name in ("老赵", "孙经理"):
            await _actor(session, line, name)
        given = await _give(session, line, {(await _held(session, line)).id: ""})
        await session.execute(delete(Duty))
        await handovers.overdue(session, handover_id=given.id, now=line.now)
        keys = await session.scalars(select(Outgoing.key).where(Outgoing.key.startswith(f"handover:{given.id}:due")))
        assert len(list(keys)) == 2


# ---------------------------------------------------------------- the list and who comes


async def test_an_engineer_hands_over_what_he_holds_with_the_last_word_about_it(line: Line) -> None:
    async with line.db.transaction() as session:
        mine = await _held(session, line, words="等角阀,周三到")
        quiet = await _held(session, line)
        engineer = await _actor(session, line, "王师傅")
        found = await relief.left_open(session, engineer, now=line.now)
        assert {one.id for one in found} == {mine.id, quiet.id}
        said = await relief.last_words(session, [one.id for one in found])
        assert said == {mine.id: "等角阀,周三到"}


async def test_the_desk_hands_over_what_nobody_holds_and_what_is_late_but_no_secret(line: Line) -> None:
    async with line.db.transaction() as session:
        on_time, late = await _held(session, line), await _held(session, line)
        owner = await _actor(session, line, "赵敏")
        nobodys = await estate.filed(session, line, owner)
        complaint = await estate.filed(
            session, line, owner, matter="前台态度差", kind=Kind.COMPLAINT, confidential=True
        )
        await session.execute(update(Ticket).where(Ticket.id == late.id).values(due_at=line.now - timedelta(hours=1)))
        for one in (nobodys, complaint):
            await session.execute(update(Ticket).where(Ticket.id == one.id).values(holder_id=None, state="open"))
        desk = await relief.left_open(session, await _actor(session, line, "小李"), now=line.now)
        assert [one.id for one in desk] == [late.id, nobodys.id]
        lead = await relief.left_open(session, await _actor(session, line, "老赵"), now=line.now)
        assert {one.id for one in lead} == {late.id, nobodys.id, complaint.id}
        assert on_time.id not in {one.id for one in lead}


async def test_who_begins_soon_comes_first_then_who_is_on_duty(line: Line) -> None:
    async with line.db.transaction() as session:
        engineer = await _actor(session, line, "王师傅")
        await session.execute(delete(Duty))
        community = engineer.community_id
        for badge, first, last in (("31", -1, 8), ("33", 1, 9), ("35", 11, 23)):
            row = {"community_id": community, "staff_id": await _staff(session, badge)}
            at = {"starts_at": line.now + timedelta(hours=first), "ends_at": line.now + timedelta(hours=last)}
            session.add(Duty(**row, **at))
        await session.flush()
        found = await relief.coming(session, engineer, now=line.now)
        assert [one.badge for one in found] == ["33", "31", "35"]
        await session.execute(delete(Duty))
        assert [one.badge for one in await relief.coming(session, engineer, now=line.now)] == ["31", "33", "35"]


async def test_words_of_a_handover_are_kept_with_its_items(line: Line) -> None:
    async with line.db.transaction() as session:
        ticket = await _held(session, line)
        given = await _give(session, line, {ticket.id: "轻点敲门"})
        item = await session.get_one(HandoverItem, (await _items(session, given))[0])
        assert (item.note, item.state, item.question, item.answer) == ("轻点敲门", "new", "", "")
