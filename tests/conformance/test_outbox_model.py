"""The outbox against a model of it in a few lines of Python, and its one law: no key is accepted twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete

from services import outbox
from services.db import Database
from services.messages import Say, plain
from services.models import Address, Bucket, Outgoing
from services.outbox import MOST_ATTEMPTS, Claimed, Draft, Priority, Result, State, To
from tests.conformance.post import NOON, Post

HOUR = timedelta(hours=1)
NAMES = ("anna", "bert")
OWNERS = ("first", "second")


@dataclass(slots=True)
class Row:
    """A row as the model sees it."""

    id: int
    key: str
    to: str
    priority: Priority
    due: int  # hour of the desk
    expires: int
    state: State = State.PENDING
    backs_off: bool = False
    owner: str = ""
    attempts: int = 0


class Model:
    """What the outbox should do, one address at a time."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.hour = 0

    def claim(self, owner: str, slots: int) -> list[str]:
        """Take the heads: the first row of each address by priority and age, unless it backs off."""
        heads = [self._head(name) for name in NAMES]
        taken = sorted((row for row in heads if row and not row.backs_off), key=lambda row: (row.priority, row.id))
        for row in taken[:slots]:
            row.state, row.owner, row.attempts = State.SENDING, owner, row.attempts + 1
        return [row.key for row in taken[:slots]]

    def _head(self, name: str) -> Row | None:
        mine = [row for row in self.rows if row.to == name]
        if any(row.state is State.SENDING for row in mine):
            return None
        leaving = [row for row in mine if row.state is State.PENDING and row.due <= self.hour < row.expires]
        return min(leaving, key=lambda row: (row.priority, row.id), default=None)

    def crash(self) -> None:
        """All senders die; the late expires."""
        for row in self.rows:
            if row.state is State.SENDING:
                again = row.priority <= Priority.WORK and row.attempts < MOST_ATTEMPTS
                row.state = State.PENDING if again else State.UNKNOWN
            if row.state is State.PENDING and row.expires <= self.hour:
                row.state = State.EXPIRED


class Outbox(RuleBasedStateMachine):
    """Whatever happens to the table happens to the model."""

    def __init__(self, runner: asyncio.Runner, post: Post) -> None:
        super().__init__()
        self._runner, self._post = runner, post

    @initialize()
    def begin(self) -> None:
        """Start with nothing."""
        self._model = Model()
        self._held: list[tuple[str, Claimed]] = []
        self._post.now = NOON
        self._runner.run(wipe(self._post))

    @rule(
        number=st.integers(0, 20),
        to=st.sampled_from(NAMES),
        priority=st.sampled_from(Priority),
        due=st.sampled_from([0, 0, 1, 3]),
        lasts=st.sampled_from([1, 2, 99]),
    )
    def write(self, number: int, to: str, priority: Priority, due: int, lasts: int) -> None:
        """Say something, perhaps under a key that was used."""
        model, key = self._model, f"key:{number}"
        expires = due + lasts
        times = {"desk_due": NOON + due * HOUR, "expires_at": NOON + expires * HOUR}
        added = self._runner.run(self._post.write(key, to, priority, **times))
        assert (added is None) == any(row.key == key for row in model.rows)
        if added is not None:
            model.rows.append(Row(added, key, to, priority, due, expires))

    @rule(owner=st.sampled_from(OWNERS), slots=st.integers(1, 3))
    def claim(self, owner: str, slots: int) -> None:
        """A sender takes what it may."""
        rows = self._runner.run(self._post.claim(owner, slots=slots))
        assert [row.key for row in rows] == self._model.claim(owner, slots)
        self._held += [(owner, row) for row in rows]

    @rule(data=st.data(), state=st.sampled_from([State.ACCEPTED, State.ACCEPTED, State.FAILED, State.PENDING]))
    def settle(self, data: st.DataObject, state: State) -> None:
        """A result arrives, perhaps of a row that was taken away meanwhile."""
        if not self._held:
            return
        owner, claimed = self._held.pop(data.draw(st.integers(0, len(self._held) - 1)))
        ours = self._runner.run(self._post.settle(Result(id=claimed.id, state=state, wait=HOUR), owner=owner))
        row = next(row for row in self._model.rows if row.id == claimed.id)
        assert bool(ours) == (row.state is State.SENDING and row.owner == owner)
        if ours:
            row.state, row.backs_off = state, state is State.PENDING

    @rule()
    def crash(self) -> None:
        """Everybody dies, and what they held is decided."""
        self._runner.run(self._post.reap(all_leases=True))
        self._model.crash()

    @rule()
    def wait(self) -> None:
        """An hour passes, at the desk and for machines."""
        self._post.now += HOUR
        self._model.hour += 1
        self._runner.run(self._post.back_off_ends())
        for row in self._model.rows:
            row.backs_off = False

    @invariant()
    def states_are_the_same(self) -> None:
        """The table says what the model says."""
        states = self._runner.run(self._post.states())
        assert states == {row.key: row.state for row in self._model.rows}


