"""Owners who talk: a fault in their own words, a tap on the summary, an urging word, a look at their tickets; again.

What they read comes from the stand-in's book; its times and ours are of one clock.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from itertools import islice
from typing import Any

from scripts.bench.people import Words
from scripts.bench.programs import Program
from scripts.bench.updates import Post
from scripts.bench.wire import Connection
from tests.botapi.driver import BotApi

CONFIRM = ":confirm:0"
LOOK_SECONDS = 0.02
PATIENCE = 20.0


class Deed(StrEnum):
    """What an owner does."""

    FAULT = "words of a fault"
    CONFIRM = "tap: confirm"
    URGE = "urging word"
    MINE = "/my"


@dataclass(slots=True)
class Owner:
    """One owner: what he does next, what he read last, since when he waits."""

    id: int
    next: Deed = Deed.FAULT
    matter: int = 0
    tap: tuple[int, str] = (0, "")
    waits: asyncio.Future[float] | None = None
    since: float = 0.0

    def read(self, entry: dict[str, Any]) -> None:
        """Read what came: a summary is confirmed next, a ticket urged, then looked at."""
        self.tap = (entry["message_id"], _confirming(entry["params"]))
        if self.next is Deed.FAULT:
            self.next = Deed.CONFIRM if self.tap[1] else Deed.URGE
            self.matter += 1
        else:
            self.next = {Deed.CONFIRM: Deed.URGE, Deed.URGE: Deed.MINE, Deed.MINE: Deed.FAULT}[self.next]
        if self.waits is not None and not self.waits.done():
            self.waits.set_result(entry["at"] - self.since)


def _confirming(params: dict[str, Any]) -> str:
    """Return the data of the button that confirms, if the message has one."""
    rows = (params.get("reply_markup") or {}).get("inline_keyboard", ())
    taps = (button.get("callback_data", "") for row in rows for button in row)
    return next((tap for tap in taps if tap.startswith("p:") and tap.endswith(CONFIRM)), "")


@dataclass(slots=True)
class Talk:
    """All who talk, and how their words get to the program and its answers to them."""

    program: Program
    api: BotApi
    post: Post
    words: Words
    owners: Sequence[Owner]
    free: asyncio.Queue[Connection]
    deeds: Counter[Deed] = field(default_factory=Counter)
    unanswered: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Read the answers while the block runs."""
        reader = asyncio.create_task(self._read_on())
        try:
            yield
        finally:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    async def turn(self, owner: Owner, *, since: float | None = None) -> float | None:
        """Let an owner do what comes next; return the seconds until his answer was handed on, counted from `since`."""
        owner.waits = asyncio.get_running_loop().create_future()
        body, owner.since = self._body(owner), since or time.monotonic()
        self.deeds[owner.next] += 1
        connection = await self.free.get()
        try:
            status = await connection.post(body)
        finally:
            self.free.put_nowait(connection)
        if status != HTTPStatus.OK:
            raise RuntimeError(f"an update was answered with {status}")
        try:
            async with asyncio.timeout(PATIENCE):
                return await owner.waits
        except TimeoutError:
            self.unanswered += 1
            return None
        finally:
            owner.waits = None

    def _body(self, owner: Owner) -> bytes:
        repairs = self.words.repairs
        match owner.next:
            case Deed.FAULT:
                return self.post.words(owner.id, repairs[(owner.id + owner.matter) % len(repairs)])
            case Deed.CONFIRM:
                return self.post.tap(owner.id, *owner.tap)
            case Deed.URGE:
                return self.post.words(owner.id, self.words.urge)
            case Deed.MINE:
                return self.post.words(owner.id, self.words.mine)

    async def _read_on(self) -> None:
        by_id = {owner.id: owner for owner in self.owners}
        read = len(await self.api.history())
        while True:
            entries = await self.api.history(after=read)
            read += len(entries)
            for entry in entries:
                owner = by_id.get(entry["chat_id"])
                if owner is not None and owner.waits is not None and entry["method"] == "sendMessage":
                    owner.read(entry)
            await asyncio.sleep(LOOK_SECONDS)


def spread(owners: Sequence[Owner], count: int) -> Iterator[Owner]:
    """Yield so many owners, three of every four from the front; the fourth stays at the beginning of his talk."""
    return islice((owner for number, owner in enumerate(owners) if number % 4), count)


async def at_once(talk: Talk, owners: Sequence[Owner], turns: Sequence[int], *, crowd: int) -> float:
    """Let each owner take so many turns one after the other, a crowd at a time; return the seconds it took."""
    waiting = deque(zip(owners, turns, strict=True))

    async def one_of_the_crowd() -> None:
        while waiting:
            owner, count = waiting.popleft()
            for _ in range(count):
                await talk.turn(owner)

    begun = time.monotonic()
    await asyncio.gather(*(one_of_the_crowd() for _ in range(crowd)))
    return time.monotonic() - begun


async def steadily(talk: Talk, rate: float, seconds: float) -> list[float]:
    """Let owner after owner take a turn at a fixed rate, whatever the answers take; return how long they took."""
    round_table, turns = deque(talk.owners), list[asyncio.Task[float | None]]()
    begun = time.monotonic() + 0.1
    for number in range(int(rate * seconds)):
        at = begun + number / rate
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        while round_table[0].waits is not None:  # a slow answer costs its owner his place in the round
            round_table.rotate(-1)
        turns.append(asyncio.create_task(talk.turn(round_table[0], since=at)))
        round_table.rotate(-1)
    return [taken for taken in await asyncio.gather(*turns) if taken is not None]
