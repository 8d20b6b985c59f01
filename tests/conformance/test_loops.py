"""The loops at the edge outlive bad events, bad letters and bad results; what kills workers is worked alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.channels.port import Letter, Outcome, Sent
from handlers.turn import World
from services import inbox, outbox
from services.db import Session
from services.messages import Channel, Inbound, Say, plain
from services.models import Address, Event, Outgoing
from services.outbox import Draft, Priority, To
from tests.conformance import crowd
from tests.conformance.crowd import NOW, Member, Replica
from tests.support.line import ACCOUNT, FakePort, Screens


class Port(FakePort):
    """A channel that breaks over certain events, and answers certain letters as told."""

    def __init__(self) -> None:
        super().__init__(Channel.TELEGRAM, ACCOUNT, Screens())
        self.answers: dict[str, Sent] = {}
        self.sent: list[str] = []

    def read(self, payload: str) -> Inbound:
        """Read an event, or break."""
        inbound = super().read(payload)
        if inbound.text == "poison":
            raise RuntimeError("no reader for this")
        return inbound

    async def send(self, letter: Letter) -> Sent:
        """Take a letter, or answer as told."""
        self.sent.append(letter.key)
        return self.answers.pop(letter.key, None) or await super().send(letter)


@pytest.fixture
async def replica(estate_url: str, world: World) -> AsyncIterator[Replica]:
    """Return one replica of the house."""
    opened = Replica(estate_url, world, Port(), "only")
    yield opened
    await opened.db.dispose()


def port_of(replica: Replica) -> Port:
    """Return the replica's channel."""
    assert isinstance(replica.port, Port)
    return replica.port


async def owners_of(replica: Replica, count: int) -> list[Member]:
    """Add owners who write in."""
    return await replica.db.run(lambda session: crowd.add_owners(session, count))


async def states(replica: Replica) -> dict[str, str]:
    """Return the state of every event."""
    async with replica.db.reading() as session:
        return {row.event_id: row.state for row in await session.scalars(select(Event))}


async def letter(replica: Replica, key: str, to: Member, **given: object) -> int:
    """Write a row to somebody; return its id."""

    async def write(session: Session) -> int:
        address = (await session.scalars(select(Address).where(Address.external == to.external))).one()
        where = To(address.id, "zh_Hans", address.community_id)
        draft = Draft(key=key, to=where, priority=Priority.REPLY, say=Say(plain(key)))
        (added,) = await outbox.enqueue(session, draft, now=NOW)
        if given:
            await session.execute(update(Outgoing).where(Outgoing.id == added).values(**given))
        return added

    return await replica.db.run(write)


async def row(replica: Replica, key: str) -> Outgoing:
    """Return a row of the outbox."""
    async with replica.db.reading() as session:
        return (await session.scalars(select(Outgoing).where(Outgoing.key == key))).one()


async def test_an_event_that_nobody_can_read_is_set_aside_and_stops_nobody(replica: Replica) -> None:
    one, other = await owners_of(replica, 2)
    port = port_of(replica)
    await replica.hear(
        crowd.event(port, one, "bad", text="poison"),
        crowd.event(port, one, "after", text="你好"),
        crowd.event(port, other, "beside", text="你好"),
    )
    for _ in range(inbox.MOST_TRIES):
        await replica.work.drain()
        await replica.db.run(lambda session: session.execute(update(Event).values(due_at=None)))
    await replica.work.drain()
    assert await states(replica) == {"bad": "dead", "after": "done", "beside": "done"}


async def test_what_crashed_workers_is_worked_with_nothing_beside_it(postgresql_estate_url: str, world: World) -> None:
    replica = Replica(postgresql_estate_url, world, Port(), "only")
    suspect, other = await owners_of(replica, 2)
    port, may_end, stop = port_of(replica), asyncio.Event(), asyncio.Event()
    await replica.hear(crowd.event(port, suspect, "suspect", text="你好"))
    crashed = {"starts": inbox.CRASHES_BEFORE_ALONE}
    await replica.db.run(lambda session: session.execute(update(Event).values(**crashed)))
    is_busy = asyncio.Event()

    async def keep_busy(session: Session) -> None:
        await crowd.actor_of(session, suspect)  # his person is locked: the turn has to wait
        is_busy.set()
        await may_end.wait()

    keeping = asyncio.create_task(replica.db.run(keep_busy))
    await is_busy.wait()
    working = asyncio.create_task(replica.work.run(stop))
    await until(replica, {"suspect": "claimed"})
    await replica.hear(crowd.event(port, other, "beside", text="你好"))
    await asyncio.sleep(0.1)
    assert await states(replica) == {"suspect": "claimed", "beside": "new"}
    may_end.set()
    await until(replica, {"suspect": "done", "beside": "done"})
    stop.set()
    await asyncio.gather(keeping, working)
    await replica.db.dispose()


async def until(replica: Replica, wanted: dict[str, str]) -> None:
    """Wait until the events are in these states."""
    for _ in range(500):
        if await states(replica) == wanted:
            return
        await asyncio.sleep(0.02)
    assert await states(replica) == wanted


async def test_a_letter_that_cannot_be_put_together_fails_alone(replica: Replica) -> None:
    one, other = await owners_of(replica, 2)
    await letter(replica, "broken", one, payload={"no": "text"})
    await letter(replica, "after it", one)
    await letter(replica, "beside it", other)
    await replica.delivery.drain()
    broken = await row(replica, "broken")
    assert (broken.state, broken.code) == ("failed", "KeyError: 'text'")
    assert sorted(port_of(replica).sent) == ["after it", "beside it"]


async def test_a_result_whose_consequences_fail_is_still_written_down(replica: Replica) -> None:
    """Else the letter would be sent again whenever its lease ends, and with it all that arrived together with it."""
    one, other = await owners_of(replica, 2)
    await letter(replica, "bad news", one)
    await letter(replica, "beside it", other)
    no_id: Any = None
    port_of(replica).answers["bad news"] = Sent(Outcome.ACCEPTED, provider_id="7", parts=1, files=((1, no_id),))
    await replica.delivery.drain()
    assert [(await row(replica, key)).state for key in ("bad news", "beside it")] == ["accepted", "accepted"]
    assert (await row(replica, "bad news")).provider_id == "7"
    assert sorted(port_of(replica).sent) == ["bad news", "beside it"]


async def test_a_group_that_moved_to_an_id_we_know_harms_nobody(replica: Replica) -> None:
    one, other = await owners_of(replica, 2)
    await letter(replica, "moved", one)
    port_of(replica).answers["moved"] = Sent(Outcome.NEEDS_FIX, code="migrated", new_address=other.external)
    await replica.delivery.drain()
    assert (await row(replica, "moved")).state == "accepted"
    async with replica.db.reading() as session:
        known = (await session.scalars(select(Address.external).where(Address.external.startswith("owner-")))).all()
    assert sorted(known) == [one.external, other.external]


async def test_parts_that_arrived_are_not_forgotten_when_sending_breaks(replica: Replica) -> None:
    (one,) = await owners_of(replica, 1)
    await letter(replica, "long", one, parts_sent=2)
    port_of(replica).answers["long"] = Sent(Outcome.PERMANENT, parts=3, code="chat not found")
    await replica.delivery.drain()
    assert (await row(replica, "long")).parts_sent == 3
