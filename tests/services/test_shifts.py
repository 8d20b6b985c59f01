"""The roster: only leads change it, nothing stands in it twice; work whose holder is gone goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from services import actors, houses, shifts
from services.actors import Actor, Role
from services.db import Session
from services.messages import Channel, Happening
from services.models import Address, Duty, Number, Person, Staff, Ticket
from services.refusals import NotAllowed, NotFound
from services.stretches import Stretch
from services.tickets import finding, news, paging, passing
from services.tickets.rules import Action, Standing, standings
from tests.support import estate
from tests.support.line import Line, Writer

HOUR = timedelta(hours=1)


async def _actor(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def _staff(session: Session, badge: str) -> int:
    found = await session.scalar(select(Staff.id).where(Staff.badge == badge))
    assert found is not None
    return found


async def _hours(session: Session, line: Line, badge: str) -> list[tuple[float, float]]:
    """Return somebody's roster in hours from now."""
    rows = await session.execute(
        select(Duty.starts_at, Duty.ends_at)
        .where(Duty.staff_id == await _staff(session, badge))
        .order_by(Duty.starts_at)
    )
    return [((row[0] - line.now) / HOUR, (row[1] - line.now) / HOUR) for row in rows]


async def _put(
    session: Session, line: Line, first: float, last: float, *, who: str = "老赵", badge: str = "27"
) -> bool:
    staff_id = await _staff(session, badge)
    at = {"starts_at": line.now + first * HOUR, "ends_at": line.now + last * HOUR}
    return await shifts.put_on(session, await _actor(session, line, who), staff_id=staff_id, **at)


async def _cut(
    session: Session, line: Line, first: float, last: float, *, who: str = "老赵", badge: str = "27"
) -> bool:
    staff_id = await _staff(session, badge)
    at = {"starts_at": line.now + first * HOUR, "ends_at": line.now + last * HOUR}
    return await shifts.take_off(session, await _actor(session, line, who), staff_id=staff_id, **at)


async def test_stretches_that_overlap_become_one_and_a_repeated_one_changes_nothing(line: Line) -> None:
    async with line.db.transaction() as session:
        await session.execute(delete(Duty))
        assert await _put(session, line, 1, 3)
        assert await _put(session, line, 5, 7)
        assert not await _put(session, line, 1, 3)
        assert not await _put(session, line, 2, 3)
        assert await _put(session, line, 3, 6)
        assert await _hours(session, line, "27") == [(1, 7)]
        assert await _cut(session, line, 2, 4)
        assert not await _cut(session, line, 2, 4)
        assert await _hours(session, line, "27") == [(1, 2), (4, 7)]


async def test_only_leads_change_the_roster_and_only_of_their_own_people(line: Line) -> None:
    async with line.db.transaction() as session:
        for who in ("王师傅", "小李", "王芳"):
            with pytest.raises(NotAllowed):
                await _put(session, line, 1, 2, who=who)
        lead = await _actor(session, line, "老赵")
        with pytest.raises(NotFound):
            await shifts.put_on(session, lead, staff_id=999, starts_at=line.now, ends_at=line.now + HOUR)
        await session.execute(update(Staff).where(Staff.badge == "27").values(active=False))
        with pytest.raises(NotFound):
            await _put(session, line, 1, 2)


async def test_who_is_on_duty_is_told_team_by_team(line: Line) -> None:
    async with line.db.transaction() as session:
        await session.execute(delete(Duty))
        await _put(session, line, 0, 2)
        await _put(session, line, 0, 2, badge="08")
        await _put(session, line, 3, 4, badge="31")
        community = await session.scalar(select(Staff.community_id))
        assert community is not None
        now = await shifts.on_duty(session, community, line.now)
        later = await shifts.roster(session, community, line.now + 2 * HOUR, line.now + 4 * HOUR)
        assert [one.who.badge for one in now] == ["08", "27"]
        assert [one.who.badge for one in later] == ["31"]
        staff_id = await _staff(session, "31")
        assert await shifts.stretch_now(session, staff_id=staff_id, now=line.now) == later[0].stretch
        assert await shifts.stretch_now(session, staff_id=staff_id, now=line.now + 9 * HOUR) is None


