"""Linking up: codes are counted, wrong ones limited, households invite, parents agree, and every tie is written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services import links, people
from services.actors import Actor, Proof, Tie
from services.db import Session
from services.links import BadCode
from services.messages import Channel
from services.models import Address, LinkLog, Occupancy, Outgoing, Person, Prompt, Unit
from services.refusals import NotAllowed
from services.register import homes, households, proxies, ties
from services.register.tries import Locked
from tests.support import estate
from tests.support.line import Line


async def someone(session: Session, line: Line, name: str = "生人") -> Actor:
    return await estate.actor_of(session, line, estate.stranger(name))


async def known(session: Session, line: Line, name: str) -> Actor:
    actor = await estate.actor_of(session, line, await estate.web_of(session, name))
    return replace(actor, proof_is_recent=True)


async def home_of(session: Session, name: str) -> int:
    building, entrance, room = name.split("-")
    found = select(Unit.id).where(Unit.building == building, Unit.entrance == entrance, Unit.room == room)
    return (await session.scalars(found)).one()


async def code(session: Session, line: Line, *, uses: int = 1) -> str:
    return await links.issue(
        session, await known(session, line, "小李"), person_id=None, unit_id=await home_of(session, "3-2-301"),
        role=Tie.FAMILY, community_id=1, days=14, uses=uses, now=line.now,
    )  # fmt: skip


async def redeem(session: Session, line: Line, who: Actor, said: str, *, later: timedelta = timedelta()) -> Person:
    policy = line.world.policies.defaults
    return await links.redeem(session, who, code=said, now=line.now + later, policy=policy, name=who.name or "某某")


async def test_a_printed_code_is_good_for_so_many_and_not_after_it_was_revoked(line: Line) -> None:
    async with line.db.transaction() as session:
        made = await code(session, line, uses=2)
        first = await redeem(session, line, await someone(session, line, "甲"), made)
        second = await redeem(session, line, await someone(session, line, "乙"), made)
        assert first.id != second.id
        with pytest.raises(BadCode):
            await redeem(session, line, await someone(session, line, "丙"), made)
        other = await code(session, line, uses=5)
        assert await links.revoke(session, await known(session, line, "小李"), code=other, now=line.now) == 1
        with pytest.raises(BadCode):
            await redeem(session, line, await someone(session, line, "丙"), other)
        with pytest.raises(NotAllowed):
            await links.revoke(session, await known(session, line, "王芳"), code=other, now=line.now)


async def test_wrong_codes_lock_one_address_and_the_supervisor_hears_once_per_lock(line: Line) -> None:
    async with line.db.transaction() as session:
        made, most = await code(session, line), line.world.policies.defaults.registry.tries
        who = await someone(session, line)
        for _ in range(most - 1):
            with pytest.raises(BadCode):
                await redeem(session, line, who, "ACDEFGHJ")
        for said in ("ACDEFGHJ", made, made):
            with pytest.raises(Locked):
                await redeem(session, line, who, said)
        told = await session.scalar(select(func.count()).where(Outgoing.key.startswith("tries:")))
        assert told == 2  # supervisor and manager, each once
        await redeem(session, line, await someone(session, line, "别人"), made)  # nobody else is locked


async def test_a_lock_ends_and_wrong_codes_far_apart_are_no_attack(line: Line) -> None:
    async with line.db.transaction() as session:
        made, who, policy = await code(session, line), await someone(session, line), line.world.policies.defaults
        for count in range(3 * policy.registry.tries):
            apart = timedelta(minutes=(policy.registry.try_minutes + 1) * count)
            with pytest.raises(BadCode):
                await redeem(session, line, who, "ACDEFGHJ", later=apart)
        for _ in range(policy.registry.tries - 1):
            with pytest.raises((BadCode, Locked)):
                await redeem(session, line, who, "ACDEFGHJ", later=timedelta(days=1))
        with pytest.raises(Locked):
            await redeem(session, line, who, "ACDEFGHJ", later=timedelta(days=1))
        later = timedelta(days=1, minutes=policy.registry.lock_minutes)
        assert (await redeem(session, line, who, made, later=later)).name == "某某"


async def test_two_people_of_one_number_and_one_person_on_two_channels(line: Line) -> None:
    async with line.db.transaction() as session:
        here, there = await someone(session, line, "一"), await someone(session, line, "二")
        both = await links.by_contact(session, here, e164="+8613800138003", community_id=1)
        for actor, person in zip((here, there), both, strict=True):
            await people.tie(session, address_id=actor.to.address_id, person=person, proof=Proof.CONTACT, now=line.now)
        again = await someone(session, line, "三")
        await people.tie(session, address_id=again.to.address_id, person=both[0], proof=Proof.CONTACT, now=line.now)
        found = [(await someone(session, line, name)).person_id for name in ("一", "二", "三")]
        assert found == [both[0].id, both[1].id, both[0].id]


async def test_a_phone_that_goes_to_somebody_else_is_written_down_on_both_sides(line: Line) -> None:
    async with line.db.transaction() as session:
        who = await someone(session, line)
        named = select(Person).where(Person.name.in_(["王芳", "吴海"])).order_by(Person.id)
        first, second = (await session.scalars(named)).all()
        for person in (first, second):
            await people.tie(session, address_id=who.to.address_id, person=person, proof=Proof.CONTACT, now=line.now)
        await links.leave(session, await someone(session, line), now=line.now)
        rows = await session.execute(
            select(LinkLog.person_id, LinkLog.what, LinkLog.how)
            .where(LinkLog.address_id == who.to.address_id)
            .order_by(LinkLog.id)
        )
        assert [tuple(row) for row in rows] == [
            (first.id, "tied", "contact"),
            (first.id, "untied", "moved"),
            (second.id, "tied", "contact"),
            (second.id, "untied", "own"),
        ]
        assert (await someone(session, line)).person_id is None


async def test_a_number_that_writes_and_is_known_is_written_down_too(line: Line) -> None:
    async with line.db.transaction() as session:
        writer = estate.stranger("", Channel.SMS, external="+8613800138011")
        actor = await estate.actor_of(session, line, writer)
        rows = await session.execute(select(LinkLog.what, LinkLog.how).where(LinkLog.person_id == actor.person_id))
        assert [tuple(row) for row in rows] == [("tied", "register")]


async def test_the_desk_takes_an_address_only_from_people_of_the_unit(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, desk = await known(session, line, "王芳"), await known(session, line, "小李")
        unit_id = await home_of(session, "3-2-1502")
        await homes.untie(session, desk, unit_id=unit_id, address_id=owner.to.address_id, now=line.now)
        left = await session.scalars(select(Address.person_id).where(Address.id == owner.to.address_id))
        assert left.one() is None
        with pytest.raises(NotAllowed):
            await homes.untie(session, owner, unit_id=unit_id, address_id=owner.to.address_id, now=line.now)


async def test_family_comes_by_invitation_and_goes_with_who_invited(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, unit_id = await known(session, line, "王芳"), await home_of(session, "3-2-1502")
        policy = line.world.policies.defaults
        made = await links.invite(session, owner, unit_id=unit_id, now=line.now, policy=policy)
        child = await redeem(session, line, await someone(session, line, "小雨"), made)
        tie = (await session.scalars(select(Occupancy).where(Occupancy.person_id == child.id))).one()
        assert (tie.role, tie.proof, tie.for_person_id) == (Tie.FAMILY, "invited", owner.person_id)
        with pytest.raises(NotAllowed):  # family does not invite
            await links.invite(
                session, await someone(session, line, "小雨"), unit_id=unit_id, now=line.now, policy=policy
            )
        weak = replace(owner, proof=Proof.REGISTER)
        with pytest.raises(NotAllowed):  # nor does a sender's number
            await links.invite(session, weak, unit_id=unit_id, now=line.now, policy=policy)


async def test_a_tenant_sees_his_own_and_sends_nobody_else_away(line: Line) -> None:
    async with line.db.transaction() as session:
        tenant, owner = await known(session, line, "周丽"), await known(session, line, "吴海")
        shown = await households.shown(session, tenant, home=tenant.here[0])
        assert [one.person.name for one in shown] == ["周丽"]
        all_of_it = await households.shown(session, owner, home=owner.here[0])
        assert [one.person.name for one in all_of_it] == ["吴海", "周丽"]
        own = next(one for one in all_of_it if one.person.name == "吴海")
        with pytest.raises(NotAllowed):
            await households.send_away(session, tenant, tie_id=own.tie.id, now=line.now)
        with pytest.raises(NotAllowed):  # nor does an owner end a lease by himself
            tenancy = next(one for one in all_of_it if one.person.name == "周丽")
            await households.send_away(session, owner, tie_id=tenancy.tie.id, now=line.now)


async def test_nobody_acts_for_a_parent_who_has_not_agreed(line: Line) -> None:
    async with line.db.transaction() as session:
        child, parent = await someone(session, line, "女儿"), await known(session, line, "王芳")
        unit_id, policy = await home_of(session, "3-2-1502"), line.world.policies.defaults
        for _ in range(2):  # asked twice, the parent is asked once
            await proxies.ask(session, child, unit_id=unit_id, name="小雨", words="女儿", now=line.now, policy=policy)
        assert await session.scalar(select(func.count()).where(Prompt.form == proxies.FORM)) == 1
        stranger = await known(session, line, "吴海")

        async def say(who: Actor, *, agreed: bool) -> None:
            asker_id = child.to.address_id
            await proxies.answer(
                session, who, unit_id=unit_id, asker_id=asker_id, name="小雨", agreed=agreed, now=line.now
            )

        with pytest.raises(NotAllowed):
            await say(stranger, agreed=True)
        await say(parent, agreed=False)
        assert (await someone(session, line, "女儿")).person_id is None
        await say(parent, agreed=True)
        acting = await someone(session, line, "女儿")
        assert [(home.unit_id, home.tie) for home in acting.here] == [(unit_id, Tie.PROXY)]
        assert not acting.sees_amounts  # nothing but her word says who she is


async def test_a_parent_ends_what_he_agreed_to(line: Line) -> None:
    async with line.db.transaction() as session:
        child, parent = await someone(session, line, "女儿"), await known(session, line, "王芳")
        unit_id = await home_of(session, "3-2-1502")
        await proxies.answer(
            session, parent, unit_id=unit_id, asker_id=child.to.address_id, name="小雨", agreed=True, now=line.now
        )
        ended = (await households.removable(session, parent, home=parent.here[0]))[0]
        await households.send_away(session, parent, tie_id=ended.tie.id, now=line.now)
        tie = await ties.by_id(session, tie_id=ended.tie.id)
        assert tie is not None
        assert (tie.tie.status, tie.tie.ended_why, tie.tie.ended_by) == ("ended", "revoked", parent.person_id)


async def test_a_code_for_anybody_does_not_make_a_known_person_any_surer(line: Line) -> None:
    async with line.db.transaction() as session:
        owner = await known(session, line, "张福全")
        await session.execute(update(Address).where(Address.id == owner.to.address_id).values(proof=Proof.REGISTER))
        weak = await known(session, line, "张福全")
        await redeem(session, line, weak, await code(session, line))
        after = await known(session, line, "张福全")
        assert (after.person_id, after.proof, len(after.here)) == (owner.person_id, Proof.REGISTER, 2)
