"""The inbox keeps its promises on both databases: stored once, lanes in order, nothing lost, nothing worked twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from services import inbox
from services.db import Database, Session
from services.inbox import CRASHES_BEFORE_ALONE, CRASHES_BEFORE_DEAD, MOST_TRIES, Claimed
from services.models import Event

LEASE = timedelta(minutes=1)
GONE = timedelta(seconds=-1)  # a lease that is over at once: its worker died


def raw(name: str) -> dict[str, str]:
    """An event by its name: `a1` is the event 1 in lane a."""
    return {"channel": "web", "account": "web", "event_id": name, "lane": name[0], "payload": f"words of {name}"}


async def store(db: Database, *names: str) -> set[str]:
    """Store events; return the names of those that were new."""

    async def work(session: Session) -> set[str]:
        return {name for _, _, name in await inbox.store(session, [raw(name) for name in names])}

    return await db.run(work, holding=inbox.STORING)


async def claim(
    db: Database, owner: str = "first", *, lease: timedelta = LEASE, limit: int = 10, alone: bool = False
) -> list[Claimed]:
    """Claim as a worker does."""

    async def work(session: Session) -> list[Claimed]:
        return list(await inbox.claim(session, owner=owner, lease=lease, limit=limit, alone=alone))

    return await db.run(work)


async def finish(db: Database, event: Claimed, owner: str = "first") -> bool:
    """Finish as a turn does."""
    return await db.run(lambda session: inbox.finish(session, event, owner=owner))


async def fail(db: Database, event: Claimed, owner: str = "first") -> bool:
    """Note an exception of our own."""
    return await db.run(lambda session: inbox.failed(session, event, owner=owner, error="KeyError: 'x'"))


async def crash(db: Database, *, alone: bool = False) -> list[str]:
    """Let a worker die over what it claimed; return what that was."""
    events = await claim(db, "dying", lease=GONE, alone=alone)
    await db.run(inbox.reap)
    return names(events)


async def back_off_ends(db: Database) -> None:
    """Let the time pass that failed events wait."""
    await db.run(lambda session: session.execute(update(Event).values(due_at=None)))


async def back_off_lasts(db: Database) -> None:
    """Let failed events wait for ever."""
    waiting = update(Event).where(Event.due_at.is_not(None)).values(due_at=datetime(3000, 1, 1, tzinfo=UTC))
    await db.run(lambda session: session.execute(waiting))


async def row(db: Database, name: str) -> Event:
    """Return the event's row."""
    async with db.reading() as session:
        return (await session.scalars(select(Event).where(Event.event_id == name))).one()


def names(events: Sequence[Claimed]) -> list[str]:
    """Say which events these are."""
    return [event.event_id for event in events]


async def test_an_event_that_comes_twice_is_stored_once(database: Database) -> None:
    assert await store(database, "a1", "a1", "b1") == {"a1", "b1"}
    assert await store(database, "b1", "b2") == {"b2"}
    assert await store(database, "a1") == set()
    assert names(await claim(database)) == ["a1", "b1"]


async def test_events_that_many_replicas_store_at_once_are_stored_once(replicas: Sequence[Database]) -> None:
    told = [f"{lane}{number}" for lane in "abc" for number in range(5)]
    new = await asyncio.gather(*(store(db, *told) for db in replicas for _ in range(3)))
    assert sorted(name for found in new for name in found) == sorted(told)


async def test_a_lane_is_worked_in_order_and_lanes_beside_each_other(database: Database) -> None:
    await store(database, "a1", "a2", "b1", "a3")
    a1, b1 = await claim(database)
    assert (a1.event_id, b1.event_id) == ("a1", "b1")
    assert (a1.payload, a1.lane, a1.tries) == ("words of a1", "a", 0)
    assert await claim(database, "second") == []
    assert await finish(database, a1)
    (a2,) = await claim(database, "second")
    assert a2.event_id == "a2"
    assert await claim(database) == []


async def test_a_claim_takes_no_more_than_there_is_room_for_and_the_oldest_first(database: Database) -> None:
    await store(database, "c1", "a1", "b1", "d1")
    assert names(await claim(database, limit=3)) == ["c1", "a1", "b1"]
    assert names(await claim(database, limit=3)) == ["d1"]


async def test_an_event_that_waits_after_a_failure_holds_its_lane(database: Database) -> None:
    await store(database, "a1", "a2", "b1")
    a1, b1 = await claim(database)
    assert not await fail(database, a1)
    await back_off_lasts(database)
    assert await finish(database, b1)
    assert await claim(database) == []
    await back_off_ends(database)
    (again,) = await claim(database)
    assert (again.event_id, again.tries) == ("a1", 1)


