"""Tickets that become one: chains stay flat, owners hear of the root's news, what was merged can live again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.actors import Actor
from services.db import Database, Session
from services.models import Community, Outgoing, Ticket, TicketLink
from services.refusals import NotFound, Refused
from services.tickets import engine, finding, merging
from services.tickets.history import Said
from services.tickets.merging import NeedsLead, NotThere, UnmergeTooLate
from services.tickets.rules import Action, AlreadyDone, State, TooLate
from tests.support import estate, whole
from tests.support.line import Line

Crowd = tuple[Actor, Actor, Actor, Actor]


async def crowd(session: Session, line: Line) -> Crowd:
    """Return an owner, a neighbour, an engineer, the desk."""
    names = ("王芳", "赵敏", "王师傅", "老赵")
    owner, neighbour, engineer, desk = [
        await estate.actor_of(session, line, await estate.web_of(session, name)) for name in names
    ]
    return owner, neighbour, engineer, desk


async def merge(session: Session, line: Line, who: Actor, ticket: Ticket, into: Ticket) -> None:
    policy = line.world.policies.defaults
    await merging.merge(session, who, ticket_id=ticket.id, into_id=into.id, now=line.now, policy=policy)
    for one in (ticket, into):
        await whole.check(session, one)


async def unmerge(session: Session, line: Line, who: Actor, ticket: Ticket) -> None:
    policy = line.world.policies.defaults
    await merging.unmerge(session, who, ticket_id=ticket.id, now=line.now, policy=policy)
    await whole.check(session, ticket)


async def said_to(session: Session, owner: Actor) -> list[str]:
    """Return all that was said to an owner, as it lies in the outbox."""
    said = select(Outgoing.payload).where(Outgoing.address_id == owner.address_id).order_by(Outgoing.id)
    return [str(payload) for payload in await session.scalars(said)]


async def heard(session: Session, owner: Actor) -> list[str]:
    """Return what was said to an owner, by the keys of the texts."""
    said = select(Outgoing.payload).where(Outgoing.address_id == owner.address_id).order_by(Outgoing.id)
    return [str(say) for say in (await session.scalars(said)).all()]


async def test_what_goes_into_another_follows_it_further_and_the_chain_stays_flat(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, _, desk = await crowd(session, line)
        first, second, third = [await estate.filed(session, line, owner, matter=f"漏水{n}") for n in range(3)]
        await merge(session, line, desk, first, second)
        await merge(session, line, desk, second, third)
        await session.refresh(first)
        assert (first.merged_into_id, second.merged_into_id) == (third.id, third.id)
        assert (second.merged_count, third.merged_count) == (0, 2)
        await unmerge(session, line, desk, first)
        await session.refresh(third)
        assert (first.state, first.merged_into_id, third.merged_count) == (State.ASSIGNED, None, 1)


async def test_photos_are_counted_where_they_are_seen(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, _, desk = await crowd(session, line)
        tickets = [await estate.filed(session, line, owner, matter=f"漏水{n}", media=(1,)) for n in range(3)]
        first, second, third = tickets
        await merge(session, line, desk, first, second)
        await merge(session, line, desk, second, third)
        assert [ticket.media_count for ticket in tickets] == [1, 1, 3]
        await unmerge(session, line, desk, second)
        await session.refresh(third)
        assert [ticket.media_count for ticket in tickets] == [1, 1, 2]


async def test_the_neighbour_hears_of_the_work_on_the_ticket_that_his_went_into(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour, engineer, desk = await crowd(session, line)
        root = await estate.filed(session, line, owner)
        other = await estate.filed(session, line, neighbour)
        await merge(session, line, desk, other, root)
        assert "news.merged" in (await heard(session, neighbour))[-1]
        await estate.act(session, line, engineer, Action.ACCEPT, root.id)
        assert "news.accepted" in (await heard(session, neighbour))[-1]
        await estate.act(session, line, engineer, Action.DONE, root.id, words="换了")
        assert "news.done" in (await heard(session, neighbour))[-1]
        assert "choice" not in (await heard(session, neighbour))[-1]


async def test_who_filed_the_same_twice_hears_everything_once(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, desk = await crowd(session, line)
        root = await estate.filed(session, line, owner)
        other = await estate.filed(session, line, owner, matter="还是漏水")
        await merge(session, line, desk, other, root)
        await estate.act(session, line, engineer, Action.ACCEPT, root.id)
        assert sum("news.accepted" in said for said in await heard(session, owner)) == 1


async def test_who_merged_stays_in_history_and_the_two_are_tied(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, _, desk = await crowd(session, line)
        root, other = await estate.filed(session, line, owner), await estate.filed(session, line, owner, matter="二")
        await merge(session, line, desk, other, root)
        assert [one.id for one in await merging.tied(session, root)] == [other.id]
        assert [one.id for one in await merging.tied(session, other)] == [root.id]
        policy = line.world.policies.defaults
        await merging.link(session, desk, ticket=root, other=other, now=line.now, policy=policy)
        assert len((await session.scalars(select(TicketLink.id))).all()) == 1
        assert await merging.tied(session, await estate.filed(session, line, owner, matter="三")) == []


async def test_a_ticket_goes_neither_into_itself_nor_into_one_that_is_over_nor_twice(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, _, desk = await crowd(session, line)
        first, second, third = [await estate.filed(session, line, owner, matter=f"漏水{n}") for n in range(3)]
        for wrong in ((first, first), (first, third)):
            await estate.act(session, line, owner, Action.CANCEL, third.id)
            with pytest.raises(NotThere):
                await merge(session, line, desk, *wrong)
        await merge(session, line, desk, first, second)
        with pytest.raises(AlreadyDone):
            await merge(session, line, desk, first, second)
        with pytest.raises(NotThere):
            await merge(session, line, desk, second, first)
        with pytest.raises(NotThere):
            await merging.link(
                session, desk, ticket=first, other=first, now=line.now, policy=line.world.policies.defaults
            )
        with pytest.raises(TooLate):
            await unmerge(session, line, desk, second)


async def test_across_homes_only_who_leads_makes_one_of_two_and_two_of_one(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour, _, lead = await crowd(session, line)
        desk = await estate.actor_of(session, line, await estate.web_of(session, "小李"))
        root, same = await estate.filed(session, line, owner), await estate.filed(session, line, owner, matter="二")
        other = await estate.filed(session, line, neighbour)
        await merge(session, line, desk, same, root)
        await unmerge(session, line, desk, same)
        with pytest.raises(NeedsLead):
            await merge(session, line, desk, other, root)
        await merge(session, line, lead, other, root)
        with pytest.raises(NeedsLead):
            await unmerge(session, line, desk, other)
        line.pass_time(timedelta(days=7))
        await unmerge(session, line, lead, other)
        await merge(session, line, lead, other, root)
        line.pass_time(timedelta(days=7, seconds=1))
        with pytest.raises(UnmergeTooLate):
            await unmerge(session, line, lead, other)


async def test_of_merged_tickets_nobody_reads_his_neighbours_words_price_or_door(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour, engineer, lead = await crowd(session, line)
        root = await estate.filed(session, line, owner, matter="我的实木柜子泡了")
        other = await estate.filed(session, line, neighbour, matter="客厅吊顶滴水")
        await merge(session, line, lead, other, root)
        for action in (Action.ACCEPT, Action.ON_THE_WAY, Action.ARRIVED):
            await estate.act(session, line, engineer, action, root.id)
        before = len(await heard(session, neighbour))
        locked = await finding.find(session, engineer, ticket_id=root.id, lock=True)
        until = {"until": line.now + timedelta(hours=3)}
        policy = line.world.policies.defaults
        said = Said("门口", (1,))
        await engine.act(
            session, engineer, Action.NO_ACCESS, ticket=locked, now=line.now, policy=policy, said=said, codes=until
        )
        assert len(await heard(session, neighbour)) == before
        await estate.act(session, line, engineer, Action.RESUME, root.id)
        await estate.act(session, line, engineer, Action.DONE, root.id, words="换了主管")
        texts = str(await said_to(session, neighbour))
        assert "换了主管" in texts
        assert "客厅吊顶滴水" in texts
        for secret in ("我的实木柜子泡了", root.place if root.place != other.place else "\0", "news.done.free"):
            assert secret not in texts
        log = await merging.common_log(session, other, root)
        assert [row.action for row in log] == ["accept", "on_the_way", "arrived", "resume", "done"]
        assert [row.words for row in log if row.words] == ["换了主管"]
        assert await merging.work_of(session, other) is root
        assert await merging.work_of(session, root) is None


async def test_another_community_is_not_there(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, _, desk = await crowd(session, line)
        here = await estate.filed(session, line, owner)
        there = await estate.filed(session, line, owner, matter="别处")
        other = Community(
            slug="other", name="另一处", zone="Asia/Shanghai", locale="zh_Hans", phone="1", created_at=line.now
        )
        session.add(other)
        await session.flush()
        there.community_id = other.id
        await session.flush()
        with pytest.raises(NotFound):
            await merge(session, line, desk, here, there)
        two = replace(desk, memberships=(*desk.memberships, replace(desk.memberships[0], community_id=other.id)))
        with pytest.raises(NotThere):
            await merge(session, line, two, here, there)
        assert State(here.state) is State.ASSIGNED


async def test_what_was_done_when_it_was_merged_is_looked_at_once_more(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, desk = await crowd(session, line)
        root, other = await estate.filed(session, line, owner), await estate.filed(session, line, owner, matter="二")
        await estate.act(session, line, engineer, Action.ACCEPT, other.id)
        await estate.act(session, line, engineer, Action.DONE, other.id, words="换了")
        await merge(session, line, desk, other, root)
        line.pass_time(timedelta(days=2))
        await unmerge(session, line, desk, other)
        assert (other.state, other.done_at) == (State.ASSIGNED, None)
        assert other.promised_at is not None
        assert other.promised_at > line.now


async def test_work_in_hand_comes_back_as_it_was_and_needs_no_new_yes(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, _, engineer, desk = await crowd(session, line)
        root, other = await estate.filed(session, line, owner), await estate.filed(session, line, owner, matter="二")
        await estate.act(session, line, engineer, Action.ACCEPT, other.id)
        await merge(session, line, desk, other, root)
        await unmerge(session, line, desk, other)
        assert other.state == State.WORKING


async def test_alike_are_open_ones_about_the_same_kind_of_thing_in_the_same_home(line: Line) -> None:
    async with line.db.transaction() as session:
        owner, neighbour, _, desk = await crowd(session, line)
        first, second, third = [await estate.filed(session, line, owner, matter=f"漏水{n}") for n in range(3)]
        await estate.filed(session, line, neighbour)
        await estate.act(session, line, desk, Action.CANCEL, third.id)
        assert [one.id for one in await merging.alike(session, first)] == [second.id]
        public = [await estate.filed(session, line, owner, matter=f"大厅{n}", scope="public") for n in range(2)]
        for one in public:
            one.unit_id = None
        await session.flush()
        assert [one.id for one in await merging.alike(session, public[0])] == [public[1].id]


@pytest.fixture
async def beside(line: Line, estate_url: str) -> AsyncIterator[Sequence[Database]]:
    """Return the databases of two replicas; SQLite serves one process."""
    other = line.db if line.db.is_sqlite else Database(estate_url, connections=4)
    yield [line.db, other]
    if other is not line.db:
        await other.dispose()


async def test_merging_and_taking_apart_at_once_leaves_counts_that_agree(
    line: Line, beside: Sequence[Database]
) -> None:
    async with line.db.transaction() as session:
        owner, _, _, desk = await crowd(session, line)
        ids = [(await estate.filed(session, line, owner, matter=f"漏水{n}")).id for n in range(4)]
    policy = line.world.policies.defaults

    async def one(number: int) -> None:
        ticket, into = ids[number % 4], ids[(number * 3 + 1) % 4]

        async def work(session: Session) -> None:
            if number % 3 == 2:
                await merging.unmerge(session, desk, ticket_id=ticket, now=line.now, policy=policy)
            else:
                await merging.merge(session, desk, ticket_id=ticket, into_id=into, now=line.now, policy=policy)

        try:
            await beside[number % 2].run(work)
        except Refused:
            return

    for start in range(0, 18, 6):
        await asyncio.gather(*(one(number) for number in range(start, start + 6)))
    async with line.db.transaction() as session:
        tickets = [await session.get_one(Ticket, one_id) for one_id in ids]
        for ticket in tickets:
            await whole.check(session, ticket)
        roots = {ticket.id: ticket.state for ticket in tickets}
        assert all(roots[t.merged_into_id] != State.MERGED for t in tickets if t.merged_into_id is not None)
