"""How fast the outbox speaks: buckets that replicas share, the reserve, alarms on credit, pauses, the pace of chats."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from services import buckets, outbox
from services.buckets import Limit
from services.db import Database, Session, machine_now
from services.models import Address, Bucket, Outgoing
from services.outbox import Account, Pace, Priority
from tests.conformance.post import LEASE, NOON, Post

SECOND = timedelta(seconds=1)
STILL = 0.0001  # tokens per second of a bucket that does not fill while a test looks at it


def limited(db: Database, *, burst: int = 4, reserve: int = 1, per_second: float = STILL) -> Post:
    """Return an outbox whose account has a bucket."""
    return Post(db, Account("telegram", "main", Limit(per_second, burst, reserve)))


async def write(post: Post, priority: Priority, count: int) -> None:
    """Write so many rows, each to an address of its own."""
    for number in range(count):
        await post.write(f"{priority.name} {number}", f"{priority.name} {number}", priority)


async def kinds(post: Post, *, slots: int = 50) -> list[str]:
    """Claim and say of which priorities the rows are."""
    return [Priority(row.priority).name for row in await post.claim(slots=slots)]


async def test_bulk_leaves_the_reserve_and_replies_take_it(database: Database) -> None:
    post = limited(database)
    await write(post, Priority.NOTICE, 9)
    assert await kinds(post) == ["NOTICE"] * 3
    assert await kinds(post) == []
    await write(post, Priority.REPLY, 2)
    assert await kinds(post) == ["REPLY"]
    assert await kinds(post) == []


async def test_replies_and_bulk_of_one_claim_share_the_tokens(database: Database) -> None:
    post = limited(database, burst=10, reserve=3)
    await write(post, Priority.SURVEY, 9)
    await write(post, Priority.WORK, 4)
    assert await kinds(post) == ["WORK"] * 4 + ["SURVEY"] * 3


async def test_alarms_borrow_when_there_is_nothing_left_up_to_one_burst(database: Database) -> None:
    post = limited(database)
    await write(post, Priority.REPLY, 9)
    assert await kinds(post) == ["REPLY"] * 4
    await write(post, Priority.ALARM, 9)
    assert await kinds(post, slots=3) == ["ALARM"] * 3
    assert await kinds(post) == ["ALARM"]
    assert await kinds(post) == []


async def test_what_alarms_borrowed_is_paid_back_before_anything_else_leaves(database: Database) -> None:
    post = limited(database, per_second=0.1, reserve=0)
    await write(post, Priority.ALARM, 6)
    await write(post, Priority.REPLY, 6)
    assert await kinds(post) == ["ALARM"] * 6
    await post.pass_time(20 * SECOND)
    assert await kinds(post) == []
    await post.pass_time(10 * SECOND)
    assert await kinds(post) == ["REPLY"]


async def test_when_the_provider_says_wait_bulk_waits_and_replies_go_on_slowly(database: Database) -> None:
    post = limited(database, per_second=100.0)
    for priority in Priority:
        await write(post, priority, 2)
    await kinds(post, slots=1)
    await database.run(partial(buckets.pause, name=post.account.name, wait=30 * SECOND))
    assert await kinds(post) == ["ALARM"]
    await post.pass_time(SECOND)
    assert await kinds(post) == ["REPLY", "REPLY", "WORK", "WORK"]
    await post.pass_time(20 * SECOND)
    assert await kinds(post) == []
    await post.pass_time(10 * SECOND)
    assert await kinds(post) == ["NOTICE", "NOTICE", "SURVEY"]


async def test_an_account_without_a_limit_pauses_its_bulk_too(database: Database) -> None:
    post = Post(database)
    await write(post, Priority.REPLY, 2)
    await write(post, Priority.NOTICE, 1)
    await kinds(post, slots=1)
    await database.run(partial(buckets.pause, name=post.account.name, wait=30 * SECOND))
    assert await kinds(post) == ["REPLY"]
    await post.pass_time(30 * SECOND)
    assert await kinds(post) == ["NOTICE"]


async def test_after_a_refusal_there_is_no_burst_and_half_the_speed(database: Database) -> None:
    post = limited(database, burst=20, reserve=0, per_second=0.2)
    await write(post, Priority.REPLY, 30)
    await kinds(post, slots=1)
    await database.run(partial(buckets.pause, name=post.account.name, wait=30 * SECOND))
    assert await kinds(post) == []
    await post.pass_time(35 * SECOND)
    assert await kinds(post) == ["REPLY"] * 3
    await post.pass_time(600 * SECOND)
    assert await kinds(post) == ["REPLY"] * 20


async def test_a_shorter_wait_does_not_end_a_longer_one(database: Database) -> None:
    post = limited(database, per_second=100.0)
    await write(post, Priority.NOTICE, 2)
    await kinds(post, slots=1)
    for seconds in (30, 3):
        await database.run(partial(buckets.pause, name=post.account.name, wait=seconds * SECOND))
    await post.pass_time(10 * SECOND)
    assert await kinds(post) == []
    await post.pass_time(21 * SECOND)
    assert await kinds(post) == ["NOTICE"]


async def test_a_claim_of_nothing_costs_nothing(database: Database) -> None:
    post = limited(database)
    await write(post, Priority.SURVEY, 5)
    await kinds(post)
    async with database.reading() as session:
        before = (await session.scalars(select(Bucket))).one()
    assert await kinds(post) == []
    async with database.reading() as session:
        after = (await session.scalars(select(Bucket))).one()
    assert (after.tokens_milli, after.refilled_at) == (before.tokens_milli, before.refilled_at)


async def test_replicas_together_never_exceed_the_limit(replicas: Sequence[Database]) -> None:
    """In any second no more leaves than a burst and what came in meanwhile."""
    limit = Limit(per_second=20.0, burst=5, reserve=0)
    posts = [Post(db, Account("telegram", "main", limit)) for db in replicas]
    await write(posts[0], Priority.REPLY, 60)
    left: list[datetime] = []

    async def send(post: Post, owner: str, until: float) -> None:
        while asyncio.get_running_loop().time() < until:
            left.extend(row.machine_now for row in await post.claim(owner, slots=3))
            await asyncio.sleep(0.002)

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(send(post, str(number), began + 1.6) for number, post in enumerate(posts)))
    left.sort()
    windows = [sum(1 for at in left if start <= at < start + SECOND) for start in left]
    assert max(windows) <= limit.burst + limit.per_second + 1  # rows are stamped a moment after their tokens
    assert len(left) > limit.burst + limit.per_second / 2


async def in_a_while(post: Post, to: str, span: timedelta, step: timedelta) -> list[timedelta]:
    """Send to one chat as fast as may be for so long; return when each message left, from the beginning."""
    left: list[timedelta] = []
    passed, began = timedelta(), None
    for number in range(1000):
        if passed > span:
            return left
        if number % 20 == 0:
            await post.db.run(partial(_many, post=post, to=to, first=number))
        while rows := await post.claim():
            began = began or rows[0].machine_now
            left += [row.machine_now - began + passed for row in rows]
            await post.accept(*rows)
        await post.pass_time(step)
        passed += step
    return left


async def _many(session: Session, post: Post, to: str, first: int) -> None:
    drafts = [
        outbox.Draft(key=f"{to}:{number}", to=outbox.To(post.addresses[to], "", None), priority=Priority.NOTICE)
        for number in range(first, first + 40)
    ]
    await outbox.enqueue(session, *drafts, now=NOON)


def most_within(left: Sequence[timedelta], window: timedelta) -> int:
    """Return how many left within the fullest window."""
    return max(sum(1 for at in left if start <= at < start + window) for start in left)


async def test_a_group_gets_no_more_in_a_minute_than_the_provider_takes(database: Database) -> None:
    post = Post(database, Account("telegram", "main", None, Pace.per_group(20)))
    await post.address("group 1")
    left = await in_a_while(post, "group 1", 84 * SECOND, 3 * SECOND)
    assert most_within(left, timedelta(minutes=1)) <= 20
    assert len(left) >= 24


async def test_edits_and_all_topics_share_a_groups_pace(database: Database) -> None:
    """Cards that change as fast as may be, and words in two topics: together no more than the provider takes."""
    post = Post(database, Account("telegram", "main", None, Pace.per_group(20)))
    group = await post.address("group 1")

    async def write(session: Session) -> None:
        for number in range(20):
            to = outbox.To(group, "", None, topic=str(number % 2))
            card = outbox.Draft(key=f"card:{number}:2", to=to, priority=Priority.WORK, kind="card", card_id=number)
            said = outbox.Draft(key=f"said {number}", to=to, priority=Priority.REPLY)
            await outbox.enqueue(session, card, said, now=NOON)

    await database.run(write)
    left: list[tuple[timedelta, str]] = []
    passed = timedelta()
    while passed < 90 * SECOND:
        while rows := await post.claim():
            left += [(passed, row.kind) for row in rows]
            await post.accept(*rows)
        await post.pass_time(3 * SECOND)
        passed += 3 * SECOND
    assert most_within([at for at, _ in left], timedelta(minutes=1)) <= 20
    assert {kind for _, kind in left} == {"card", "say"}


async def test_a_private_chat_gets_a_few_at_once_and_then_one_a_second(database: Database) -> None:
    post = Post(database, Account("telegram", "main", None, Pace()))
    await post.address("anna")
    left = await in_a_while(post, "anna", 8 * SECOND, SECOND)
    assert most_within(left, SECOND) <= 1 + 5
    assert most_within(left, 5 * SECOND) <= 5 + 5
    assert len(left) >= 12


@pytest.mark.parametrize("per_minute", [0.5, 1.0, 3.0, 18.0, 20.0, 600.0])
def test_the_pace_of_groups_holds_for_any_figure(per_minute: float) -> None:
    pace = Pace.per_group(per_minute)
    at_once = 1 + int(pace.group_burst / pace.group + 1e-9)
    assert at_once + int(60 / pace.group + 1e-9) <= max(1, per_minute)


@pytest.mark.parametrize("chat", ["anna", "group 1"])
async def test_a_chat_that_was_refused_rests_and_then_goes_on_without_a_burst(database: Database, chat: str) -> None:
    account = Account("telegram", "main", None, Pace())
    post = Post(database, account)
    for number in range(4):
        await post.write(f"notice {number}", chat, Priority.NOTICE)
    (refused,) = await post.claim()
    await post.again(refused, wait=30 * SECOND, counts=False)
    rest = account.rest(30 * SECOND, is_group=refused.is_group)
    await put_off(database, refused.address_id, rest)
    await post.write("alarm", chat, Priority.ALARM)
    await post.pass_time(20 * SECOND)
    assert await post.keys() == []
    await post.pass_time(10 * SECOND)
    (alarm,) = await post.claim()
    assert alarm.key == "alarm"
    await post.accept(alarm)
    assert await post.keys() == []


async def put_off(db: Database, address_id: int, rest: timedelta) -> None:
    """Put a chat's time off, as is done after a refusal."""

    async def work(session: Session) -> None:
        address = await session.get_one(Address, address_id)
        address.next_at = (await session.execute(select(machine_now(rest)))).scalar_one()

    await db.run(work)


async def test_a_lease_is_machine_time(database: Database) -> None:
    post = Post(database)
    await write(post, Priority.REPLY, 1)
    await post.claim(lease=LEASE)
    post.now += timedelta(days=30)
    assert await post.reap() == 0
    await post.pass_time(LEASE + SECOND)
    assert await post.reap() == 1
    async with database.reading() as session:
        assert (await session.scalars(select(Outgoing.state))).one() == "pending"
