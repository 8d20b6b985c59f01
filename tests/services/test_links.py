"""Tying an address to a person: codes work once and for a while, reviews are decided once, nothing is given away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services import links, people
from services.actors import Actor, Proof, Tie
from services.db import Session
from services.links import AlreadyDecided, BadCode, NumberUnknown
from services.models import Address, LinkCode, LinkRequest, Occupancy, Person, Unit
from services.refusals import NotAllowed, NotFound
from tests.support import estate
from tests.support.line import Line


async def stranger(session: Session, line: Line, name: str = "生人") -> Actor:
    return await estate.actor_of(session, line, estate.stranger(name))


async def desk(session: Session, line: Line) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, "小李"))


async def unit(session: Session, name: str) -> int:
    building, entrance, room = name.split("-")
    found = select(Unit.id).where(Unit.building == building, Unit.entrance == entrance, Unit.room == room)
    return (await session.scalars(found)).one()


async def issued(session: Session, line: Line, *, person: int | None = None, home: str = "3-2-1202") -> str:
    return await links.issue(
        session,
        await desk(session, line),
        person_id=person,
        unit_id=await unit(session, home),
        role=Tie.FAMILY,
        community_id=1,
        days=14,
        now=line.now,
    )


async def test_a_code_ties_its_person_once(line: Line) -> None:
    async with line.db.transaction() as session:
        wu = (await session.scalars(select(Person.id).where(Person.name == "吴海"))).one()
        code = await issued(session, line, person=wu)
        first, second = await stranger(session, line, "甲"), await stranger(session, line, "乙")
        person = await links.redeem(
            session, first, code=f" {code.lower()} ", now=line.now, policy=line.world.policies.defaults
        )
        assert person.id == wu
        with pytest.raises(BadCode):
            await links.redeem(session, second, code=code, now=line.now, policy=line.world.policies.defaults)
        known = await stranger(session, line, "甲")
        assert (known.person_id, known.proof, len(known.here)) == (wu, Proof.CODE, 1)


async def test_a_code_for_nobody_in_particular_makes_a_new_person_of_the_unit(line: Line) -> None:
    async with line.db.transaction() as session:
        code = await issued(session, line)
        person = await links.redeem(
            session,
            await stranger(session, line, "新租客"),
            code=code,
            now=line.now,
            policy=line.world.policies.defaults,
        )
        tie = (
            await session.execute(select(Occupancy.role, Occupancy.proof).where(Occupancy.person_id == person.id))
        ).one()
        assert tie == (Tie.FAMILY, "code")


@pytest.mark.parametrize("wait", [timedelta(days=14, seconds=1), timedelta(days=400)])
async def test_an_old_code_is_refused(line: Line, wait: timedelta) -> None:
    async with line.db.transaction() as session:
        code = await issued(session, line)
        with pytest.raises(BadCode):
            await links.redeem(
                session,
                await stranger(session, line),
                code=code,
                now=line.now + wait,
                policy=line.world.policies.defaults,
            )


async def test_an_unknown_code_is_refused_and_only_digests_are_kept(line: Line) -> None:
    async with line.db.transaction() as session:
        code = await issued(session, line)
        with pytest.raises(BadCode):
            await links.redeem(
                session,
                await stranger(session, line),
                code="AAAAAAAA",
                now=line.now,
                policy=line.world.policies.defaults,
            )
        kept = (await session.scalars(select(LinkCode.digest))).one()
        assert code not in kept


def test_a_code_has_its_own_shape() -> None:
    assert links.looks_like_code("acdefghj")
    assert not links.looks_like_code("ACDEFGH")
    assert not links.looks_like_code("ACDEFGH0")
    assert not links.looks_like_code("厨房漏水厨房漏水")


async def test_a_number_of_the_register_is_known_and_another_is_not(line: Line) -> None:
    async with line.db.transaction() as session:
        who = await stranger(session, line)
        shared = await links.by_contact(session, who, e164="+8613800138003", community_id=1)
        assert [person.name for person in shared] == ["林秀英", "陈小雨"]
        with pytest.raises(NumberUnknown):
            await links.by_contact(session, who, e164="+8613900000000", community_id=1)


async def wish(session: Session, line: Line, *, name: str, home: str | None) -> LinkRequest:
    unit_id = await unit(session, home) if home else None
    return await links.request_review(
        session,
        await stranger(session, line, name),
        name=name,
        words="住这里",
        unit_id=unit_id,
        place="?",
        now=line.now,
    )


async def test_a_review_ties_to_the_resident_of_that_name_or_to_a_new_one(line: Line) -> None:
    async with line.db.transaction() as session:
        before = await session.scalar(select(func.count()).select_from(Person))
        for name, home in (("徐静", "1-1-102"), ("亲戚", "1-1-102"), ("路人", None)):
            row = await wish(session, line, name=name, home=home)
            await links.decide(session, await desk(session, line), request_id=row.id, approve=True, now=line.now)
        after = await session.scalar(select(func.count()).select_from(Person))
        homes = [len((await stranger(session, line, name)).here) for name in ("徐静", "亲戚", "路人")]
    assert ((after or 0) - (before or 0), homes) == (2, [1, 1, 0])


async def test_a_review_shows_no_amounts(line: Line) -> None:
    async with line.db.transaction() as session:
        row = await wish(session, line, name="徐静", home="1-1-102")
        await links.decide(session, await desk(session, line), request_id=row.id, approve=True, now=line.now)
        assert not (await stranger(session, line, "徐静")).sees_amounts


async def test_a_review_is_decided_once_and_only_by_the_desk(line: Line) -> None:
    async with line.db.transaction() as session:
        row = await wish(session, line, name="徐静", home="1-1-102")
        engineer = await estate.actor_of(session, line, await estate.web_of(session, "王师傅"))
        with pytest.raises(NotFound):
            await links.decide(session, engineer, request_id=row.id, approve=True, now=line.now)
        await links.decide(session, await desk(session, line), request_id=row.id, approve=False, now=line.now)
        with pytest.raises(AlreadyDecided):
            await links.decide(session, await desk(session, line), request_id=row.id, approve=True, now=line.now)
        assert (await stranger(session, line, "徐静")).person_id is None


async def test_nobody_without_a_house_asks_for_a_review(line: Line) -> None:
    async with line.db.transaction() as session:
        homeless = replace(await stranger(session, line), house=None)
        with pytest.raises(NotAllowed):
            await links.request_review(session, homeless, name="?", words="", unit_id=None, place="?", now=line.now)


async def test_a_person_is_reached_where_he_wrote_last_and_by_chat_before_text_message(line: Line) -> None:
    async with line.db.transaction() as session:
        person = (await session.scalars(select(Person.id).where(Person.name == "张福全"))).one()
        assert (await people.addresses_of(session, [person]))[person].channel == "sms"
        await estate.web_of(session, "张福全")
        assert (await people.addresses_of(session, [person]))[person].channel == "web"
        pages = await session.scalars(select(Address).where(Address.person_id == person, Address.channel == "web"))
        pages.one().gone_at = line.now
        await session.flush()
        assert (await people.addresses_of(session, [person]))[person].channel == "sms"