async def test_an_event_that_fails_each_time_is_set_aside_and_the_lane_goes_on(database: Database) -> None:
    await store(database, "a1", "a2")
    for number in range(1, MOST_TRIES + 1):
        (event,) = await claim(database)
        assert await fail(database, event) is (number == MOST_TRIES)
        await back_off_ends(database)
    aside = await row(database, "a1")
    assert (aside.state, aside.tries, aside.starts, aside.error) == ("dead", MOST_TRIES, 0, "KeyError: 'x'")
    assert aside.payload == "words of a1"
    assert names(await claim(database)) == ["a2"]


async def test_an_event_put_back_waits_for_the_one_in_work_and_goes_before_the_rest(database: Database) -> None:
    await store(database, "a1", "a2", "a3")
    for _ in range(MOST_TRIES):
        await fail(database, (await claim(database))[0])
        await back_off_ends(database)
    (a2,) = await claim(database)
    (dead,) = await database.run(inbox.dead)
    assert await database.run(lambda session: inbox.retry(session, dead.id))
    assert await claim(database, "second") == []
    assert await finish(database, a2)
    assert names(await claim(database, "second")) == ["a1"]


async def test_an_event_given_up_stays_away(database: Database) -> None:
    await store(database, "a1")
    for _ in range(MOST_TRIES):
        await fail(database, (await claim(database))[0])
        await back_off_ends(database)
    aside = await row(database, "a1")
    assert await database.run(lambda session: inbox.drop(session, aside.id))
    assert not await database.run(lambda session: inbox.retry(session, aside.id))
    assert await claim(database) == []


async def test_tries_are_failures_of_ours_and_starts_are_crashes(database: Database) -> None:
    await store(database, "a1", "b1")
    a1, _ = await claim(database, lease=GONE)
    await fail(database, a1)
    await database.run(inbox.reap)
    failed, crashed = await row(database, "a1"), await row(database, "b1")
    assert (failed.tries, failed.starts, failed.state) == (1, 0, "new")
    assert (crashed.tries, crashed.starts, crashed.state) == (0, 1, "new")


async def test_what_a_dead_worker_held_comes_back_when_its_lease_ends(database: Database) -> None:
    await store(database, "a1", "b1")
    await claim(database, "living", limit=1)
    (mine,) = await claim(database, "dying", lease=GONE)
    assert await database.run(inbox.reap) == 1
    (again,) = await claim(database, "heir")
    assert again.id == mine.id


async def test_a_former_owner_can_do_nothing(database: Database) -> None:
    await store(database, "a1")
    (held,) = await claim(database, "former", lease=GONE)
    await database.run(inbox.reap)
    (taken,) = await claim(database, "heir")
    assert not await finish(database, held, "former")
    last = Claimed(held.id, "web", "web", "a1", "a", "", tries=MOST_TRIES - 1)
    assert not await fail(database, last, "former")
    await database.run(lambda session: inbox.release(session, [held.id], owner="former"))
    assert (await row(database, "a1")).state == "claimed"
    assert await finish(database, taken, "heir")
    assert not await finish(database, taken, "heir")


async def test_giving_back_counts_nothing(database: Database) -> None:
    await store(database, "a1")
    for _ in range(CRASHES_BEFORE_DEAD + 1):
        (event,) = await claim(database)
        await database.run(lambda session: inbox.release(session, [1], owner="first"))
        assert event.tries == 0
    given_back = await row(database, "a1")
    assert (given_back.starts, given_back.tries, given_back.state) == (0, 0, "new")


async def test_the_only_process_voids_every_lease_at_its_start(database: Database) -> None:
    await store(database, "a1", "b1")
    await claim(database, "killed")
    assert await database.run(inbox.reap) == 0
    assert await database.run(lambda session: inbox.reap(session, all_leases=True)) == 2
    assert names(await claim(database)) == ["a1", "b1"]


async def test_what_crashed_workers_is_worked_alone_and_in_the_end_set_aside(database: Database) -> None:
    await store(database, "a1", "a2")
    for _ in range(CRASHES_BEFORE_ALONE):
        assert await crash(database) == ["a1"]
    await store(database, "b1", "c1")
    assert names(await claim(database)) == ["b1", "c1"]
    for _ in range(CRASHES_BEFORE_DEAD - CRASHES_BEFORE_ALONE):
        assert await crash(database) == []
        assert await crash(database, alone=True) == ["a1"]
    assert await crash(database, alone=True) == []
    assert (await row(database, "a1")).state == "dead"
    assert names(await claim(database)) == ["a2"]


