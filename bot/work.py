"""Work: the oldest event of each lane, handled in one transaction; on SQLite several turns share a commit."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.channels.port import ChannelPort
from bot.metrics import Metrics
from bot.wakeup import Wakeup
from handlers import inbound, setaside
from handlers.turn import World
from services import inbox
from services.db import Database, Session, is_trouble, unwake
from services.inbox import Claimed
from services.messages import Channel, Happening, Toast
from services.texts import Reader

log = structlog.get_logger(__name__)

REST_AFTER_TROUBLE = 1.0
LONGEST_COMMIT = 0.04  # seconds; then the writer is free for others
LONGEST_FLOOD = 5.0  # seconds; then some of what waits is worked, flood or not

Ports = Mapping[tuple[str, str], ChannelPort]


@dataclass(frozen=True, slots=True)
class Pace:
    """How many events are in work at once, how many turns share a commit, how long a claim holds."""

    concurrency: int = 8
    shared_turns: int = 16
    lease: timedelta = timedelta(seconds=60)
    poll: float = 1.0


class Lost(Exception):  # noqa: N818
    """The event is no longer ours: another replica took it after our lease ran out."""


class NotServed(Exception):  # noqa: N818
    """The event's channel is switched off: it is set aside, to be tried again once the channel is back."""


@dataclass(slots=True)
class Flood:
    """Whether more comes in at once than can be worked: intake goes first then, for whoever sends waits for it."""

    most: float = 60  # events stored of late: three hundred a second and more
    lasts: float = 0.2  # seconds in which "of late" fades
    level: float = 0
    at: float = 0

    def rises(self, stored: int = 0) -> bool:
        """Count what was stored; True while it is too much."""
        now = time.monotonic()
        self.level = self.level * math.exp((self.at - now) / self.lasts) + stored
        self.at = now
        return self.level > self.most


