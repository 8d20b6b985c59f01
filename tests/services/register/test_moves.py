"""Who owns and rents: a sale is private to each side, a lease ends by the clock, what was open goes on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from services import looks
from services.actors import Actor, Tie
from services.catalog import Kind
from services.db import Session
from services.models import Bill, History, LinkCode, Occupancy, Person, Ticket, Timer, Unit, Vehicle
from services.money import account, standing
from services.refusals import NotAllowed, NotFound
from services.register import homes, households, lease, sale, ties
from services.register.sale import BadDay, OwnsAlready, Sold
from services.register.ties import Newcomer, Tied
from services.tickets import finding
from tests.support import estate
from tests.support.line import START, Line

BUYER = Newcomer("黄晓明", "+8613900001234")


async def staff(session: Session, line: Line, name: str = "小李") -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def resident(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def unit(session: Session, name: str) -> Unit:
    building, entrance, room = name.split("-")
    found = select(Unit).where(Unit.building == building, Unit.entrance == entrance, Unit.room == room)
    return (await session.scalars(found)).one()


async def sold(session: Session, line: Line, *, home: str = "3-2-1502", days: int = 0) -> Sold:
    seller = await staff(session, line)
    of, policy = await unit(session, home), await line.world.policies.of(session, 1)
    on = line.now.date() + timedelta(days=days)
    return await sale.sell(session, seller, unit_id=of.id, buyer=BUYER, on=on, now=line.now, policy=policy)


async def rented(session: Session, line: Line, *, home: str, name: str, phone: str, until: date) -> Tied:
    desk, of, policy = await staff(session, line), await unit(session, home), await line.world.policies.of(session, 1)
    tenant, since = Newcomer(name, phone), line.now.date()
    return await lease.let(
        session, desk, unit_id=of.id, tenant=tenant, since=since, until=until, now=line.now, policy=policy
    )


async def test_after_a_sale_neither_side_sees_the_others_time(line: Line) -> None:
    async with line.db.transaction() as session:
        seller = await resident(session, line, "王芳")
        repair = await estate.filed(session, line, seller)
        complaint = await estate.filed(session, line, seller, matter="保安态度差", kind=Kind.COMPLAINT)
        await session.execute(
            update(Bill).where(Bill.item == "公摊").values(due_on=line.now.date() - timedelta(days=9))
        )
        done = await sold(session, line)
        assert (done.left, done.tickets) == (["王芳"], 1)
        seller, buyer = await resident(session, line, "王芳"), await resident(session, line, BUYER.name)
        assert (len(seller.homes), len(buyer.here)) == (0, 1)
        assert (await finding.find(session, buyer, ticket_id=repair.id)).requester_name == BUYER.name
        for who, ticket in ((seller, repair), (buyer, complaint)):
            with pytest.raises(NotFound):
                await finding.find(session, who, ticket_id=ticket.id)
        assert (await finding.find(session, seller, ticket_id=complaint.id)).requester_id == seller.person_id


async def test_bills_of_before_stay_with_the_seller_and_nothing_is_lost(line: Line) -> None:
    async with line.db.transaction() as session:
        home = await unit(session, "3-2-1502")
        its = Bill.unit_id == home.id
        before = await session.scalar(select(func.sum(Bill.cents)).where(its))
        await session.execute(
            update(Bill).where(its, Bill.item == "公摊").values(due_on=line.now.date() - timedelta(9))
        )
        done = await sold(session, line)
        seller = await session.scalar(select(Person.id).where(Person.name == "王芳"))
        rows = (
            await session.execute(select(Bill.item, Bill.payer_id, Bill.cents).where(its).order_by(Bill.item))
        ).all()
        assert [(item, payer) for item, payer, _ in rows] == [("公摊", seller), ("物业费", None)]
        assert (done.owed_cents, sum(cents for _, _, cents in rows)) == (rows[0].cents, before)
        owed = await standing.owed(session, unit_ids=[home.id])
        assert [bill.item for bill in owed] == ["物业费"]


async def test_a_sale_ends_family_and_codes_but_not_the_lease(line: Line) -> None:
    async with line.db.transaction() as session:
        home, today = await unit(session, "1-2-302"), line.now.date()
        owner, child = await resident(session, line, "刘建军"), await resident(session, line, "陈小雨")
        await ties.begin(
            session, unit=home, person_id=child.person_id or 0, role=Tie.FAMILY, proof="invited", since=today,
            for_person_id=owner.person_id,
        )  # fmt: skip
        session.add(LinkCode(community_id=1, digest="x", unit_id=home.id, role="family", expires_at=line.now))
        await session.flush()
        await sold(session, line, home="1-2-302")
        here = [(one.person.name, one.tie.role) for one in await ties.of_unit(session, unit_ids=[home.id])]
        assert here == [(BUYER.name, Tie.OWNER), ("赵敏", Tie.TENANT)]
        assert (await session.scalars(select(LinkCode.revoked_at))).one() == line.now
        assert len((await resident(session, line, "刘建军")).here) == 1  # his other flat is still his


async def test_a_sale_of_a_coming_day_waits_for_it(line: Line) -> None:
    async with line.db.transaction() as session:
        assert not (await sold(session, line, days=10)).done
        assert len((await resident(session, line, "王芳")).here) == 1
        assert len((await resident(session, line, BUYER.name)).here) == 0
    await line.advance(timedelta(days=11))
    async with line.db.transaction() as session:
        assert len((await resident(session, line, "王芳")).here) == 0
        assert len((await resident(session, line, BUYER.name)).here) == 1


async def test_a_sale_is_written_down_once_and_by_the_desk_alone(line: Line) -> None:
    async with line.db.transaction() as session:
        await sold(session, line)
        with pytest.raises(OwnsAlready):
            await sold(session, line)
        home, policy = await unit(session, "3-2-301"), await line.world.policies.of(session, 1)
        for name, wrong in (("王师傅", NotAllowed), ("王芳", NotAllowed)):
            with pytest.raises(wrong):
                await sale.sell(
                    session, await staff(session, line, name), unit_id=home.id, buyer=BUYER, on=line.now.date(),
                    now=line.now, policy=policy,
                )  # fmt: skip
        with pytest.raises(BadDay):
            await sold(session, line, home="3-2-301", days=400)


async def test_the_repair_that_is_handed_on_has_a_row_of_its_history(line: Line) -> None:
    async with line.db.transaction() as session:
        repair = await estate.filed(session, line, await resident(session, line, "王芳"))
        await sold(session, line)
        rows = (
            await session.scalars(select(History).where(History.ticket_id == repair.id).order_by(History.seq))
        ).all()
        assert (rows[-1].action, rows[-1].system) == ("inherit", "register")
        assert (await session.get_one(Ticket, repair.id)).requester_phone == BUYER.e164


async def test_a_lease_ends_by_the_clock_and_its_repair_goes_to_the_owner(line: Line) -> None:
    until = line.now.date() + timedelta(days=40)
    async with line.db.transaction() as session:
        tie = await rented(session, line, home="3-2-1202", name="周丽", phone="+8613800138007", until=until)
        repair = await estate.filed(session, line, await resident(session, line, "周丽"))
        tie_id, repair_id = tie.tie.id, repair.id
    await line.advance(timedelta(days=40))
    async with line.db.transaction() as session:
        assert len((await resident(session, line, "周丽")).here) == 1  # the last day is still hers
    await line.advance(timedelta(days=1, hours=20))
    async with line.db.transaction() as session:
        ended = await session.get_one(Occupancy, tie_id)
        assert (ended.status, ended.until, ended.ended_why) == ("ended", until, "lease_over")
        assert len((await resident(session, line, "周丽")).here) == 0
        owner = await resident(session, line, "吴海")
        assert (await finding.find(session, owner, ticket_id=repair_id)).requester_id == owner.person_id


async def test_a_lease_that_goes_on_is_not_ended_by_the_old_day(line: Line) -> None:
    until, policy = line.now.date() + timedelta(days=5), line.world.policies.defaults
    async with line.db.transaction() as session:
        tie = await rented(session, line, home="3-2-1202", name="周丽", phone="+8613800138007", until=until)
        owner, later = await resident(session, line, "吴海"), until + timedelta(days=365)
        await lease.answer(session, owner, tie_id=tie.tie.id, until=later, now=line.now, policy=policy)
        await lease.over(session, tie_id=tie.tie.id, until=until, now=line.now, policy=policy)
        tie_id = tie.tie.id
    await line.advance(timedelta(days=8))
    async with line.db.transaction() as session:
        assert (await session.get_one(Occupancy, tie_id)).status == "active"


async def test_a_lease_that_came_by_another_way_is_watched_once(line: Line) -> None:
    policies = line.world.policies
    async with line.db.transaction() as session:
        tenant = select(Occupancy).where(Occupancy.role == Tie.TENANT).order_by(Occupancy.id).limit(1)
        tie = (await session.scalars(tenant)).one()
        tie.until = line.now.date() + timedelta(days=60)
        await session.flush()
        assert await lease.watch(session, now=line.now, policies=policies) == 1
        assert await lease.watch(session, now=line.now, policies=policies) == 0
        kinds = await session.scalars(
            select(Timer.kind).where(Timer.subject_id == tie.id, Timer.subject == "occupancy")
        )
        assert sorted(kinds) == [lease.ASK, lease.OVER]


async def test_only_the_owner_or_the_desk_answers_for_a_lease(line: Line) -> None:
    async with line.db.transaction() as session:
        until, policy = line.now.date() + timedelta(days=5), line.world.policies.defaults
        tie = await rented(session, line, home="3-2-1202", name="周丽", phone="+8613800138007", until=until)
        for name in ("周丽", "王芳", "王师傅"):
            who = await resident(session, line, name)
            with pytest.raises(NotFound):
                await lease.answer(session, who, tie_id=tie.tie.id, until=None, now=line.now, policy=policy)


async def test_who_pays_changes_with_the_parking_space(line: Line) -> None:
    async with line.db.transaction() as session:
        desk, home = await staff(session, line), await unit(session, "3-2-1202")
        space = Unit(community_id=1, building="P", entrance="1", room="12", kind="parking", attached_to=home.id)
        session.add(space)
        await session.flush()
        await homes.let_pay(session, desk, unit_id=home.id, payer=Tie.TENANT)
        pays = await standing.payers(session, unit_ids=[home.id, space.id])
        assert [[one.name for one in pays[each]] for each in (home.id, space.id)] == [["周丽"], ["周丽"]]


async def test_every_look_at_a_home_is_a_row_that_only_leads_read(line: Line) -> None:
    async with line.db.transaction() as session:
        home, desk = await unit(session, "3-2-1502"), await staff(session, line)
        await homes.file_of(session, desk, unit_id=home.id, now=line.now)
        found = await looks.listed(session, await staff(session, line, "老赵"), unit_id=home.id)
        assert [(one.viewer, one.what) for one in found] == [("小李", "household")]
        with pytest.raises(NotAllowed):
            await looks.listed(session, desk, unit_id=home.id)
        with pytest.raises(NotAllowed):
            await homes.file_of(session, await staff(session, line, "王师傅"), unit_id=home.id, now=line.now)


async def cars_of(session: Session, plate: str) -> list[tuple[str, date | None]]:
    """Return who keeps or kept a car, and his last day here."""
    kept = select(Person.name, Vehicle.until).join(Person, Person.id == Vehicle.person_id)
    rows = await session.execute(kept.where(Vehicle.plate == plate).order_by(Vehicle.id))
    return [(row.name, row.until) for row in rows.all()]


async def test_the_cars_of_who_sold_go_with_him_and_the_plate_may_be_anothers(line: Line) -> None:
    async with line.db.transaction() as session:
        seller = await resident(session, line, "王芳")
        session.add(Vehicle(community_id=1, plate="浙A88888", person_id=seller.person_id))
        done = await sold(session, line)
        yesterday = line.now.date() - timedelta(days=1)
        assert await cars_of(session, "浙A88888") == [("王芳", yesterday)]
        session.add(Vehicle(community_id=1, plate="浙A88888", person_id=done.buyer.id))
        await session.flush()
        assert await cars_of(session, "浙A88888") == [("王芳", yesterday), (BUYER.name, None)]


async def test_who_has_another_home_here_keeps_his_cars(line: Line) -> None:
    async with line.db.transaction() as session:
        seller, other = await resident(session, line, "王芳"), await unit(session, "1-1-101")
        session.add(Vehicle(community_id=1, plate="浙A88888", person_id=seller.person_id))
        since = line.now.date()
        await ties.begin(
            session, unit=other, person_id=seller.person_id or 0, role=Tie.OWNER, proof="register", since=since
        )
        await sold(session, line)
        assert await cars_of(session, "浙A88888") == [("王芳", None)]


async def test_the_cars_of_a_tenant_end_on_the_last_day_of_his_lease(line: Line) -> None:
    async with line.db.transaction() as session:
        until, policy = line.now.date() + timedelta(days=5), line.world.policies.defaults
        tie = await rented(session, line, home="1-1-101", name="吴租客", phone="+8613912345678", until=until)
        session.add(Vehicle(community_id=1, plate="浙B12345", person_id=tie.person.id))
        await session.flush()
        after = line.now + timedelta(days=6)
        await lease.over(session, tie_id=tie.tie.id, until=until, now=after, policy=policy)
        assert await cars_of(session, "浙B12345") == [("吴租客", until)]


async def test_the_cars_of_family_that_is_sent_away_end(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, home = await resident(session, line, "王芳"), await unit(session, "3-2-1502")
        child = await ties.person_of(session, Newcomer("王小明", "+8613912340000"), now=line.now)
        tie_id = await ties.begin(
            session, unit=home, person_id=child.id, role=Tie.FAMILY, proof="code", since=line.now.date()
        )
        session.add(Vehicle(community_id=1, plate="浙C12345", person_id=child.id))
        await session.flush()
        await households.send_away(session, owner, tie_id=tie_id, now=line.now)
        assert await cars_of(session, "浙C12345") == [("王小明", line.now.date())]


async def test_fees_that_are_opened_and_tables_that_are_taken_out_are_looks_too(line: Line) -> None:
    async with line.db.transaction() as session:
        home, desk = await unit(session, "3-2-1502"), await staff(session, line)
        await account.looked_at(session, desk, unit_id=home.id, now=line.now)
        await looks.taken(session, community_id=1, table="owners", rows=144, now=line.now + timedelta(minutes=1))
        owner = await resident(session, line, "王芳")
        later = line.now + timedelta(minutes=2)
        await looks.person_taken(session, person_id=owner.person_id or 0, rows=9, now=later)
        found = await looks.listed(session, await staff(session, line, "老赵"), unit_id=home.id)
        assert [(one.viewer, one.whose, one.what, one.table, one.rows) for one in found] == [
            ("", "王芳", "export", "person", 9),
            ("", "", "export", "owners", 144),
            ("小李", "", "fees", "", 0),
        ]
        await looks.note(session, owner, what="fees", unit_id=home.id, now=line.now)  # his own: no look
        assert len(await looks.listed(session, await staff(session, line, "老赵"), unit_id=home.id)) == len(found)


@given(
    since=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    last=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    until=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_an_ended_tie_never_ends_before_it_began_nor_later_than_agreed(
    since: date, last: date, until: date | None
) -> None:
    tie = Occupancy(status="active", since=since, until=until)
    ties.end(tie, last=last, why="sold", by=None, now=START)
    assert tie.until is not None
    assert tie.until >= since
    assert tie.until <= max(since, last)
    before = tie.until
    ties.end(tie, last=last + timedelta(days=9), why="left", by=None, now=START)
    assert (tie.until, tie.ended_why) == (before, "sold")
