"""The stage: a clock that walks from event to event, the next due timer or the next act of a simulated person."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import Select, bindparam, select

from scripts.simulate.estate import ZONE, Estate
from scripts.simulate.words import Words
from services import due, loading, outbox, retention, timers
from services.actors import Actor
from services.catalog import Catalog
from services.db import Database, Session, wakes
from services.models import Ticket, Timer, table_of
from services.refusals import Refused
from services.settings import Policies, Policy
from services.tickets import engine, history
from services.tickets.history import Said
from services.tickets.rules import OVER, Action, Change, State

Act = Callable[[Session], Awaitable[object]]
Follow = Callable[["Stage", Session, Timer], Awaitable[None]]
Drain = Callable[["Stage"], Awaitable[None]]
Work = Callable[["Stage", Session, Ticket], Awaitable[None]]

HOUR = timedelta(hours=1)
RESTS = timedelta(minutes=15)  # what is to be said gathers for so long
MOST_AT_ONCE = 1000
UNPLANNED = -1
SWEEP_HOUR = 3
SWEEP_CHUNK = 500


@dataclass(slots=True)
class Stage:
    """The world of a run; only what is open is remembered here."""

    db: Database
    dice: random.Random
    estate: Estate
    words: Words
    catalog: Catalog
    policies: Policies
    now: datetime
    follow: Follow  # what people do when a timer has rung
    work: Work  # what whoever has a ticket does next
    drain: Drain
    counts: Counter[str] = field(default_factory=Counter)
    owners: dict[int, Actor] = field(init=False)  # by person
    open: dict[int, int] = field(default_factory=dict)  # ticket id → the newest plan of who works it
    _acts: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _next_timer: datetime | None = None
    _says_since: datetime | None = None  # something waits in the outbox since then
    _hour: datetime | None = None
    _rung: int = 0  # timers at this very moment

    def __post_init__(self) -> None:
        self.owners = {owner.person_id or 0: owner for owner in self.estate.owners}
        self.db.listen("outbox", self._heard)

    @property
    def policy(self) -> Policy:
        """The figures of the file: nobody changes any here."""
        return self.policies.defaults

    def _heard(self) -> None:
        self._says_since = self._says_since or self.now

    def quiet(self) -> None:
        """Remember that everything was said."""
        self._says_since = None

    # ------------------------------------------------------------------ plans

    def plan(self, at: datetime, act: Act) -> int:
        """Have something done at a time; return its number."""
        number = next(self._numbers)
        heapq.heappush(self._acts, (max(at, self.now).astimezone(UTC), number, act))
        return number

    def later(self, delay: timedelta, act: Act) -> int:
        """Have something done after a while."""
        return self.plan(self.now + delay, act)

    def plan_work(self, ticket_id: int, at: datetime) -> None:
        """Plan when a ticket is worked on next; this takes the place of the plan before."""
        plan = next(self._numbers)
        self.open[ticket_id] = plan
        self.plan(at, partial(self._work_on, ticket_id=ticket_id, plan=plan))

    def is_planned(self, ticket_id: int) -> bool:
        """Whether somebody means to go on with a ticket."""
        return self.open.get(ticket_id, UNPLANNED) != UNPLANNED

    async def _work_on(self, session: Session, *, ticket_id: int, plan: int) -> None:
        if self.open.get(ticket_id) == plan:
            self.open[ticket_id] = UNPLANNED
            await self.work(self, session, await self.ticket(session, ticket_id))

    def about(self, median_minutes: float, spread: float = 0.6) -> timedelta:
        """Return a while around so many minutes: often less, seldom much more."""
        return timedelta(minutes=self.dice.lognormvariate(math.log(median_minutes), spread))

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in this share of cases."""
        return self.dice.random() < share

    def at_hour(self, hour: float, *, days: int = 0) -> datetime:
        """Return an hour of the estate's day, so many days on."""
        local = self.now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        return (local + timedelta(days=days, hours=hour)).astimezone(UTC)

    # ------------------------------------------------------------------ what acts use

    def owner_of(self, ticket: Ticket) -> Actor | None:
        """Return for whom the ticket is."""
        return self.owners.get(ticket.requester_id or 0)

    async def ticket(self, session: Session, ticket_id: int) -> Ticket:
        """Return a ticket with its row locked."""
        found = await loading.objects(session, _locked(), {"ticket_id": ticket_id}, Ticket, fresh=True)
        ticket = found[0]
        if State(ticket.state) in OVER:
            self.open.pop(ticket_id, None)
        return ticket

    async def act(
        self,
        session: Session,
        actor: Actor,
        action: Action,
        ticket: Ticket,
        *,
        words: str = "",
        media: tuple[int, ...] = (),
        codes: Mapping[str, Any] | None = None,
        **more: Any,  # noqa: ANN401 - codes by name
    ) -> Change:
        """Do an action as somebody, now."""
        actor = replace(actor, event_id=f"sim:{next(self._numbers)}")
        said = Said(words, media)
        change = await engine.act(
            session,
            actor,
            action,
            ticket=ticket,
            now=self.now,
            policy=self.policy,
            said=said,
            codes={**(codes or {}), **more},
        )
        self.counts[action] += 1
        return change

    # ------------------------------------------------------------------ the clock

    async def run(self, until: datetime) -> None:
        """Let everything happen that happens before a moment."""
        while True:
            act_at = self._acts[0][0] if self._acts else until
            timer_at = self._next_timer or until
            at = min(act_at, timer_at)
            if at >= until:
                await self._up_to(until)
                return
            if await self._up_to(at):
                continue  # a tick may have brought something earlier
            if timer_at <= act_at:
                await self._ring()
            else:
                await self._play(heapq.heappop(self._acts)[2])

    async def _up_to(self, at: datetime) -> bool:
        """Turn the clock on; what is to be said and done by the hour comes first. Tell whether anything did."""
        if self._says_since is not None and at - self._says_since >= RESTS:
            self.now = max(self.now, self._says_since + RESTS)
            await self.drain(self)
            await self._look()
            return True
        if self._hour is None or at - self._hour >= HOUR:
            self._hour = self.now = max(self.now, (self._hour or at.replace(minute=0, second=0, microsecond=0)) + HOUR)
            await self._tick()
            return True
        self._rung = self._rung + 1 if at <= self.now else 0
        if self._rung > MOST_AT_ONCE:
            raise RuntimeError(f"timers ring again and again at {self.now}")
        self.now = max(self.now, at)
        return False

    async def _ring(self) -> None:
        """Work the earliest timer as the schedule does, and let people follow."""
        async with self.db.transaction() as session:
            timer = await due.take(session, now=self.now)
            if timer is not None:
                kind, before = timer.kind, timer.due_at
                await due.work(session, timer, now=self.now, policies=self.policies)
                await session.flush()
                if timer.due_at == before or timer.state != "waiting":
                    self.counts[f"timer {kind}"] += 1
                    await self.follow(self, session, timer)
            self._next_timer = await timers.next_at(session)

    async def _play(self, act: Act) -> None:
        """Let somebody do something; what the house refuses he leaves."""
        try:
            async with self.db.transaction() as session:
                await act(session)
                await session.flush()
                if wakes(session, "timers"):
                    self._next_timer = await timers.next_at(session)
        except Refused as refused:
            self.counts[f"refused {type(refused).__name__}"] += 1

    async def _look(self) -> None:
        async with self.db.reading() as session:
            self._next_timer = await timers.next_at(session)

    async def _tick(self) -> None:
        """Do what comes by the hour: seals, and in the small hours retention."""
        async with self.db.transaction() as session:
            await history.seal(session, now=self.now)
            await outbox.reap(session, desk_now=self.now)
            if await outbox.leaving(session, desk_now=self.now):  # what was to wait for its hour
                self._heard()
        if self.now.astimezone(ZONE).hour == SWEEP_HOUR:
            more = True
            while more:
                async with self.db.transaction() as session:
                    kept = self.policy.retention
                    more = (await retention.sweep(session, kept, now=self.now, limit=SWEEP_CHUNK)).more


@cache
def _locked() -> Select[Any]:
    ticket = table_of(Ticket)
    return select(ticket).where(ticket.c.id == bindparam("ticket_id")).with_for_update(key_share=True)
