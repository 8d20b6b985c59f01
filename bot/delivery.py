"""Delivery: claims what is due, sends outside any transaction, writes results down in batches."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from bot.channels.port import ChannelPort, Letter, Outcome, Sent
from bot.letters import Desk, Prepared
from bot.metrics import Metrics
from bot.wakeup import Wakeup
from services import delivered, outbox
from services.db import Database, Session, is_trouble, unwake
from services.delivered import Arrival
from services.outbox import Account, Priority, Result, State

log = structlog.get_logger(__name__)

REST_AFTER_TROUBLE = 1.0
GATHER_SECONDS = 0.04
FILE_WAIT = timedelta(seconds=0.3)
NO_MESSAGE = frozenset({"no_message", "unknown_message"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a claim holds, how often we look without being woken, how failures back off."""

    lease: timedelta = timedelta(seconds=120)
    poll: float = 1.0
    attempts: int = outbox.MOST_ATTEMPTS
    backoff_first: float = 2.0
    backoff_most: float = 600.0

    def backoff(self, attempt: int) -> timedelta:
        """Return how long to wait after so many attempts, with jitter."""
        longest = min(self.backoff_first * 2.0 ** max(0, attempt - 1), self.backoff_most)
        return timedelta(seconds=longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter


@dataclass(frozen=True, slots=True)
class Line:
    """A channel account with its port."""

    account: Account
    port: ChannelPort


class Delivery:
    """The loop between the outbox and the providers."""

    def __init__(
        self,
        db: Database,
        lines: Sequence[Line],
        desk: Desk,
        *,
        owner: str,
        now: Callable[[], datetime],
        pace: Pace,
        metrics: Metrics,
    ) -> None:
        """Take the lines; nothing runs before `run`."""
        self._db, self._lines, self._desk = db, lines, desk
        self._owner, self._now, self._pace, self._metrics = owner, now, pace, metrics
        self._wakeup = Wakeup()
        self._flying: dict[str, set[asyncio.Task[None]]] = {line.account.name: set() for line in lines}
        self._arrived: list[Arrival] = []
        self._gathering: asyncio.TimerHandle | None = None
        db.listen("outbox", self._wakeup.wake)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until told to stop, then let what flies arrive."""
        while not stop.is_set():
            try:
                await self._once()
            except Exception as error:
                if not is_trouble(error):
                    raise
                log.warning("the outbox is out of reach", why=type(error).__name__)
                await asyncio.sleep(REST_AFTER_TROUBLE)
                continue
            await self._wakeup.wait(self._pace.poll)
        await self.land()

    async def drain(self) -> int:
        """Deliver until nothing may leave any more; return how many letters that were."""
        count = 0
        while True:
            sent = await self._once()
            await self.land()
            if not sent:
                return count
            count += sent

    async def land(self) -> None:
        """Wait for everything on its way and write it down."""
        while any(self._flying.values()) or self._arrived:
            flying = [task for tasks in self._flying.values() for task in tasks]
            await asyncio.gather(*flying, return_exceptions=True)
            await self._write(self._gathered())

    async def _once(self) -> int:
        """Write down what arrived, claim as many rows as there are free slots, all in one commit; send them off."""
        batch = self._gathered()
        free = {line.account.name: line.port.slots - len(self._flying[line.account.name]) for line in self._lines}
        try:
            ready = await self._db.run(lambda session: self._settle_and_claim(session, batch, free))
        except Exception as error:
            if not batch or is_trouble(error):
                self._arrived = [*batch, *self._arrived]
                raise
            await self._write(batch)  # one that arrived may have spoiled it
            return 0
        for line, prepared in ready:
            self._send_off(line, prepared)
        return len(ready)

    async def _settle_and_claim(
        self, session: Session, batch: Sequence[Arrival], free: dict[str, int]
    ) -> list[tuple[Line, Prepared | Arrival]]:
        if batch:
            await delivered.note(session, batch, owner=self._owner, now=self._now())
        ready = await self._claim(session, free)
        unwake(session, "outbox")  # what was free to leave has been claimed here
        return ready

    async def _claim(self, session: Session, free: dict[str, int]) -> list[tuple[Line, Prepared | Arrival]]:
        ready: list[tuple[Line, Prepared | Arrival]] = []
        waiting = await outbox.waiting(session)
        for line in self._lines:
            if waiting is not None and (line.account.channel, line.account.account) not in waiting:
                continue
            rows = await outbox.claim(
                session,
                line.account,
                owner=self._owner,
                lease=self._pace.lease,
                slots=free[line.account.name],
                desk_now=self._now(),
            )
            ready += [(line, await self._prepared(session, row, line)) for row in rows]
        return ready

    async def _prepared(self, session: Session, row: outbox.Claimed, line: Line) -> Prepared | Arrival:
        """Put a row's letter together; one that can't be is settled as failed, and holds nobody up."""
        try:
            return await self._desk.prepare(session, row, line.port)
        except DBAPIError:
            raise
        except Exception as error:
            log.exception("a letter could not be put together", key=row.key)
            why = f"{type(error).__name__}: {error}"
            return Arrival(row, Result(id=row.id, state=State.FAILED, parts=row.parts_sent, code=why))

    def _send_off(self, line: Line, prepared: Prepared | Arrival) -> None:
        if isinstance(prepared, Arrival):
            self._arrive(prepared)
            return
        tasks = self._flying[line.account.name]
        task = asyncio.create_task(self._send(line, prepared))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _send(self, line: Line, prepared: Prepared) -> None:
        row = prepared.row
        if prepared.waits:
            again = Result(id=row.id, state=State.PENDING, parts=row.parts_sent, wait=FILE_WAIT, counts=False)
            self._arrive(Arrival(row, again))
            return
        if prepared.letter is None:
            skipped = Result(id=row.id, state=State.SKIPPED, parts=row.parts_sent, code=prepared.why)
            self._arrive(Arrival(row, skipped))
            return
        began = time.monotonic()
        try:
            sent = await self._to_provider(line.port, prepared.letter)
        except Exception as error:
            log.exception("a letter could not be sent", key=row.key)
            sent = Sent(Outcome.PERMANENT, parts=row.parts_sent, code=f"{type(error).__name__}: {error}")
        self._metrics.sent(line.port.channel, sent.outcome, time.monotonic() - began)
        self._arrive(self._arrival(line, prepared, sent))

    async def _to_provider(self, port: ChannelPort, letter: Letter) -> Sent:
        sent = await port.send(letter)
        if sent.outcome is Outcome.NEEDS_FIX and sent.code == "markup":
            return await port.send(replace(letter, plain=True, parts_sent=sent.parts))
        return sent

    def _arrival(self, line: Line, prepared: Prepared, sent: Sent) -> Arrival:
        row, wait = prepared.row, timedelta(seconds=sent.retry_after)
        return Arrival(
            row,
            self._result(row, sent),
            channel=line.port.channel,
            account=line.account.account,
            revision=prepared.revision,
            stage=prepared.stage,
            gone=sent.outcome is Outcome.GONE,
            lost_message=sent.code in NO_MESSAGE,
            lost_topic=sent.code == "no_topic",
            new_external=sent.new_address,
            files=sent.files,
            pause=wait if sent.outcome is Outcome.THROTTLED else None,
            rest=line.account.rest(wait, is_group=row.is_group),
            paid=line.account.paid(row, sent.parts),
        )

    def _result(self, row: outbox.Claimed, sent: Sent) -> Result:
        """Say what becomes of a row after what the provider answered."""
        again = Result(id=row.id, state=State.PENDING, parts=sent.parts, code=sent.code)
        if sent.outcome is Outcome.ACCEPTED:
            return Result(id=row.id, state=State.ACCEPTED, provider_id=sent.provider_id, parts=sent.parts)
        if sent.outcome is Outcome.THROTTLED:
            return replace(again, wait=timedelta(seconds=sent.retry_after), counts=False)
        if row.attempts >= self._pace.attempts or sent.outcome in {Outcome.PERMANENT, Outcome.GONE}:
            return Result(id=row.id, state=State.FAILED, parts=sent.parts, code=sent.code or sent.outcome)
        if sent.outcome is Outcome.AMBIGUOUS and row.priority > Priority.WORK:
            return Result(id=row.id, state=State.UNKNOWN, parts=sent.parts, code=sent.code)
        wait = timedelta() if sent.outcome is Outcome.NEEDS_FIX else self._pace.backoff(row.attempts)
        return replace(again, wait=wait)

    def _arrive(self, arrival: Arrival) -> None:
        """Have it written down with the next claim, or a short while later: one commit less for most letters."""
        if not self._arrived:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._wakeup.wake)
        self._arrived.append(arrival)

    def _gathered(self) -> Sequence[Arrival]:
        """Take what arrived; what arrives from now on gathers anew."""
        if self._gathering is not None:
            self._gathering.cancel()
        batch, self._arrived = self._arrived, []
        return batch

    async def _write(self, batch: Sequence[Arrival]) -> None:
        if not batch:
            return
        try:
            await self._db.run(lambda session: delivered.note(session, batch, owner=self._owner, now=self._now()))
        except Exception as error:
            if is_trouble(error):
                await self._keep(batch, error)
                return
            log.exception("what follows a delivery failed", keys=[arrival.row.key for arrival in batch])
            if len(batch) == 1:
                await self._write_results(batch)
                return
            for arrival in batch:  # one may have spoiled it for all
                await self._write([arrival])

    async def _write_results(self, batch: Sequence[Arrival]) -> None:
        """Write down at least that it was sent, or it would be sent again and again."""
        try:
            await self._db.run(lambda session: delivered.note_results(session, batch, owner=self._owner))
        except Exception as error:
            if not is_trouble(error):
                raise
            await self._keep(batch, error)

    async def _keep(self, batch: Sequence[Arrival], error: Exception) -> None:
        log.warning("results wait: the database is in trouble", count=len(batch), why=type(error).__name__)
        self._arrived = [*batch, *self._arrived]
        await asyncio.sleep(REST_AFTER_TROUBLE)
