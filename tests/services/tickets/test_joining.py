"""Neighbours and one public repair: counted by household, told once, asked at the end, none sees another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from services import due
from services.actors import Actor
from services.catalog import Kind
from services.db import Session
from services.messages import Channel
from services.models import Address, Content, History, Joiner, Outgoing, Person, Prompt, Ticket, TicketLink
from services.refusals import NotFound
from services.tickets import filing, history, joined, joining, merging, unmended
from services.tickets.filing import Request, Requester
from services.tickets.history import Said
from services.tickets.joining import JoinOver, Neighbour
from services.tickets.needs import NeighboursWait, OwnWork
from services.tickets.rules import Action, AlreadyDone, State
from tests.support import estate, whole
from tests.support.line import ACCOUNTS, START, Line

PLACE = "3栋2单元电梯"
TWENTY = 23  # more than a chunk


async def actor(session: Session, line: Line, name: str) -> Actor:
    return await estate.actor_of(session, line, await estate.web_of(session, name))


async def a_lift(session: Session, line: Line, owner: Actor, **more: Any) -> Ticket:
    """File a public fault for somebody."""
    if owner.house is None:
        raise LookupError(owner.name)
    kind = Kind.COMPLAINT if more.get("confidential") else Kind.REPAIR
    request = Request(
        category=line.world.catalog.of_kind("lift", kind),
        matter="电梯停了",
        place=PLACE,
        scope="public",
        building="3",
        requester=Requester(person_id=owner.person_id, address_id=owner.address_id, name=owner.name),
    )
    request = replace(request, **more)
    policy = line.world.policies.defaults
    return await filing.file(session, owner, house=owner.house, request=request, now=line.now, policy=policy)


def whom(someone: Actor, *, unit_id: int | None = None, words: str = "", media: tuple[int, ...] = ()) -> Neighbour:
    return Neighbour(
        place=PLACE,
        person_id=someone.person_id,
        address_id=someone.address_id,
        unit_id=unit_id,
        said=Said(words, media),
    )


async def crowd(session: Session, line: Line, ticket: Ticket, count: int) -> list[Actor]:
    """Let so many strangers of the estate, each with a page, wait along."""
    desk, found = await actor(session, line, "小李"), []
    for number in range(count):
        person = Person(name=f"邻居{number}", created_at=START)
        session.add(person)
        await session.flush()
        address = Address(
            channel=Channel.WEB,
            account=ACCOUNTS[Channel.WEB],
            external=f"crowd-{number}",
            community_id=ticket.community_id,
            person_id=person.id,
            created_at=START,
        )
        session.add(address)
        await session.flush()
        one = replace(desk, person_id=person.id, address_id=address.id, memberships=(), name=person.name)
        await joining.join(session, one, ticket_id=ticket.id, whom=whom(one, words=f"秘密{number}"), now=line.now)
        found.append(one)
    return found


async def work(line: Line) -> None:
    """Do what is due, a timer a transaction, until nothing is."""

    async def one(session: Session) -> bool:
        timer = await due.take(session, now=line.now)
        if timer is not None:
            await due.work(session, timer, now=line.now, policies=line.world.policies)
        return timer is not None

    while await line.db.run(one):
        pass


async def test_twenty_wait_are_told_once_and_asked_once_in_chunks(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, engineer = await actor(session, line, "王芳"), await actor(session, line, "刘师傅")
        ticket = await a_lift(session, line, owner)
        await crowd(session, line, ticket, TWENTY)
        assert joining.households(ticket) == TWENTY + 1
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await whole.check(session, ticket)
    await work(line)
    async with line.db.transaction() as session:
        told = Outgoing.key.like("joiner:%:progress")
        assert await session.scalar(select(func.count()).where(told)) == TWENTY
        await estate.act(session, line, engineer, Action.ON_THE_WAY, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了皮带")
    await work(line)
    async with line.db.transaction() as session:
        assert await session.scalar(select(func.count()).where(told)) == TWENTY
        assert await session.scalar(select(func.count()).where(Prompt.form == "joined")) == TWENTY
        said = "".join(str(payload) for payload in await session.scalars(select(Outgoing.payload)))
        asked = "".join(str(given) for given in await session.scalars(select(Prompt.given)))
        assert "秘密" not in said + asked
        assert "邻居1" not in said + asked
        assert (await history.verify(session)).broken == []


async def test_who_waits_twice_and_two_of_one_home_count_once(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, wife, husband = [await actor(session, line, name) for name in ("王芳", "周丽", "吴海")]
        ticket, unit_id = await a_lift(session, line, owner), wife.here[0].unit_id
        for one in (wife, wife, husband):
            await joining.join(session, one, ticket_id=ticket.id, whom=whom(one, unit_id=unit_id), now=line.now)
        other = await joining.join(
            session, owner, ticket_id=ticket.id, whom=whom(owner, unit_id=owner.here[0].unit_id), now=line.now
        )
        assert (ticket.joined_count, other[1]) == (1, True)
        assert await session.scalar(select(func.count()).select_from(Joiner)) == 3
        rows = await session.scalars(select(History.action).where(History.ticket_id == ticket.id))
        assert list(rows).count("join") == 3


async def test_nobody_joins_a_complaint_what_is_confidential_at_home_over_or_elsewhere(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        owner, neighbour = await actor(session, line, "王芳"), await actor(session, line, "吴海")
        over = await a_lift(session, line, owner, matter="电梯抖")
        await estate.act(session, line, owner, Action.CANCEL, over.id)
        closed = [
            await a_lift(session, line, owner, confidential=True, matter="投诉"),
            await estate.filed(session, line, owner),
            over,
        ]
        for ticket_id in [*(one.id for one in closed), 999]:
            with pytest.raises(JoinOver):
                await joining.join(session, neighbour, ticket_id=ticket_id, whom=whom(neighbour), now=line.now)
        policy = line.world.policies.defaults
        asked: dict[str, Any] = {"category": "lift", "place": PLACE, "matter": "电梯停了", "now": line.now}
        assert await joining.alike(session, neighbour, **asked, policy=policy) is None
        fresh = await a_lift(session, line, owner)
        assert await joining.alike(session, neighbour, **asked, policy=policy) is fresh
        assert await joining.alike(session, owner, **asked, policy=policy) is None
        never = policy.model_copy(update={"tickets": policy.tickets.model_copy(update={"alike_hours": 0})})
        assert await joining.alike(session, neighbour, **asked, policy=never) is None
        assert await joining.nearby(session, neighbour, category="lift", now=line.now, policy=policy) == [fresh]
        elsewhere = await actor(session, line, "黄伟")
        assert await joining.nearby(session, elsewhere, category=None, now=line.now, policy=policy) == []


def not_for_me(line: Line, neighbour: Actor, joiner_id: int) -> dict[str, Any]:
    return {
        "joiner_id": joiner_id,
        "said": Said("门关不上"),
        "requester": Requester(person_id=neighbour.person_id, address_id=neighbour.address_id),
        "house": neighbour.house,
        "catalog": line.world.catalog,
        "now": line.now,
        "policy": line.world.policies.defaults,
    }


async def test_still_without_gets_a_ticket_of_his_own_first_with_who_did_the_work(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, engineer, neighbour = [await actor(session, line, name) for name in ("王芳", "陈师傅", "吴海")]
        desk = await actor(session, line, "小李")
        ticket = await a_lift(session, line, owner)
        await joining.join(session, neighbour, ticket_id=ticket.id, whom=whom(neighbour), now=line.now)
        staff = engineer.staff
        if staff is None:
            raise LookupError(engineer.name)
        await estate.act(session, line, desk, Action.HAND_ON, ticket.id, to=staff.staff_id)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="好了")
    await work(line)
    async with line.db.transaction() as session:
        joiner = (await session.scalars(select(Joiner))).one()
        assert joiner.state == "asked"
        given = not_for_me(line, neighbour, joiner.id)
        with pytest.raises(NotFound):
            await unmended.file_own(session, owner, **given)
        own = await unmended.file_own(session, neighbour, **given)
        assert (own.holder_id, own.priority, own.place) == (staff.staff_id, "urgent", PLACE)
        assert own.requester_id == neighbour.person_id
        assert joiner.own_ticket_id == own.id
        assert (await session.scalars(select(TicketLink.kind))).all() == ["related"]
        with pytest.raises(AlreadyDone):
            await joined.answer(session, neighbour, joiner_id=joiner.id, fixed=True, now=line.now)


async def test_what_comes_back_is_asked_anew_of_those_who_have_not_said_that_it_is_fixed(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        owner, engineer = await actor(session, line, "王芳"), await actor(session, line, "刘师傅")
        ticket = await a_lift(session, line, owner)
        first, _ = await crowd(session, line, ticket, 2)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="好了")
    await work(line)
    async with line.db.transaction() as session:
        rows = (await session.scalars(select(Joiner).order_by(Joiner.id))).all()
        await joined.answer(session, first, joiner_id=rows[0].id, fixed=True, now=line.now)
        await estate.act(session, line, owner, Action.OWNER_RETURNS, ticket.id, words="又停了")
        assert [row.state for row in rows] == ["fixed", "waiting"]
        assert await session.scalar(select(func.count()).where(Prompt.form == "joined", Prompt.state == "open")) == 0
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="换了主板")
    await work(line)
    async with line.db.reading() as session:
        rows = (await session.scalars(select(Joiner).order_by(Joiner.id))).all()
        assert [(row.state, row.asks) for row in rows] == [("fixed", 1), ("asked", 2)]


async def test_who_reported_it_does_not_call_it_off_for_the_others(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        owner, desk = await actor(session, line, "王芳"), await actor(session, line, "小李")
        ticket = await a_lift(session, line, owner)
        await crowd(session, line, ticket, 1)
        with pytest.raises(NeighboursWait):
            await estate.act(session, line, owner, Action.CANCEL, ticket.id)
        await estate.act(session, line, desk, Action.CANCEL, ticket.id, words="维保换新")
    await work(line)
    async with line.db.reading() as session:
        prompt = (await session.scalars(select(Prompt).where(Prompt.form == "joined"))).one()
        assert prompt.given["over"] is True


async def test_at_night_neighbours_hear_nothing_and_in_the_morning_only_what_is_true_then(quick_line: Line) -> None:
    line = quick_line
    line.pass_time(timedelta(hours=14))  # 23:00
    async with line.db.transaction() as session:
        owner, engineer = await actor(session, line, "王芳"), await actor(session, line, "刘师傅")
        ticket = await a_lift(session, line, owner)
        await crowd(session, line, ticket, 1)
        await estate.act(session, line, engineer, Action.ACCEPT, ticket.id)
        await estate.act(session, line, engineer, Action.DONE, ticket.id, words="好了")
    await work(line)
    async with line.db.transaction() as session:
        assert await session.scalar(select(func.count()).where(Prompt.form == "joined")) == 0
    line.pass_time(timedelta(hours=10))
    await work(line)
    async with line.db.transaction() as session:
        assert await session.scalar(select(func.count()).where(Prompt.form == "joined")) == 1
        assert await session.scalar(select(func.count()).where(Outgoing.key.like("joiner:%"))) == 0


async def test_merged_their_neighbours_wait_together_and_come_apart_again(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, other, lead = [await actor(session, line, name) for name in ("王芳", "吴海", "老赵")]
        engineer = await actor(session, line, "刘师傅")
        root, ticket = await a_lift(session, line, owner), await a_lift(session, line, other)
        policy = line.world.policies.defaults
        await crowd(session, line, ticket, 2)
        await merging.merge(session, lead, ticket_id=ticket.id, into_id=root.id, now=line.now, policy=policy)
        assert (root.joined_count, ticket.state) == (2, State.MERGED)
        late = await actor(session, line, "谢婷")
        joined_to, new = await joining.join(session, late, ticket_id=ticket.id, whom=whom(late), now=line.now)
        assert (joined_to.id, new, root.joined_count) == (root.id, True, 3)
        await estate.act(session, line, engineer, Action.ACCEPT, root.id)
        await estate.act(session, line, engineer, Action.DONE, root.id, words="好了")
    await work(line)
    async with line.db.transaction() as session:
        assert await session.scalar(select(func.count()).where(Prompt.form == "joined")) == 3
        await merging.unmerge(session, lead, ticket_id=ticket.id, now=line.now, policy=policy)
        assert (await session.get_one(Ticket, root.id)).joined_count == 1


async def test_what_a_neighbour_said_lies_where_retention_finds_it(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        owner = await actor(session, line, "王芳")
        ticket = await a_lift(session, line, owner)
        await crowd(session, line, ticket, 1)
        words = await session.scalars(select(Content.words).where(Content.ticket_id == ticket.id))
        assert "秘密0" in list(words)


async def test_who_did_the_work_does_not_judge_it(quick_line: Line) -> None:
    line = quick_line
    async with line.db.transaction() as session:
        owner, lead, desk = [await actor(session, line, name) for name in ("王芳", "老赵", "小李")]
        ticket = await estate.filed(session, line, owner)
        staff = lead.staff
        if staff is None:
            raise LookupError(lead.name)
        await estate.act(session, line, desk, Action.HAND_ON, ticket.id, to=staff.staff_id)
        await estate.act(session, line, lead, Action.ACCEPT, ticket.id)
        await estate.act(session, line, lead, Action.DONE, ticket.id, words="好了")
        with pytest.raises(OwnWork):
            await estate.act(session, line, lead, Action.QUALITY, ticket.id, verdict="good")
        await estate.act(session, line, desk, Action.QUALITY, ticket.id, verdict="good")
        assert ticket.quality == "good"
