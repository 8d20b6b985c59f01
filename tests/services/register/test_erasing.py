"""One person's data: all of it in a file, or gone, and the books stay whole."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from services.actors import Actor
from services.db import Session
from services.models import Address, Allocation, Bill, Content, Number, Occupancy, Outgoing, Payment, Person, Ticket
from services.register import erasing
from services.register.erasing import StillEmployed
from services.tickets import history
from tests.support import estate
from tests.support.line import Line


async def owner(session: Session, line: Line) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, "杨帆"))


async def books(session: Session) -> list[int]:
    sums = (func.sum(Bill.cents), func.sum(Bill.paid_cents), func.count(Bill.id))
    paid = (func.sum(Payment.cents), func.count(Payment.id), func.sum(Allocation.cents))
    found = [await session.scalar(select(each)) for each in (*sums, *paid)]
    return [int(each or 0) for each in found]


async def test_erasing_somebody_leaves_the_books_and_the_histories_whole(line: Line) -> None:
    async with line.db.transaction() as session:
        who = await owner(session, line)
        ticket = await estate.filed(session, line, who, matter="马桶堵了，我是杨帆")
        before = await books(session)
        done = await erasing.erase(session, person_id=who.person_id or 0, now=line.now)
        assert (done.tickets, done.addresses) == (1, 1)
        assert await books(session) == before
        verdict = await history.verify(session)
        assert (verdict.broken, verdict.erased) == ([], 1)
        kept = await session.get_one(Ticket, ticket.id, populate_existing=True)
        assert (kept.requester_id, kept.requester_name, kept.matter) == (who.person_id, "", "")


async def test_nothing_says_any_more_who_an_erased_person_was(line: Line) -> None:
    async with line.db.transaction() as session:
        who = await owner(session, line)
        await estate.filed(session, line, who, matter="马桶堵了，我是杨帆")
        number = await session.scalar(select(Number.e164).where(Number.person_id == who.person_id))
        await erasing.erase(session, person_id=who.person_id or 0, now=line.now)
        kept = await erasing.export(session, person_id=who.person_id or 0)
        told = repr(kept)
        assert not any(word in told for word in ("杨帆", "马桶", str(number)))
        assert await session.scalar(select(func.count()).where(Address.person_id == who.person_id)) == 0
        active = Occupancy.person_id == who.person_id, Occupancy.status == "active"
        assert await session.scalar(select(func.count()).where(*active)) == 0
        said = await session.scalars(select(Outgoing.payload).where(Outgoing.address_id == who.to.address_id))
        assert all(payload == {} for payload in said)
        assert (await session.scalars(select(Content.words).where(Content.person_id == who.person_id))).all() == [None]


async def test_a_file_holds_what_was_said_and_paid(line: Line) -> None:
    async with line.db.transaction() as session:
        who = await owner(session, line)
        await estate.filed(session, line, who, matter="马桶堵了")
        found = await erasing.export(session, person_id=who.person_id or 0)
        assert [row["name"] for row in found["person"]] == ["杨帆"]
        assert [row["matter"] for row in found["ticket"]] == ["马桶堵了"]
        assert [row["words"] for row in found["content"]] == ["马桶堵了"]
        assert len(found["payment"]) == 1
        assert {row["room"] for row in found["unit"]} == {"101"}


async def test_an_employee_leaves_before_he_is_erased(line: Line) -> None:
    async with line.db.transaction() as session:
        engineer = await session.scalar(select(Person.id).where(Person.name == "王师傅"))
        with pytest.raises(StillEmployed):
            await erasing.erase(session, person_id=engineer or 0, now=line.now)


async def test_several_people_of_one_number_are_all_found(line: Line) -> None:
    async with line.db.transaction() as session:
        found = await erasing.found(session, typed="13800138003", e164="+8613800138003")
        assert [person.name for person in found] == ["林秀英", "陈小雨"]
        one = await erasing.found(session, typed=str(found[0].id), e164=None)
        assert [person.name for person in one] == ["林秀英"]
        assert await erasing.found(session, typed="nobody", e164=None) == []