class Work:
    """The loop that turns events into answers."""

    def __init__(
        self,
        db: Database,
        ports: Ports,
        world: World,
        *,
        owner: str,
        now: Callable[[], datetime],
        pace: Pace,
        metrics: Metrics,
    ) -> None:
        """Take the world; nothing runs before `run`."""
        self._db, self._ports, self._world = db, ports, world
        self._owner, self._now, self._pace, self._metrics = owner, now, pace, metrics
        self._given: list[Claimed] = []  # claimed by intake, not begun yet
        self._open, self._look, self._held_back, self._flood = False, False, False, Flood()
        self._wakeup = Wakeup()
        self._busy: set[asyncio.Task[None]] = set()
        self._toasts: set[asyncio.Task[None]] = set()
        db.listen("inbox", self._wake)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop, then finish what is in hand."""
        self._open = True
        while not stop.is_set():
            try:
                await self._once()
            except Exception as error:
                if not is_trouble(error):
                    raise
                log.warning("the inbox is out of reach", why=type(error).__name__)
                await asyncio.sleep(REST_AFTER_TROUBLE)
                continue
            await self._wakeup.wait(self._pace.poll)
        self._open = False
        if self._given:
            await self._give_back(self._given)
        await asyncio.gather(*self._busy, *self._toasts, return_exceptions=True)

    async def take(self, session: Session, *, stored: int) -> Sequence[Claimed]:
        """Claim what intake has just stored, in its own commit; in a flood nothing, so that intake goes first."""
        floods, room = self._flood.rises(stored), self._room() - len(self._given)
        if floods or room <= 0 or not self._open:
            return ()
        events = await inbox.claim(session, owner=self._owner, lease=self._pace.lease, limit=room)
        if len(events) < room:
            unwake(session, "inbox")  # what is left is behind something in work
            self._held_back |= len(events) < stored
        return events

    def begin(self, events: Sequence[Claimed]) -> None:
        """Work what was taken, now that it is committed."""
        self._given += events
        self._wakeup.wake()

    def _room(self) -> int:
        return self._pace.shared_turns if self._db.is_sqlite else self._pace.concurrency - len(self._busy)

    async def _calm(self) -> None:
        """Hold back while updates flood in, for a few seconds at most."""
        for _ in range(int(LONGEST_FLOOD / self._flood.lasts)):
            if not self._flood.rises():
                return
            await asyncio.sleep(self._flood.lasts)

    def _wake(self) -> None:
        self._look = True
        self._wakeup.wake()

    async def drain(self) -> int:
        """Work until nothing is left; return how many events that were."""
        count = 0
        while True:
            done = await self._once()
            await asyncio.gather(*self._busy, return_exceptions=True)
            if not done:
                return count
            count += done

    async def _once(self) -> int:
        """Claim what there is room for and work it; return how many events were claimed."""
        while len(self._busy) >= self._pace.concurrency:
            await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)
        await self._calm()
        given, self._given = self._given, []
        if given:
            await self._set_to(given)
        if not given or self._look:
            return len(given) + await self._look_for_more()
        return len(given)

    async def _look_for_more(self) -> int:
        self._look = False
        room = self._room()
        if room <= 0:
            self._held_back = True
            return 0
        events, alone = await self._claim(room)
        self._held_back = bool(self._busy)  # what was stored behind an event in work may be free once that ends
        if len(events) == room:
            self._db.wake("inbox")  # there may be more
        await self._set_to(events, alone=alone)
        return len(events)

    async def _set_to(self, events: Sequence[Claimed], *, alone: bool = False) -> None:
        if self._db.is_sqlite:
            await self._group(events)
        elif alone:
            for event in events:
                await self._alone(event)
        else:
            for event in events:
                self._begin(event)

    async def _claim(self, room: int) -> tuple[Sequence[Claimed], bool]:
        """Claim events, or, when there is nothing else, one that crashed workers before: it is worked alone."""

        async def claim(session: Session) -> tuple[Sequence[Claimed], bool]:
            found = await inbox.claim(session, owner=self._owner, lease=self._pace.lease, limit=room)
            if found or self._busy:
                return found, False
            return await inbox.claim(session, owner=self._owner, lease=self._pace.lease, limit=1, alone=True), True

        return await self._db.run(claim)

    def _begin(self, event: Claimed) -> None:
        task = asyncio.create_task(self._alone(event))
        self._busy.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if self._held_back:
            self._wake()

    async def _alone(self, event: Claimed) -> None:
        """Work one event in a transaction of its own."""
        began = time.monotonic()
        try:
            toast = await self._db.run(lambda session: self._turn(session, event))
        except Lost:
            return
        except Exception as error:
            await self._after(event, error)
            return
        self._finished(event, toast, began)

    async def _group(self, events: Sequence[Claimed]) -> None:
        """Work events of different lanes, as many in one commit as fit into a short while."""
        while len(events) > 1:
            began = time.monotonic()
            toasts = await self._together(events)
            for event, toast in zip(events, toasts, strict=False):
                self._finished(event, toast, began)
            events = events[len(toasts) :] if toasts else ()
        for event in events:
            await self._alone(event)

    async def _together(self, events: Sequence[Claimed]) -> Sequence[Toast | None]:
        """Return what the first of the events came to, in one commit; nothing when they went another way."""
        try:
            return await self._db.run(lambda session: self._turns(session, events))
        except Exception as error:
            if is_trouble(error):
                await self._release(events, error)
                return ()
        for event in events:  # one of them failed: the others go through without it
            await self._alone(event)
        return ()

    async def _turns(self, session: Session, events: Sequence[Claimed]) -> Sequence[Toast | None]:
        toasts: list[Toast | None] = []
        until = time.monotonic() + LONGEST_COMMIT
        for event in events:
            toasts.append(await self._turn(session, event))
            await session.flush()  # the next turn sees what this one did, and shares nothing with it
            session.expunge_all()
            if time.monotonic() > until:
                break
        return toasts

    async def _turn(self, session: Session, event: Claimed) -> Toast | None:
        port = self._ports.get((event.channel, event.account))
        if port is None:
            raise NotServed(f"{event.channel}:{event.account} is not switched on here")
        message, toast = port.read(event.payload), None
        if message.happening is not Happening.IGNORED:
            toast = await inbound.handle(session, message, now=self._now(), world=self._world)
        if not await inbox.finish(session, event, owner=self._owner):
            raise Lost
        return toast

    def _finished(self, event: Claimed, toast: Toast | None, began: float) -> None:
        self._metrics.turn("done", time.monotonic() - began)
        if toast is not None:
            task = asyncio.create_task(self._show(event, toast))
            self._toasts.add(task)
            task.add_done_callback(self._toasts.discard)

    async def _show(self, event: Claimed, toast: Toast) -> None:
        port = self._ports[event.channel, event.account]
        message = port.read(event.payload)
        locale = self._world.texts.locale_of(message.language)
        reader = Reader(locale, self._world.zone, self._now(), Channel.SMS)
        await port.toast(message.tap_id, self._world.texts.say(toast.text, reader), alert=toast.alert)

    async def _after(self, event: Claimed, error: Exception) -> None:
        """The turn failed and was rolled back: trouble of the database costs nothing, our own mistake a try."""
        if is_trouble(error):
            await self._release([event], error)
            return
        self._metrics.turn("failed", 0.0)
        log.error(
            "an event failed", channel=event.channel, event_id=event.event_id, tries=event.tries + 1, exc_info=error
        )
        try:
            await self._count_try(event, f"{type(error).__name__}: {error}")
        except Exception as still:
            if not is_trouble(still):
                raise
            log.warning("the lease will give it back", event_id=event.event_id, why=type(still).__name__)

    async def _count_try(self, event: Claimed, why: str) -> None:
        """Count the try; the last one sets the event aside, together with the apology if one can be made."""

        async def note(session: Session, *, tell: bool) -> bool:
            is_last = await inbox.failed(session, event, owner=self._owner, error=why)
            if is_last and tell:
                await self._tell(session, event)
            return is_last

        try:
            was_last = await self._db.run(partial(note, tell=True))
        except Exception as error:
            if is_trouble(error):
                raise
            log.exception("nobody could be told of an event set aside", event_id=event.event_id)
            was_last = await self._db.run(partial(note, tell=False))
        if was_last:
            self._metrics.dead(event.channel)

    async def _tell(self, session: Session, event: Claimed) -> None:
        """Page the duty person when the words speak of danger, and apologise."""
        port = self._ports.get((event.channel, event.account))
        if port is not None:
            message = port.read(event.payload)
            await setaside.page_if_danger(session, message, now=self._now())
            await setaside.apologise(session, message, now=self._now())

    async def _release(self, events: Sequence[Claimed], error: BaseException) -> None:
        log.warning("events go back: the database is in trouble", count=len(events), why=type(error).__name__)
        await asyncio.sleep(REST_AFTER_TROUBLE)
        await self._give_back(events)

    async def _give_back(self, events: Sequence[Claimed]) -> None:
        ids = [event.id for event in events]
        try:
            await self._db.run(lambda session: inbox.release(session, ids, owner=self._owner))
        except Exception as still:
            if not is_trouble(still):
                raise
            log.warning("the lease will give them back", count=len(ids))
