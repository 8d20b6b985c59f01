"""The outbox keeps its promises on both databases: keys once, order per address, one in flight, results once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from services import direct, outbox, outheads
from services.db import Database, Session
from services.models import Outgoing
from services.outbox import MOST_ATTEMPTS, Account, Priority, Result, State
from tests.conformance.post import ACCOUNT, GONE, NOON, Post, keys_of

HOUR = timedelta(hours=1)
ASKED = (
    *("most_urgent", "least_urgent", "most", "claimer", "lease", "desk_now"),
    *("on_channel", "by_account", "group_burst", "chat_burst"),
)


@pytest.fixture
def post(database: Database) -> Post:
    """Return an outbox with no rows."""
    return Post(database)


async def test_a_key_is_said_once(post: Post) -> None:
    assert await post.write("reply:1", "anna") is not None
    assert await post.write("reply:1", "anna") is None
    assert await post.send_all() == ["reply:1"]
    assert await post.write("reply:1", "bert") is None
    assert await post.send_all() == []


async def test_a_key_that_many_write_at_once_is_said_once(replicas: Sequence[Database]) -> None:
    posts = [Post(db) for db in replicas]
    await posts[0].address("anna")
    for post in posts:
        post.addresses = posts[0].addresses
    added = await asyncio.gather(*(post.write("reply:1", "anna") for post in posts for _ in range(3)))
    assert len([row_id for row_id in added if row_id is not None]) == 1


async def test_an_address_is_written_to_in_order_one_at_a_time(post: Post) -> None:
    for key in ("a1", "a2", "a3"):
        await post.write(key, "anna")
    await post.write("b1", "bert")
    (a1, b1) = await post.claim()
    assert keys_of([a1, b1]) == ["a1", "b1"]
    assert (a1.external, a1.attempts, a1.parts_sent, a1.is_group) == ("anna", 1, 0, False)
    assert await post.keys("second") == []
    await post.accept(a1)
    assert await post.keys("second") == ["a2"]


async def test_a_claim_takes_no_more_than_there_are_slots(post: Post) -> None:
    for name in ("anna", "bert", "cleo"):
        await post.write(name, name)
    assert await post.claim(slots=0) == []
    assert await post.keys(slots=2) == ["anna", "bert"]
    assert await post.keys(slots=2) == ["cleo"]


async def test_what_is_urgent_goes_first(post: Post) -> None:
    for priority in reversed(Priority):
        await post.write(priority.name, f"to {priority.name}", priority)
        await post.write(f"{priority.name} to anna", "anna", priority)
    everywhere = [priority.name for priority in Priority]
    assert await post.keys(slots=6) == ["ALARM", "ALARM to anna", "REPLY", "WORK", "NOTICE", "SURVEY"]
    sent = [key for key in (await post.states()) if key.endswith("anna")]
    assert len(sent) == len(everywhere)


async def test_at_one_address_an_alarm_overtakes(post: Post) -> None:
    await post.write("notice", "anna", Priority.NOTICE)
    await post.write("reply", "anna", Priority.REPLY)
    await post.write("alarm", "anna", Priority.ALARM)
    assert await post.send_all() == ["alarm", "reply", "notice"]


async def test_a_row_that_backs_off_holds_back_its_own_priority_and_lower_ones(post: Post) -> None:
    await post.write("work 1", "anna", Priority.WORK)
    await post.again((await post.claim())[0])
    await post.write("work 2", "anna", Priority.WORK)
    await post.write("survey", "anna", Priority.SURVEY)
    assert await post.keys() == []
    await post.write("reply", "anna", Priority.REPLY)
    await post.write("alarm", "anna", Priority.ALARM)
    assert await post.send_all() == ["alarm", "reply"]
    await post.back_off_ends()
    assert await post.send_all() == ["work 1", "work 2", "survey"]


async def test_a_row_for_later_lets_others_pass(post: Post) -> None:
    await post.write("evening", "anna", desk_due=NOON + HOUR)
    await post.write("now", "anna")
    assert await post.send_all() == ["now"]
    post.now = NOON + HOUR
    assert await post.send_all() == ["evening"]


async def test_a_row_past_its_time_is_not_said_and_is_expired(post: Post) -> None:
    await post.write("water off today", "anna", expires_at=NOON + HOUR)
    await post.write("reply", "anna")
    post.now = NOON + HOUR
    assert await post.send_all() == ["reply"]
    await post.reap()
    assert (await post.states())["water off today"] == State.EXPIRED


async def test_a_row_waits_for_the_one_it_comes_after(post: Post) -> None:
    first = await post.write("topic", "group 1")
    await post.write("in the topic", "group 2", after_id=first)
    (topic,) = await post.claim()
    assert await post.keys() == []
    await post.accept(topic)
    assert await post.keys() == ["in the topic"]


async def test_an_account_claims_only_its_own(post: Post) -> None:
    await post.write("by telegram", "anna")
    other = Post(post.db, Account("telegram", "other"))
    await other.write("by the other bot", "anna")
    assert await other.keys() == ["by the other bot"]
    assert await post.keys() == ["by telegram"]


async def test_results_are_written_down(post: Post) -> None:
    for name in ("anna", "bert", "cleo", "dora"):
        await post.write(name, name)
    anna, bert, cleo, dora = await post.claim()
    ours = await post.settle(
        Result(id=anna.id, state=State.ACCEPTED, provider_id="77", parts=2),
        Result(id=bert.id, state=State.FAILED, code="no such chat " * 40),
        Result(id=cleo.id, state=State.PENDING, parts=1, code="500", wait=HOUR),
        Result(id=dora.id, state=State.SKIPPED, code="not wanted any more"),
    )
    assert ours == {anna.id, bert.id, cleo.id, dora.id}
    accepted = await post.row("anna")
    assert (accepted.state, accepted.provider_id, accepted.parts_sent) == ("accepted", "77", 2)
    assert accepted.settled_at is not None
    assert (await post.row("bert")).code.startswith("no such chat")
    waiting = await post.row("cleo")
    assert (waiting.state, waiting.parts_sent, waiting.attempts, waiting.settled_at) == ("pending", 1, 1, None)
    await post.back_off_ends()
    (again,) = await post.claim()
    assert (again.key, again.attempts, again.parts_sent) == ("cleo", 2, 1)


async def test_waiting_because_the_provider_says_so_costs_no_attempt(post: Post) -> None:
    await post.write("reply", "anna")
    for _ in range(3):
        (row,) = await post.claim()
        assert row.attempts == 1
        await post.again(row, counts=False)
        assert await post.keys() == []
        await post.pass_time(HOUR)


async def test_a_former_sender_can_settle_nothing(post: Post) -> None:
    await post.write("reply", "anna")
    (former,) = await post.claim("former", lease=GONE)
    await post.reap()
    (taken,) = await post.claim("heir")
    assert await post.settle(Result(id=former.id, state=State.FAILED), owner="former") == frozenset()
    assert (await post.states())["reply"] == State.SENDING
    await post.accept(taken, owner="heir")
    assert await post.settle(Result(id=taken.id, state=State.FAILED), owner="heir") == frozenset()
    assert (await post.states())["reply"] == State.ACCEPTED


async def test_after_a_crash_replies_are_repeated_and_notices_are_unknown(post: Post) -> None:
    for priority in Priority:
        await post.write(priority.name, priority.name, priority)
    await post.claim("living", slots=0)
    await post.claim("dying", lease=GONE)
    assert await post.reap() == len(Priority)
    states = await post.states()
    assert states == dict.fromkeys(("ALARM", "REPLY", "WORK"), "pending") | dict.fromkeys(
        ("NOTICE", "SURVEY"), "unknown"
    )
    assert (await post.row("REPLY")).possibly_twice
    assert not (await post.row("NOTICE")).possibly_twice
    assert await post.send_all() == ["ALARM", "REPLY", "WORK"]


async def test_leases_of_the_living_stand_until_the_only_process_starts_anew(post: Post) -> None:
    await post.write("reply", "anna")
    await post.claim()
    assert await post.reap() == 0
    assert await post.reap(all_leases=True) == 1
    assert await post.keys() == ["reply"]


async def test_a_row_that_is_in_flight_at_every_crash_is_not_sent_for_ever(post: Post) -> None:
    await post.write("poison", "anna")
    for _ in range(MOST_ATTEMPTS):
        assert await post.keys("dying", lease=GONE) == ["poison"]
        await post.reap()
    assert (await post.states())["poison"] == State.UNKNOWN
    assert await post.keys() == []


async def test_what_has_not_left_can_be_called_back_by_the_beginning_of_its_key(post: Post) -> None:
    for key, name in (("survey:1:ask", "anna"), ("survey:1:remind", "bert"), ("survey:12:ask", "cleo")):
        await post.write(key, name)
    (left,) = await post.claim(slots=1)
    assert await post.db.run(lambda session: outbox.cancel(session, key_prefix="survey:1:")) == 1
    await post.accept(left)
    assert await post.states() == {
        "survey:1:ask": "accepted",
        "survey:1:remind": "cancelled",
        "survey:12:ask": "pending",
    }


async def test_what_ended_unshown_can_be_revived_and_what_was_shown_can_not(post: Post) -> None:
    await post.write("card:1:1", "anna")
    await post.write("card:2:1", "bert")
    first, second = await post.claim()
    await post.settle(Result(id=first.id, state=State.FAILED), Result(id=second.id, state=State.ACCEPTED))
    await post.db.run(lambda session: outbox.revive(session, keys=["card:1:1", "card:2:1"]))
    (again,) = await post.claim()
    assert (again.key, again.attempts) == ("card:1:1", 1)


async def test_something_is_leaving_while_it_may_leave_or_flies(post: Post) -> None:
    async def leaving() -> bool:
        return await post.db.run(lambda session: outbox.leaving(session, desk_now=post.now))

    assert not await leaving()
    await post.write("later", "anna", desk_due=NOON + HOUR)
    assert not await leaving()
    await post.write("now", "anna")
    assert await leaving()
    rows = await post.claim()
    assert await leaving()
    await post.accept(*rows)
    assert not await leaving()


async def test_many_claimers_send_every_row_once_and_each_address_in_order(replicas: Sequence[Database]) -> None:
    """No claim fails, though the unique index allows one row in flight per address."""
    posts = [Post(db, ACCOUNT) for db in replicas]
    names = [f"owner {number}" for number in range(6)]
    for name in names:
        for number in range(6):
            await posts[0].write(f"{name}:{number}", name)
    sent: list[str] = []

    async def send(post: Post, owner: str) -> None:
        while len(sent) < 36:
            rows = await post.claim(owner, slots=3)
            await asyncio.sleep(0.001)
            sent.extend(keys_of(rows))
            await post.accept(*rows, owner=owner)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(send(post, f"{n}.{h}") for n, post in enumerate(posts) for h in range(2)))
    assert len(sent) == len(set(sent)) == 36
    for name in names:
        assert [key for key in sent if key.startswith(name)] == [f"{name}:{number}" for number in range(6)]


async def test_alarms_that_come_while_others_claim_break_no_claim(replicas: Sequence[Database]) -> None:
    """What is the head of an address changes between one claim's look and another's: still one row is in flight."""
    posts = [Post(db, ACCOUNT) for db in replicas]
    await posts[0].address("anna")
    for post in posts:
        post.addresses = posts[0].addresses
    rounds, sent = 5, list[str]()

    async def write(post: Post, name: str) -> None:
        for number in range(rounds):
            await post.write(f"{name}:{number}", "anna", Priority(number % len(Priority)))

    async def send(post: Post, owner: str) -> None:
        while len(sent) < 2 * rounds:
            rows = await post.claim(owner)
            assert len(rows) <= 1
            sent.extend(keys_of(rows))
            await post.accept(*rows, owner=owner)
            await asyncio.sleep(0 if rows else 0.003)

    await asyncio.gather(
        *(write(post, str(number)) for number, post in enumerate(posts[:2])),
        *(send(post, str(number)) for number, post in enumerate(posts)),
    )
    assert len(sent) == len(set(sent)) == 2 * rounds


async def test_two_claims_that_look_at_the_same_time_take_one_head(replicas: Sequence[Database]) -> None:
    """One claim is held open after it took the reply; the other one, which sees an alarm, waits for it."""
    one, other = Post(replicas[0]), Post(replicas[-1])
    assert await one.claim() == []
    await one.write("reply", "anna", Priority.REPLY)
    has_claimed, may_end = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> list[str]:
        rows = await outbox.claim(session, ACCOUNT, owner="slow", lease=HOUR, slots=9, desk_now=NOON)
        has_claimed.set()
        await may_end.wait()
        return keys_of(rows)

    claiming = asyncio.create_task(one.db.run(slow))
    await has_claimed.wait()
    other.addresses = one.addresses
    writing = asyncio.create_task(other.write("alarm", "anna", Priority.ALARM))
    if not one.db.is_sqlite:
        await writing
    second = asyncio.create_task(other.claim("second"))
    await asyncio.sleep(0.05)
    may_end.set()
    assert await claiming == ["reply"]
    await writing
    assert await second == []
    async with one.db.reading() as session:
        assert await session.scalar(select(func.count()).where(Outgoing.state == State.SENDING)) == 1


async def test_a_claim_finds_each_address_by_its_id_even_before_there_are_statistics(post: Post) -> None:
    """Going through all of an account's addresses for each row that waits once took a tenth of a second."""
    await post.write("reply:1", "anna")
    given = (0, 2, 30, "first", 5.0, NOON, ACCOUNT.channel, ACCOUNT.account, 1.0, 1.0)
    asked = dict(zip(ASKED, given, strict=True))
    async with post.db.transaction() as session:
        plan = direct.planned(session, outheads.taking(), asked)
        assert plan is not None
        how = "EXPLAIN QUERY PLAN"
        if not post.db.is_sqlite:
            await session.execute(text("SET LOCAL enable_seqscan = off"))  # there is but one address
            how = "EXPLAIN"
        rows = await session.driver.fetch(f"{how} {plan.sql}", plan.values(asked))
    told = [str(row[-1]) for row in rows]
    looks = [line for line in told if re.search(r"\baddress(_\d)?\b", line) and re.search("SEARCH|SCAN|Scan", line)]
    assert looks, told
    assert [line for line in looks if not re.search("pk_address|INTEGER PRIMARY KEY", line)] == [], told