@pytest.mark.parametrize(("words", "badges"), [("王", ["27"]), ("27", ["27"]), ("3", ["31", "33", "35"]), ("%", [])])
async def test_people_are_found_by_name_or_badge_or_a_part_of_it(line: Line, words: str, badges: list[str]) -> None:
    async with line.db.reading() as session:
        community = await session.scalar(select(Staff.community_id))
        assert community is not None
        found = await shifts.called(session, community_id=community, words=words)
        assert [one.badge for one in found] == badges


async def test_whoever_goes_off_duty_is_off_at_once_and_may_be_put_on_again(line: Line) -> None:
    async with line.db.transaction() as session:
        await session.execute(delete(Duty))
        await _put(session, line, -2, 3)
        engineer = await _actor(session, line, "王师傅")
        assert await shifts.go_off(session, engineer, now=line.now)
        assert not await shifts.go_off(session, engineer, now=line.now)
        assert await _hours(session, line, "27") == [(-2, 0)]
        await _put(session, line, 0, 3)
        assert await _hours(session, line, "27") == [(-2, 3)]
        with pytest.raises(NotAllowed):
            await shifts.go_off(session, await _actor(session, line, "王芳"), now=line.now)


async def test_a_system_may_keep_the_roster_and_tells_nobody(line: Line) -> None:
    async with line.db.transaction() as session:
        staff = await session.get_one(Staff, await _staff(session, "27"))
        house = await houses.by_id(session, community_id=staff.community_id)
        system = actors.system("roster", house=house)
        far = line.now + 9999 * HOUR
        assert await shifts.put_on(session, system, staff_id=staff.id, starts_at=far, ends_at=far + HOUR)
        text = shifts.span(Stretch(far, far + HOUR), house.zone)
        await shifts.tell(session, system, staff_id=staff.id, text=text, now=line.now)


# ---------------------------------------------------------------- stranded work


async def _held(line: Line, engineer: Writer) -> int:
    """Let an engineer accept a ticket; return its id."""
    async with line.db.transaction() as session:
        owner = await _actor(session, line, "王芳")
        ticket = await estate.filed(session, line, owner)
        await estate.act(session, line, await estate.actor_of(session, line, engineer), Action.ACCEPT, ticket.id)
        return ticket.id


async def _holder(line: Line, ticket_id: int) -> str | None:
    async with line.db.reading() as session:
        return await session.scalar(
            select(Staff.badge).join(Ticket, Ticket.holder_id == Staff.id).where(Ticket.id == ticket_id)
        )


async def test_the_work_of_somebody_who_blocked_us_goes_on_once_and_the_supervisor_hears(line: Line) -> None:
    engineer, supervisor = await estate.linked(line, "王师傅"), await estate.linked(line, "老赵")
    ticket_id = await _held(line, engineer)
    await line.schedule.stranded()
    assert await _holder(line, ticket_id) == "27"
    await line.write(engineer, happening=Happening.BLOCKED)
    for _ in range(2):
        await line.schedule.stranded()
        await line.drain()
    assert await _holder(line, ticket_id) == "33"
    told = [shown.text for shown in line.screen(supervisor).messages if "收不到消息" in shown.text]
    assert len(told) == 1


async def test_the_work_of_somebody_who_left_goes_on(line: Line) -> None:
    engineer, supervisor = await estate.linked(line, "王师傅"), await estate.linked(line, "老赵")
    ticket_id = await _held(line, engineer)
    async with line.db.transaction() as session:
        await session.execute(update(Staff).where(Staff.badge == "27").values(active=False))
    await line.schedule.stranded()
    await line.drain()
    assert await _holder(line, ticket_id) == "33"
    assert any("不在岗" in shown.text for shown in line.screen(supervisor).messages)


