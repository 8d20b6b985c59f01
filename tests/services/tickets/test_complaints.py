"""Complaints: repeats, one appeal, another's signature, an office's clock, and whom one turns out to be about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.models import Deadline, OutsideCase, Staff, Ticket, Timer
from services.refusals import Refused
from services.tickets import accused, complaints, forwarded
from services.tickets.apart import About
from services.tickets.history import Said
from services.tickets.requests import Outside, Source
from services.tickets.rules import Action
from services.tickets.terms import Clock
from tests.support import estate
from tests.support.line import Line

OWNER, ENGINEER, DESK, LEAD, MANAGER = "王芳", "王师傅", "小李", "老赵", "孙经理"


async def cast(session: Session, line: Line) -> dict[str, Actor]:
    names = (OWNER, ENGINEER, DESK, LEAD, MANAGER)
    return {name: await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names}


async def complaint(session: Session, line: Line, people: dict[str, Actor], **more: Any) -> Ticket:
    return await estate.filed(session, line, people[OWNER], kind=Kind.COMPLAINT, confidential=True, **more)


async def answered(session: Session, line: Line, people: dict[str, Actor], **more: Any) -> Ticket:
    ticket = await complaint(session, line, people, **more)
    await estate.act(session, line, people[LEAD], Action.ACCEPT, ticket.id)
    await estate.act(session, line, people[LEAD], Action.DONE, ticket.id, words="对不起")
    return ticket


def asked(line: Line) -> dict[str, Any]:
    return {"now": line.now, "policy": line.world.policies.defaults}


async def refused(action: Any) -> str:
    with pytest.raises(Refused) as wrong:
        await action
    return wrong.value.text.key


async def test_a_complaint_is_a_repeat_for_some_weeks_after_its_answer(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        people = await cast(session, line)
        first = await answered(session, line, people)
        line.pass_time(timedelta(days=20))
        again = await complaint(session, line, people)
        assert [one.id for one in await complaints.repeated(session, again)] == [first.id]
        line.pass_time(timedelta(days=40))
        late = await complaint(session, line, people)
        assert await complaints.repeated(session, late) == []


async def test_one_appeal_goes_to_who_did_not_answer_and_no_second_one(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        people = await cast(session, line)
        ticket = await answered(session, line, people)
        appeal = {"ticket_id": ticket.id, "said": Said("不行"), **asked(line)}
        await complaints.appeal(session, people[OWNER], **appeal)
        manager = people[MANAGER].staff
        assert manager is not None
        assert (ticket.holder_id, ticket.tier, ticket.appeals) == (manager.staff_id, "manager", 1)
        running = select(Deadline.clock).where(Deadline.ticket_id == ticket.id, Deadline.ended_at.is_(None))
        assert {Clock.ACCEPT, Clock.ANSWER, Clock.RESOLVE} <= set((await session.scalars(running)).all())
        await estate.act(session, line, people[MANAGER], Action.ACCEPT, ticket.id)
        await estate.act(session, line, people[MANAGER], Action.DONE, ticket.id, words="最后")
        assert await refused(complaints.appeal(session, people[OWNER], **appeal)) == "refused.last_answer"
        again = estate.act(session, line, people[OWNER], Action.OWNER_RETURNS, ticket.id, words="不行")
        assert await refused(again) == "refused.last_answer"


async def test_who_answered_neither_closes_nor_signs(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        people = await cast(session, line)
        ticket = await answered(session, line, people)
        mine = estate.act(session, line, people[LEAD], Action.CLOSE, ticket.id)
        assert await refused(mine) == "refused.not_independent"
        await estate.act(session, line, people[MANAGER], Action.CLOSE, ticket.id)
        sign = {"ticket_id": ticket.id, "outcome": "content", "said": Said(), **asked(line)}
        assert await refused(complaints.sign_off(session, people[LEAD], **sign)) == "refused.not_independent"
        await complaints.sign_off(session, people[MANAGER], **sign)
        assert ticket.outcome == "content"


async def test_a_repair_has_no_appeal(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        people = await cast(session, line)
        ticket = await estate.filed(session, line, people[OWNER])
        await estate.act(session, line, people[ENGINEER], Action.ACCEPT, ticket.id)
        await estate.act(session, line, people[ENGINEER], Action.DONE, ticket.id, words="换了")
        appeal = complaints.appeal(session, people[OWNER], ticket_id=ticket.id, said=Said("x"), **asked(line))
        assert await refused(appeal) == "refused.too_late"


def an_outside(line: Line, number: str = "HZ-1", hours: int = 24) -> Outside:
    reply = line.now + timedelta(hours=hours)
    return Outside(office="hotline", number=number, contact_by=line.now + timedelta(hours=4), reply_by=reply)


async def test_an_offices_clocks_run_in_real_hours_and_its_case_is_signed_when_it_was_replied_to(line: Line) -> None:
    async with line.db.transaction() as session:
        people = await cast(session, line)
        case = an_outside(line)
        ticket = await answered(session, line, people, source=Source.FORWARDED, outside=case)
        row = (await session.scalars(select(OutsideCase))).one()
        assert (row.contact_due_at, row.due_at) == (case.contact_by, case.reply_by)
        assert row.contacted_at is not None  # the answer reached him
        clocks = await session.execute(select(Deadline.clock, Deadline.first_due_at))
        assert {(Clock.ANSWER, case.contact_by), (Clock.RESOLVE, case.reply_by)} <= {tuple(one) for one in clocks}
        assert await refused(forwarded.see_new(session, community_id=row.community_id, outside=case)) == (
            "refused.known_case"
        )
        await estate.act(session, line, people[OWNER], Action.OWNER_ACCEPTS, ticket.id)
        sign = {"ticket_id": ticket.id, "outcome": "content", "said": Said(), **asked(line)}
        assert await refused(complaints.sign_off(session, people[MANAGER], **sign)) == "refused.not_replied"
        await complaints.reply(session, people[LEAD], ticket_id=ticket.id, words="已修复", **asked(line))
        assert row.replied_at == line.now
        waiting = select(Timer.kind).where(Timer.subject == forwarded.SUBJECT, Timer.state == "waiting")
        assert (await session.scalars(waiting)).all() == []
        await complaints.sign_off(session, people[MANAGER], **sign)
        other = await complaint(session, line, people)
        words = complaints.reply(session, people[LEAD], ticket_id=other.id, words="已修复", **asked(line))
        assert await refused(words) == "refused.not_forwarded"


async def test_a_reply_that_is_due_is_asked_for_and_told_when_it_is_late(quick_line: Line) -> None:
    line = quick_line
    lead = await estate.linked(line, LEAD)
    async with line.db.transaction() as session:
        people = await cast(session, line)
        people[LEAD] = await estate.actor_of(session, line, lead)
        await complaint(session, line, people, source=Source.FORWARDED, outside=an_outside(line))
    await line.advance(timedelta(hours=23))
    assert sum("HZ-1" in shown.text and "书面回复" in shown.text for shown in line.screen(lead).log) >= 1
    await line.advance(timedelta(hours=2))
    assert any("还没回" in shown.text and "HZ-1" in shown.text for shown in line.screen(lead).log)


async def test_one_of_whom_it_turns_out_to_be_about_loses_it_at_once(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        people = await cast(session, line)
        ticket = await complaint(session, line, people)
        lead, manager = people[LEAD].staff, people[MANAGER].staff
        assert lead is not None
        assert manager is not None
        assert ticket.holder_id == lead.staff_id
        about = About(staff_id=lead.staff_id)
        await complaints.concern(session, people[MANAGER], ticket_id=ticket.id, about=about, **asked(line))
        assert ticket.holder_id == manager.staff_id


async def test_a_badge_or_a_whole_name_names_an_employee_and_half_a_name_nobody(quick_line: Line) -> None:
    line = quick_line

    async def meant(session: Session, words: str) -> Sequence[str]:
        community = (await cast(session, line))[OWNER].community_id or 0
        about = await accused.named(session, community_id=community, text=words, conduct=True)
        badge = await session.scalar(select(Staff.badge).where(Staff.id == about.staff_id))
        return [one for one in (badge, about.team) if one]

    async with line.db.transaction() as session:
        assert await meant(session, "27号师傅骂人") == ["27"]
        assert await meant(session, "工号: 31 不讲理") == ["31"]
        assert await meant(session, "老赵说话难听") == ["03"]
        assert await meant(session, "王师傅和刘师傅都不来") == ["engineering"]
        assert await meant(session, "太差了") == []
