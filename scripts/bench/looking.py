"""What is asked of a database full of tickets, by whom, and how long it takes: handlers and services, no channel."""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot import app, settings
from handlers import mine, work
from handlers.turn import Turn, World
from scripts.bench import archive, bulk, plans
from scripts.bench.archive import CREW, FIRST_MESSAGE, SPREAD, STAFF, STRANGERS, Size
from scripts.bench.people import ACCOUNT, read_words
from scripts.bench.plans import Plan
from services import conversations, migrate, people
from services.actors import Actor
from services.db import Database, Session
from services.messages import Channel, Inbound
from services.models import Card, Community, Ticket
from services.tickets import dispatch, escalation, faces, finding, merging, passing
from services.tickets.rules import IN_HAND

MOST_P99_MS = 30.0
WARM, TO_EXPLAIN = 20, 5
DESK = 7
LATER = timedelta(hours=3)  # some clocks have run out by then

Does = Callable[[Turn, "Target"], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Target:
    """Who asks, and about which ticket."""

    actor: Actor
    ticket_id: int = 0
    number: str = ""
    card_id: int = 0
    answers: tuple[str, str] = ("", "")  # the group, and the message there that is its card


@dataclass(frozen=True, slots=True)
class Figure:
    """How long an operation took, in milliseconds, and how long this process worked for it on average."""

    operation: str
    times: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_ms: float
    asked_ms: float = MOST_P99_MS

    @property
    def is_kept(self) -> bool:
        """Whether the limit was held."""
        return self.p99_ms < self.asked_ms


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that is asked; `whose` names the kind of targets."""

    name: str
    does: Does
    whose: str
    writes: bool = False


@dataclass(slots=True)
class Looking:
    """A database full of tickets, and who looks at them."""

    db: Database
    world: World
    size: Size
    now: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - the same people always
    targets: dict[str, Sequence[Target]] = field(default_factory=dict)

    async def choose(self, times: int) -> None:
        """Choose who asks, so many of each kind, before anything is measured."""
        async with self.db.reading() as session:
            open_ones = await _open_tickets(session)
            times = times + WARM + TO_EXPLAIN
            some = self.chance.sample(open_ones, min(times, len(open_ones)))  # who urged a moment ago is refused
            self.targets = {
                "staff": [await self._target(session, self._employee()) for _ in range(times)],
                "owner": [await self._target(session, self._owner()) for _ in range(times)],
                "open": [await self._target(session, row.requester_address_id, row) for row in some],
                "desk": [await self._target(session, self._desk_of(row.community_id), row) for row in some],
            }

    async def _target(self, session: Session, address_id: int, row: Any = None) -> Target:  # noqa: ANN401 - a row
        actor = await people.actor_at(session, address_id=address_id, now=self.now)
        if row is None:
            return Target(actor)
        cards = select(Card.id).where(Card.subject == "ticket", Card.subject_id == row.id).order_by(Card.id.desc())
        group = self.size.group * self.size.estates + row.community_id - self.size.estates
        answers = f"-7{group}", str(FIRST_MESSAGE + row.id // self.size.estates)
        return Target(actor, row.id, row.number, await session.scalar(cards.limit(1)) or 0, answers)

    def _employee(self) -> int:
        return self._of_an_estate(self.chance.randint(1, STAFF))

    def _owner(self) -> int:
        """Choose an owner; now and then one of the desk, who reported thousands, or a stranger."""
        luck = self.chance.random()
        if luck < 0.05:  # noqa: PLR2004
            return self._of_an_estate(DESK)
        if luck < 0.1:  # noqa: PLR2004
            return self._of_an_estate(STAFF + self.size.homes + self.chance.randint(1, STRANGERS))
        return self._of_an_estate(STAFF + 1 + int(self.size.homes * self.chance.random() ** SPREAD))

    def _of_an_estate(self, address: int) -> int:
        return address * self.size.estates + self.chance.randrange(self.size.estates)

    def _desk_of(self, community_id: int) -> int:
        lead = 1 + sum(count for _, _, count in CREW[:2])  # a supervisor, who sees everything
        return lead * self.size.estates + community_id - self.size.estates

    async def measure(self, operation: Operation) -> Figure:
        """Run an operation for each of its targets, each in a transaction of its own, commit included."""
        gc.collect()
        gc.freeze()  # as the service does once it is up
        taken, cpu = [], 0.0
        targets = self.targets[operation.whose][:-TO_EXPLAIN]
        for target in targets:
            begun, worked = time.perf_counter(), time.process_time()
            async with self.db.transaction() if operation.writes else self.db.reading() as session:
                await operation.does(self._turn(session, target), target)
            taken.append((time.perf_counter() - begun) * 1000)
            cpu += (time.process_time() - worked) * 1000
        counted = taken[min(WARM, len(taken) // 10) :]
        cuts = statistics.quantiles(counted, n=100, method="inclusive")
        return Figure(operation.name, len(counted), cuts[49], cuts[98], max(counted), cpu / len(taken))

    async def plans_of(self, operation: Operation) -> Sequence[Plan]:
        """Run an operation for a few targets and return how its statements are done."""
        async with self.db.transaction() as session:
            return await self.plans_in(session, operation)

    async def plans_in(self, session: Session, operation: Operation) -> Sequence[Plan]:
        """Do the same in a transaction that is open."""
        with plans.heard(session) as statements:
            for target in self.targets[operation.whose][-TO_EXPLAIN:]:
                await operation.does(self._turn(session, target), target)
        return await plans.explained(session, statements)

    def _turn(self, session: Session, target: Target) -> Turn:
        inbound = Inbound(Channel.TELEGRAM, ACCOUNT, "bench", "7", "7")
        return Turn(session, target.actor, inbound, self.now, self.world.policies.defaults, self.world)


async def fill(url: str, tickets: int) -> tuple[Size, World, datetime]:
    """Bring an empty database up to date and fill it with so many tickets, or a few less."""
    await asyncio.to_thread(migrate.ensure_current, url)
    await _is_empty(url)
    size, now, world = archive.size_of(tickets), datetime.now(UTC), app.world_of(settings.load(None, {}))
    rows = archive.estate(size, now=now, categories=sorted(world.catalog.categories), words=read_words())
    await bulk.fill(url, rows, estates=size.estates)
    return size, world, now


async def _is_empty(url: str) -> None:
    db = Database(url)
    try:
        async with db.reading() as session:
            if await session.scalar(select(func.count()).select_from(Community)):
                raise SystemExit("the benchmark wants an empty database: it fills it with estates of its own")
    finally:
        await db.dispose()


async def _open_tickets(session: Session) -> Sequence[Any]:
    asked = Ticket.id, Ticket.number, Ticket.community_id, Ticket.requester_address_id
    return (await session.execute(select(*asked).where(Ticket.state.in_(sorted(IN_HAND))))).all()


async def _jobs(turn: Turn, target: Target) -> object:  # noqa: ARG001
    return await work.jobs(turn)


async def _mine(turn: Turn, target: Target) -> object:  # noqa: ARG001
    return await mine.show(turn)


async def _newest(turn: Turn, target: Target) -> object:  # noqa: ARG001
    return await finding.newest_open(turn.session, turn.actor)


async def _view(turn: Turn, target: Target) -> object:
    return await mine.view(turn, target.ticket_id)


async def _by_number(turn: Turn, target: Target) -> object:
    return await work.open_ticket(turn, target.number)


async def _face(turn: Turn, target: Target) -> object:
    face = await faces.find(turn.session, card_id=target.card_id)
    return face and faces.render(face, catalog=turn.world.catalog, locale=turn.actor.locale)


async def _answered(turn: Turn, target: Target) -> object:
    group, message = target.answers
    found = await conversations.card_answered(
        turn.session, channel=Channel.TELEGRAM, account=ACCOUNT, external=group, message_id=message
    )
    if found != target.ticket_id:
        raise LookupError(target)
    return found


async def _urge(turn: Turn, target: Target) -> object:
    return await mine.urge(turn, target.ticket_id)


async def _alike(turn: Turn, target: Target) -> object:
    ticket = await finding.find(turn.session, turn.actor, ticket_id=target.ticket_id)
    return await merging.alike(turn.session, ticket)


async def _candidates(turn: Turn, target: Target) -> object:  # noqa: ARG001
    house = turn.house.id
    return await dispatch.candidates(turn.session, community_id=house, team="engineering", now=turn.now)


async def _look(turn: Turn, target: Target) -> None:
    later = turn.now + LATER
    await escalation.look(turn.session, ticket_id=target.ticket_id, now=later, policy=turn.policy)


async def _stranded(turn: Turn, target: Target) -> object:  # noqa: ARG001
    return await passing.stranded(turn.session)


OPERATIONS: Sequence[Operation] = (
    Operation("/jobs", _jobs, "staff"),
    Operation("/my", _mine, "owner"),
    Operation("an owner's open tickets", _newest, "owner"),
    Operation("ticket, for its owner", _view, "open"),
    Operation("ticket, for a supervisor", _view, "desk"),
    Operation("ticket by its number", _by_number, "desk"),
    Operation("card in a chat", _face, "desk"),
    Operation("card that somebody answers", _answered, "desk"),
    Operation("urge", _urge, "open", writes=True),
    Operation("dedupe candidates", _alike, "desk"),
    Operation("dispatch candidates", _candidates, "staff"),
    Operation("clocks of a ticket", _look, "desk", writes=True),
    Operation("who holds work and can't be reached", _stranded, "staff"),
)


def broken(figures: Sequence[Figure], found: Mapping[str, Sequence[Plan]]) -> Sequence[str]:
    """Say which limits were not held, and which statements go through a whole table."""
    slow = [
        f"{figure.operation}: p99 {figure.p99_ms:.1f} ms, at most {figure.asked_ms:.0f} ms"
        for figure in figures
        if not figure.is_kept
    ]
    scans = {
        f"{name}: goes through all of {table}: {plan.sql}"
        for name, several in found.items()
        for plan in several
        for table in plan.scans
    }
    return [*slow, *sorted(scans)]