async def test_nobody_is_rescued_twice_or_for_nothing(line: Line) -> None:
    async with line.db.transaction() as session:
        staff_id = await _staff(session, "27")
        assert await shifts.rescue(session, staff_id=staff_id, now=line.now, policies=line.world.policies) == 0


async def test_work_never_goes_on_to_another_who_cannot_be_reached(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    ticket_id = await _held(line, engineer)
    for name in ("刘师傅", "陈师傅", "周师傅"):
        await line.write(await estate.linked(line, name), happening=Happening.BLOCKED)
    await line.write(engineer, happening=Happening.BLOCKED)
    await line.schedule.stranded()
    async with line.db.reading() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        assert (ticket.state, ticket.holder_id) == ("open", None)
        assert await passing.stranded(session) == []


@pytest.mark.parametrize(("wrote", "stays"), [(True, True), (False, False)])
async def test_a_number_keeps_work_only_for_who_writes_from_it(line: Line, wrote: bool, stays: bool) -> None:
    """One that we opened ourselves, to page him, is not where he looks for his work."""
    engineer = await estate.linked(line, "王师傅")
    ticket_id = await _held(line, engineer)
    async with line.db.transaction() as session:
        person = await session.scalar(select(Person.id).where(Person.name == "王师傅"))
        number = await session.scalar(select(Number.e164).where(Number.person_id == person))
        row = {"channel": Channel.SMS, "account": "main", "external": str(number), "person_id": person}
        session.add(Address(**row, created_at=line.now, last_in_at=line.now if wrote else None))
    await line.write(engineer, happening=Happening.BLOCKED)
    await line.schedule.stranded()
    assert (await _holder(line, ticket_id) == "27") == stays


# ---------------------------------------------------------------- the control room


async def _guard(session: Session, line: Line) -> Actor:
    """Put somebody into the control room, on duty now."""
    staff = await session.get_one(Staff, await _staff(session, "08"))
    person = Person(name="保安老吴", created_at=line.now)
    session.add(person)
    await session.flush()
    row = {"community_id": staff.community_id, "person_id": person.id, "badge": "60"}
    session.add(Staff(**row, role=Role.SECURITY, team="security"))
    await session.flush()
    await _put(session, line, 0, 8, badge="60")
    return await _actor(session, line, "保安老吴")


async def _front(session: Session, line: Line, ticket: Ticket) -> list[str]:
    ids = await news.front(session, ticket, now=line.now)
    return [(await session.get_one(Staff, one)).badge for one in ids]


async def test_by_night_the_control_room_keeps_the_desk(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await _actor(session, line, "王芳")
        ticket = await estate.filed(session, line, owner)
        guard = await _guard(session, line)
        assert await _front(session, line, ticket) == ["08"]
        await session.execute(delete(Duty).where(Duty.staff_id == await _staff(session, "08")))
        assert await _front(session, line, ticket) == ["51", "60"]
        assert Standing.FRONT in standings(guard, ticket)
        ticket.holder_id, ticket.state = None, "open"
        await session.flush()
        assert [one.id for one in await finding.pool(session, guard)] == [ticket.id]
        await session.execute(delete(Duty))
        assert await _front(session, line, ticket) == ["08"]
        ticket.state = "closed"
        assert not standings(guard, ticket)
        ticket.state, ticket.confidential = "open", True
        assert not standings(guard, ticket)
        assert await _front(session, line, ticket) == ["03", "01"]


async def test_whoever_keeps_watch_is_paged_with_the_engineers(line: Line) -> None:
    async with line.db.transaction() as session:
        await _guard(session, line)
        staff = await session.get_one(Staff, await _staff(session, "60"))
        house = await houses.by_id(session, community_id=staff.community_id)
        paged = await paging.whom(session, house=house, tier=0, now=line.now)
        assert "60" in {one.badge for one in paged}
