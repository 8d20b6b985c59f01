"""Filing: limits, numbers, who gets it, what the desk sees."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from services.actors import Actor, House
from services.catalog import Kind, Payer, Way
from services.db import Session
from services.models import Community, Content, History, Staff, Ticket, Timer
from services.refusals import NotFound
from services.settings import Policy
from services.tickets import filing, finding, history
from services.tickets.filing import Request, Requester, TooAlike, TooMany
from services.tickets.finding import WhichTicket
from services.tickets.rules import State
from tests.support import estate
from tests.support.line import START, Line

OWNER, DESK = "王芳", "小李"


async def person(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def test_numbers_count_by_day_of_the_estate(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        first = await estate.filed(session, line, owner, matter="一")
        second = await estate.filed(session, line, owner, matter="二")
        line.pass_time(timedelta(hours=14, minutes=59))  # 23:59 in Shanghai
        late = await estate.filed(session, line, owner, matter="三")
        line.pass_time(timedelta(minutes=2))
        next_day = await estate.filed(session, line, owner, matter="四")
    assert [t.number for t in (first, second, late, next_day)] == ["0412-01", "0412-02", "0412-03", "0413-01"]
    assert {t.year for t in (first, next_day)} == {2026}


async def test_two_communities_count_apart(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        await estate.filed(session, line, owner)
        other = Community(
            slug="other", name="另一处", zone="Asia/Shanghai", locale="zh_Hans", phone="1", created_at=line.now
        )
        session.add(other)
        await session.flush()
        year, number = await filing._number(session, _house(other), line.now)
    assert (year, number) == (2026, "0412-01")


def _house(community: Community) -> House:
    return House(community.id, community.name, ZoneInfo(community.zone), community.locale, community.phone)


async def test_a_hundred_tickets_a_day_still_have_numbers(line: Line) -> None:
    async with line.db.transaction() as session:
        house = (await person(session, line, OWNER)).house
        assert house is not None
        numbers = [(await filing._number(session, house, line.now))[1] for _ in range(101)]
    assert numbers[-3:] == ["0412-99", "0412-100", "0412-101"]
    assert len(set(numbers)) == 101


async def test_ten_tickets_a_day_and_two_alike(line: Line) -> None:
    limits = Policy().tickets
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        for _ in range(limits.alike_per_day):
            await estate.filed(session, line, owner, matter="漏水")
        with pytest.raises(TooAlike):
            await estate.filed(session, line, owner, matter="漏水")
        for number in range(limits.per_day - limits.alike_per_day):
            await estate.filed(session, line, owner, matter=f"别的{number}")
        with pytest.raises(TooMany):
            await estate.filed(session, line, owner, matter="再来一件")
        line.pass_time(timedelta(days=1))
        await estate.filed(session, line, owner, matter="漏水")


async def test_danger_is_filed_whatever_was_filed_before(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        for _ in range(2):
            await estate.filed(session, line, owner, matter="煤气味")
        ticket = await estate.filed(session, line, owner, matter="煤气味", emergency=True, urgent=True)
    assert (ticket.priority, ticket.team) == ("emergency", "engineering")


async def test_employees_file_as_much_as_they_must(line: Line) -> None:
    async with line.db.transaction() as session:
        desk = await person(session, line, DESK)
        tickets = [await estate.filed(session, line, desk, matter="路灯") for _ in range(12)]
    assert {ticket.first_taker_id for ticket in tickets} == {desk.staff.staff_id if desk.staff else 0}


async def test_the_duty_person_gets_it_and_the_desk_answers_for_it(line: Line) -> None:
    async with line.db.transaction() as session:
        ticket = await estate.filed(session, line, await person(session, line, OWNER))
        names = {row.id: row.badge for row in await session.execute(select(Staff.id, Staff.badge))}
    assert (ticket.state, names[ticket.holder_id or 0], names[ticket.first_taker_id or 0]) == (
        State.ASSIGNED,
        "27",
        "08",
    )
    assert ticket.promised_at is not None
    assert START < ticket.promised_at <= START + timedelta(days=2)


async def test_with_nobody_on_duty_it_is_open_and_somebody_hears_of_it_in_time(line: Line) -> None:
    async with line.db.transaction() as session:
        await session.execute(update(Staff).where(Staff.team == "engineering").values(active=False))
        ticket = await estate.filed(session, line, await person(session, line, OWNER))
        due = await session.scalar(select(Timer.due_at).where(Timer.kind == "ticket.clock"))
    assert (ticket.state, ticket.holder_id) == (State.OPEN, None)
    assert due == START + timedelta(minutes=Policy().deadlines.accept_minutes)


async def filed_as(session: Session, line: Line, key: str, **more: Any) -> Ticket:
    """File a repair of a category of the catalogue, as an owner does."""
    owner = await person(session, line, OWNER)
    assert owner.house is not None
    request = Request(
        category=line.world.catalog.of_kind(key, Kind.REPAIR),
        matter=key + str(more),
        place="大堂",
        requester=Requester(person_id=owner.person_id, address_id=owner.address_id),
        **more,
    )
    policy = line.world.policies.defaults
    return await filing.file(session, owner, house=owner.house, request=request, now=line.now, policy=policy)


async def test_public_jobs_may_be_grabbed_by_day_and_go_to_who_is_on_duty_at_night(line: Line) -> None:
    async with line.db.transaction() as session:
        by_day = await filed_as(session, line, "lighting", scope="public")
        assert (by_day.dispatch, by_day.state, by_day.holder_id) == (Way.GRAB, State.OPEN, None)
        at_home = await filed_as(session, line, "lighting", scope="unit")
        assert (at_home.dispatch, at_home.state) == (Way.DUTY, State.ASSIGNED)
        line.pass_time(timedelta(hours=13))  # 22:00
        at_night = await filed_as(session, line, "lighting", scope="public")
        assert (at_night.dispatch, at_night.state) == (Way.DUTY, State.ASSIGNED)


async def test_what_the_desk_assigns_waits_for_it(line: Line) -> None:
    async with line.db.transaction() as session:
        category = replace(line.world.catalog.categories["lighting"], dispatch=Way.DESK, payer=Payer.FREE)
        owner = await person(session, line, OWNER)
        assert owner.house is not None
        request = Request(category=category, matter="灯", place="大堂", requester=Requester(person_id=owner.person_id))
        policy = line.world.policies.defaults
        ticket = await filing.file(session, owner, house=owner.house, request=request, now=line.now, policy=policy)
        assert (ticket.dispatch, ticket.state, ticket.holder_id) == (Way.DESK, State.OPEN, None)


async def test_rotating_work_goes_round(line: Line) -> None:
    async with line.db.transaction() as session:
        category = replace(line.world.catalog.categories["lighting"], dispatch=Way.ROTATE, skill="none")
        await session.execute(update(Staff).values(skills=[]))  # skills go before turns
        owner = await person(session, line, OWNER)
        assert owner.house is not None
        holders = []
        for number in range(6):
            request = Request(
                category=category, matter=f"灯{number}", place="大堂", requester=Requester(person_id=owner.person_id)
            )
            policy = line.world.policies.defaults
            ticket = await filing.file(session, owner, house=owner.house, request=request, now=line.now, policy=policy)
            holders.append(ticket.holder_id)
            line.pass_time(timedelta(minutes=1))
        assert set(holders[:3]) == set(holders[3:])
        assert len(set(holders)) == 3


@pytest.mark.parametrize(
    ("more", "priority"),
    [({}, "normal"), ({"urgent": True}, "urgent"), ({"emergency": True, "urgent": True}, "emergency")],
)
async def test_danger_goes_before_haste_and_haste_before_the_catalogue(
    line: Line, more: dict[str, Any], priority: str
) -> None:
    async with line.db.transaction() as session:
        ticket = await filed_as(session, line, "plumbing", **more)
        assert ticket.priority == priority
        assert ticket.due_at is not None
        assert ticket.team == "engineering"


async def test_a_complaint_goes_to_who_leads(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await person(session, line, OWNER)
        ticket = await estate.filed(session, line, owner, kind=Kind.COMPLAINT, confidential=True)
        badge = await session.scalar(select(Staff.badge).where(Staff.id == ticket.holder_id))
    assert (badge, ticket.answer_by) == ("03", START + timedelta(minutes=Policy().deadlines.complaint_answer_minutes))


async def test_the_first_row_of_history_holds_codes_and_the_words_apart(line: Line) -> None:
    async with line.db.transaction() as session:
        ticket = await estate.filed(session, line, await person(session, line, OWNER), matter="厨房漏水")
        [told] = await history.timeline(session, ticket)
        row, content = (await session.scalars(select(History))).one(), (await session.scalars(select(Content))).one()
    assert (row.action, row.seq, row.prev) == ("file", 1, history.GENESIS)
    assert (told.action, told.words, content.words) == ("file", "厨房漏水", "厨房漏水")
    assert "漏水" not in str(row.codes)
    assert row.digest == history.digest_of(content.salt or "", "厨房漏水")


async def test_a_number_finds_what_one_may_see_newest_first(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour = await person(session, line, OWNER), await person(session, line, "赵敏")
        old = await estate.filed(session, line, owner)
        old.year = 2025
        old.state = State.CLOSED
        new = await _twin(session, line, owner)
        await session.flush()
        assert (await finding.by_number(session, owner, number="0412-01")).id == new.id
        with pytest.raises(NotFound):
            await finding.by_number(session, neighbour, number="0412-01")
        old.state = State.WORKING
        await session.flush()
        with pytest.raises(WhichTicket):
            await finding.by_number(session, owner, number="0412-01")


async def _twin(session: Session, line: Line, owner: Actor) -> Ticket:
    ticket = await estate.filed(session, line, owner, matter="另一件")
    ticket.number = "0412-01"
    return ticket