async def wipe(post: Post) -> None:
    """Forget everything."""
    post.addresses.clear()
    async with post.db.transaction() as session:
        for table in (Outgoing, Bucket, Address):
            await session.execute(delete(table))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """Return a loop of the test's own: Hypothesis calls plain functions."""
    with asyncio.Runner() as opened:
        yield opened


def test_the_outbox_does_what_its_model_does(sqlite_url: str, runner: asyncio.Runner) -> None:
    post = Post(Database(sqlite_url))
    few = settings(max_examples=10, stateful_step_count=25)
    run_state_machine_as_test(lambda: Outbox(runner, post), settings=few)  # type: ignore[arg-type]
    runner.run(post.db.dispose())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write and crash", "send", "send", "crash in flight", "crash at settling"]),
        st.integers(0, 5),
        st.sampled_from([Priority.ALARM, Priority.REPLY, Priority.WORK, Priority.NOTICE]),
    ),
    max_size=25,
)


class Provider:
    """Accepts whatever it is sent, and remembers; a crash while something is on its way is remembered too."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self.committed: dict[str, Priority] = {}
        self.accepted: list[str] = []
        self.in_flight_at_a_crash: list[str] = []

    async def step(self, what: str, number: int, priority: Priority) -> None:
        """Do one thing; crashes end the process, and the next one starts anew."""
        if what.startswith("write"):
            await self._write(f"key:{number}", NAMES[number % 2], priority, commits=what == "write")
        else:
            await self._send(what)

    async def _write(self, key: str, to: str, priority: Priority, *, commits: bool) -> None:
        draft = Draft(key=key, to=To(await self._post.address(to), "", None), priority=priority, say=Say(plain(key)))
        with suppress(Killed):
            async with self._post.db.transaction() as session:
                await outbox.enqueue(session, draft, now=NOON)
                if not commits:
                    raise Killed
                self.committed.setdefault(key, priority)

    async def _send(self, what: str) -> None:
        rows = await self._post.claim("process")
        if what == "crash in flight":
            await self._crash(rows)
            return
        self.accepted += [row.key for row in rows]
        if what == "crash at settling":
            await self._crash(rows)
            return
        await self._post.accept(*rows, owner="process")

    async def _crash(self, rows: list[Claimed]) -> None:
        self.in_flight_at_a_crash += [row.key for row in rows]
        await self._post.reap(all_leases=True)

    async def finish(self) -> None:
        """Send what is left, without a crash."""
        while rows := await self._post.claim("process"):
            self.accepted += [row.key for row in rows]
            await self._post.accept(*rows, owner="process")


class Killed(Exception):
    """The process died in the middle of a transaction."""


@pytest.fixture
def post(database_url: str, runner: asyncio.Runner) -> Iterator[Post]:
    """Return an outbox, used again for every example."""
    opened = Post(Database(database_url, connections=1))
    yield opened
    runner.run(opened.db.dispose())


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_key_is_accepted_twice_but_what_was_in_flight(
    post: Post, runner: asyncio.Runner, steps: list[tuple[str, int, Priority]]
) -> None:
    async def run() -> Provider:
        await wipe(post)
        provider = Provider(post)
        for step in steps:
            await provider.step(*step)
        await provider.finish()
        return provider

    went = runner.run(run())
    for key, priority in went.committed.items():
        crashes, accepted = went.in_flight_at_a_crash.count(key), went.accepted.count(key)
        is_repeated = priority <= Priority.WORK
        assert accepted <= (1 + crashes if is_repeated else 1)
        assert accepted >= (1 if is_repeated or not crashes else 0)
    assert set(went.accepted) <= set(went.committed)
