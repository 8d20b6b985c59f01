"""An estate's money in steps: homes and owners in, bills written, all reminded, most paid, the books looked at."""

from __future__ import annotations

import resource
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, insert, select

from services import actors, communities, due
from services.access import Deed
from services.actors import Proof, Tie
from services.communities import First
from services.db import Database, Session
from services.dunning import rounds
from services.messages import Channel
from services.models import Address, Building, DunningAttempt, Number, Occupancy, Person, Tariff, Unit
from services.money import billing, bulk, ledger, reconcile, standing, tariffs
from services.money.bulk import Entry
from services.money.cents import RATE
from services.money.ledger import Money
from services.money.reckoning import Way
from services.money.tariffs import Cost
from services.settings import Policies, Policy

NOW = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)
MONTH = date(2027, 1, 1)
ACCOUNT = "main"
BUILDINGS, ENTRANCES, DOORS = 50, 2, 4
CHUNK = 2_000
BOOKED_TOGETHER = 40  # payments in a transaction, as a file brings them
SHARE_ALONE = 20  # one payment in so many comes alone
REMINDED = datetime(2027, 1, 25, 3, 0, tzinfo=UTC)  # a week before the bills are due, at eleven
EVERY = 5  # one household in so many does not pay
SHARED = 123_456_789  # cents
TILL = actors.system("bench", Deed.RUN_BILLS, Deed.TAKE_PAYMENT)


@dataclass(slots=True)
class Phase:
    """One step: how many of what, how long, and each transaction of it."""

    name: str
    count: int = 0
    seconds: float = 0.0
    took: list[float] = field(default_factory=list)  # milliseconds of each transaction

    def within(self, share: float) -> float:
        """Return within how many milliseconds so large a share of the transactions was over."""
        return sorted(self.took)[min(len(self.took) - 1, int(len(self.took) * share))] if self.took else 0.0


@dataclass(slots=True)
class Books:
    """What came of it."""

    phases: list[Phase] = field(default_factory=list)
    totals: reconcile.Totals | None = None
    wrong: list[str] = field(default_factory=list)
    peak_mb: float = 0.0