async def test_a_crash_counts_for_all_that_was_in_work_but_only_one_is_taken_alone(database: Database) -> None:
    await store(database, "a1", "b1")
    for _ in range(CRASHES_BEFORE_ALONE):
        assert await crash(database) == ["a1", "b1"]
    assert names(await claim(database, alone=True)) == ["a1"]


async def test_words_that_wait_long_are_checked_once(database: Database) -> None:
    await store(database, "a1", "a2")

    async def waiting(session: Session, longer_than: timedelta) -> list[str]:
        return names(await inbox.waiting_long(session, longer_than=longer_than))

    assert await database.run(lambda session: waiting(session, LEASE)) == []
    assert await database.run(lambda session: waiting(session, GONE)) == ["a1", "a2"]
    first = (await row(database, "a1")).id
    await database.run(lambda session: inbox.mark_checked(session, [first]))
    assert await database.run(lambda session: waiting(session, GONE)) == ["a2"]


async def test_the_depth_counts_what_is_open(database: Database) -> None:
    await store(database, "a1", "a2", "b1")
    a1, _ = await claim(database)
    await finish(database, a1)
    count, since = await database.run(inbox.depth)
    assert (count, since) == (2, (await row(database, "a2")).received_at)


async def test_a_later_event_is_never_seen_before_an_earlier_one(database: Database) -> None:
    """Else the later one would be worked first, or both at once."""
    has_stored, may_end = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> None:
        await inbox.store(session, [raw("a1")])
        has_stored.set()
        await may_end.wait()

    first = asyncio.create_task(database.run(slow, holding=inbox.STORING))
    await has_stored.wait()
    second = asyncio.create_task(store(database, "a2"))
    await asyncio.sleep(0.05)
    assert not second.done()
    may_end.set()
    await asyncio.gather(first, second)
    assert names(await claim(database)) == ["a1"]


@dataclass(slots=True)
class Floor:
    """What many workers did: the order of finished events, and who is in work in which lane right now."""

    done: list[int] = field(default_factory=list)
    by_lane: dict[str, list[int]] = field(default_factory=dict)
    in_work: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)


async def work_until_done(db: Database, owner: str, floor: Floor, total: int, chance: random.Random) -> None:
    """Claim, work a moment, finish, until everything is done; each event in a transaction of its own."""

    async def one(event: Claimed) -> None:
        if event.lane in floor.in_work:
            floor.wrong.append(f"two of lane {event.lane} in work")
        floor.in_work.add(event.lane)
        await asyncio.sleep(chance.uniform(0, 0.003))
        floor.in_work.discard(event.lane)
        if not await finish(db, event, owner):
            floor.wrong.append(f"{event.event_id} was taken from {owner}")
        floor.done.append(event.id)
        floor.by_lane.setdefault(event.lane, []).append(event.id)

    while len(floor.done) < total and not floor.wrong:
        events = await claim(db, owner, limit=chance.randint(1, 4))
        await asyncio.gather(*(one(event) for event in events))
        if not events:
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("seed", [1, 2])
async def test_many_workers_and_many_storers_double_nothing_and_invert_nothing(
    replicas: Sequence[Database], seed: int
) -> None:
    chance, floor = random.Random(seed), Floor()
    told = [f"{lane}{number}" for lane in "abcdefghij" for number in range(8)]
    chance.shuffle(told)

    async def tell(db: Database, mine: Sequence[str]) -> None:
        for start in range(0, len(mine), 3):
            await store(db, *mine[start : start + 3])
            await asyncio.sleep(chance.uniform(0, 0.004))

    await asyncio.gather(
        *(tell(db, told[number::4]) for number, db in enumerate(replicas)),
        *(
            work_until_done(db, f"worker {number}.{hand}", floor, len(told), chance)
            for number, db in enumerate(replicas)
            for hand in range(2)
        ),
    )
    assert floor.wrong == []
    assert len(floor.done) == len(set(floor.done)) == len(told)
    assert all(ids == sorted(ids) for ids in floor.by_lane.values())
    async with replicas[0].reading() as session:
        assert await session.scalar(select(func.count()).where(Event.state == "done")) == len(told)


async def test_many_claimers_share_many_lanes_without_a_double(replicas: Sequence[Database]) -> None:
    told = [f"{chr(0x4E00 + number)}1" for number in range(60)]
    await store(replicas[0], *told)
    found = await asyncio.gather(
        *(claim(db, f"{number}.{hand}", limit=7) for number, db in enumerate(replicas) for hand in range(3))
    )
    ids = [event.id for events in found for event in events]
    assert len(ids) == len(set(ids)) == len(told)