class Till:
    """One run over one database."""

    def __init__(self, db: Database, homes: int) -> None:
        """Prepare; nothing is written yet."""
        self._db = db
        self._homes = homes
        self._id = 0
        self.books = Books()

    async def run(self) -> Books:
        """Do all steps."""
        await self._fill()
        await self._bill()
        await self._dun()
        await self._pay()
        await self._check()
        self.books.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return self.books

    @asynccontextmanager
    async def _phase(self, name: str) -> AsyncIterator[Phase]:
        phase, begun = Phase(name), time.perf_counter()
        yield phase
        phase.seconds = time.perf_counter() - begun
        self.books.phases.append(phase)

    async def _timed(self, phase: Phase, work: Callable[[Session], Awaitable[Any]]) -> Any:  # noqa: ANN401
        async with self._db.transaction() as session:
            begun = time.perf_counter()
            found = await work(session)
            await session.flush()
        phase.took.append((time.perf_counter() - begun) * 1000)
        return found

    async def _fill(self) -> None:
        async with self._phase("homes and owners") as phase:
            await self._timed(phase, self._estate)
            for first in range(1, self._homes + 1, CHUNK):
                some = range(first, min(first + CHUNK, self._homes + 1))  # ids count from 1 in an empty database
                await self._db.run(partial(self._households, known=some))
            phase.count = self._homes

    async def _estate(self, session: Session) -> None:
        first = First(slug="bench", name="Books", zone="Asia/Shanghai", locale="zh_Hans", phone="0571-8888 0000")
        community = await communities.ensure(session, first, accounts={Channel.WEB: ACCOUNT}, now=NOW)
        self._id = community.id
        session.add_all([Building(community_id=self._id, name=str(n + 1)) for n in range(BUILDINGS)])
        prices: Sequence[dict[str, Any]] = (
            {"code": "management", "name": "Management", "way": Way.AREA, "rate": 280 * RATE, "months": 3},
            {"code": "shared", "name": "Shared", "way": Way.SHARED},
        )
        session.add_all([Tariff(community_id=self._id, since=MONTH, **price) for price in prices])
        cost = Cost("shared", "2026-12", SHARED)
        await tariffs.share(session, TILL, community_id=self._id, cost=cost)

    async def _households(self, session: Session, *, known: Iterable[int]) -> None:
        await session.execute(insert(Person), [{"name": f"Owner {n}", "created_at": NOW} for n in known])
        await session.execute(insert(Unit), [self._unit(n) for n in known])
        ties = {"community_id": self._id, "role": Tie.OWNER, "status": "active", "proof": Proof.REGISTER}
        lives = [{**ties, "unit_id": n, "person_id": n, "since": MONTH} for n in known]
        await session.execute(insert(Occupancy), lives)
        await session.execute(insert(Number), [{"person_id": n, "e164": f"+86139{n:08}"} for n in known])
        reached = {"channel": Channel.WEB, "account": ACCOUNT, "community_id": self._id, "proof": Proof.CODE}
        pages = [{**reached, "external": f"p{n}", "person_id": n, "proven_at": NOW, "created_at": NOW} for n in known]
        await session.execute(insert(Address), pages)

    def _unit(self, number: int) -> dict[str, Any]:
        rest, building = divmod(number - 1, BUILDINGS)
        rest, entrance = divmod(rest, ENTRANCES)
        floor, door = divmod(rest, DOORS)
        return {
            "community_id": self._id,
            "building": str(building + 1),
            "entrance": str(entrance + 1),
            "room": f"{floor + 1}{door + 1:02d}",
            "area_cm2": 600_000 + number % 97 * 10_100,
        }

    async def _bill(self) -> None:
        async with self._phase("bills") as phase:
            begin = partial(billing.begin, actor=TILL, community_id=self._id, month=MONTH, now=NOW)
            run_id = (await self._timed(phase, begin)).id
            while await self._timed(phase, partial(billing.go_on, run_id=run_id, now=NOW)):
                pass
            async with self._db.reading() as session:
                phase.count = (await billing.found(session, run_id=run_id)).bills

    async def _dun(self) -> None:
        """Let the round of the day remind everybody who owes."""
        async with self._phase("reminders") as phase:
            policies = Policies(Policy())
            await self._db.run(partial(rounds.begin, now=REMINDED - timedelta(hours=2), policies=policies))
            while await self._timed(phase, partial(_tick, policies=policies)):
                pass
            async with self._db.reading() as session:
                phase.count = int(await session.scalar(select(func.count(DunningAttempt.id))) or 0)

    async def _pay(self) -> None:
        paying = [n + 1 for n in range(self._homes) if n % EVERY]
        alone, together = paying[: len(paying) // SHARE_ALONE], paying[len(paying) // SHARE_ALONE :]
        async with self._phase("payments, each told") as phase:
            for unit_id in alone:
                await self._timed(phase, partial(self._book, unit_id=unit_id))
            phase.count = len(alone)
        async with self._phase("payments of a file") as phase:
            for first in range(0, len(together), BOOKED_TOGETHER):
                some = together[first : first + BOOKED_TOGETHER]
                await self._timed(phase, partial(self._book_many, unit_ids=some))
            phase.count = len(together)

    async def _book(self, session: Session, *, unit_id: int) -> None:
        unit = await session.get_one(Unit, unit_id)
        due = sum(map(standing.open_cents, await standing.owed(session, unit_ids=[unit_id])))
        await ledger.record(session, TILL, unit=unit, money=_money(unit_id, due), now=NOW)

    async def _book_many(self, session: Session, *, unit_ids: Sequence[int]) -> None:
        due: dict[int, int] = defaultdict(int)
        for bill in await standing.owed(session, unit_ids=unit_ids):
            due[bill.unit_id] += standing.open_cents(bill)
        entries = [Entry(unit_id, _money(unit_id, due[unit_id])) for unit_id in unit_ids]
        await bulk.record_many(session, TILL, community_id=self._id, entries=entries, now=NOW)

    async def _check(self) -> None:
        async with self._phase("books checked") as phase, self._db.reading(at_one_moment=True) as session:
            self.books.totals = await reconcile.totals(session, community_id=self._id)
            bills = await reconcile.wrong_bills(session, community_id=self._id)
            payments = await reconcile.wrong_payments(session, community_id=self._id)
            phase.count = len((await session.scalars(select(Tariff.id))).all())
        self.books.wrong = [f"bill {one}" for one in bills] + [f"payment {one}" for one in payments]
        if not self.books.totals.balanced:
            self.books.wrong.append("the totals")


def _money(unit_id: int, cents: int) -> Money:
    return Money(cents=cents, way="wechat", source="provider", key=f"bench:{unit_id}", paid_on=MONTH)


async def _tick(session: Session, *, policies: Policies) -> bool:
    """Work the next part of the round; False when it is over."""
    timer = await due.take(session, now=REMINDED)
    if timer is not None:
        await due.work(session, timer, now=REMINDED, policies=policies)
    return timer is not None
