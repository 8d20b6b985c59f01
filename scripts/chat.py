"""`ownerline chat`: talk to the desk in a terminal, with no other channel around."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TextIO

from bot import app
from bot.channels.console import ACCOUNT, ConsoleChannel
from bot.delivery import Delivery, Line
from bot.delivery import Pace as DeliveryPace
from bot.intake import Intake
from bot.letters import Desk
from bot.metrics import Metrics
from bot.settings import Settings
from bot.work import Pace as WorkPace
from bot.work import Work
from scripts import running
from scripts.seed import ensure_community
from scripts.trouble import CommandError
from services import inbox
from services.clock import DeskClock
from services.db import Database
from services.media import MediaStore
from services.messages import Channel
from services.outbox import Account

HELLO = "/start"


def chat(config: Path | None, *, who: str) -> None:
    """Talk until the end of the input."""
    running.run(talk(running.settings(config), who=who, lines=_typed(sys.stdin), out=sys.stdout))


async def talk(settings: Settings, *, who: str, lines: AsyncIterator[str], out: TextIO) -> None:
    """Say hello, then everything that is typed, and print what the desk answers."""
    async with running.opened(settings) as db:
        clock = DeskClock(machine=running.machine)
        async with db.transaction() as session:
            await clock.load(session)
            await ensure_community(session, settings, now=clock.now())
        terminal = _Terminal(settings, db, clock, out)
        await terminal.say(who, HELLO)
        async for line in lines:
            await terminal.say(who, line)


class _Terminal:
    """The engine rooms with the console as their only channel; nothing runs between two lines."""

    def __init__(self, settings: Settings, db: Database, clock: DeskClock, out: TextIO) -> None:
        self._db = db
        self._console = ConsoleChannel(out, menu=app.MENU)
        self._intake = Intake(db, metrics := Metrics())
        world, owner = app.world_of(settings), f"chat:{secrets.token_hex(4)}"
        ports = {(str(Channel.CONSOLE), ACCOUNT): self._console}
        self._work = Work(db, ports, world, owner=owner, now=clock.now, pace=WorkPace(), metrics=metrics)
        self._delivery = Delivery(
            db,
            [Line(Account(Channel.CONSOLE, ACCOUNT), self._console)],
            Desk(world, MediaStore(Path(settings.media.folder)), now=clock.now),
            owner=owner,
            now=clock.now,
            pace=DeliveryPace(),
            metrics=metrics,
        )

    async def say(self, who: str, line: str) -> None:
        """Store the line, work it, and print the answers."""
        async with self._db.reading() as session:
            open_events, _ = await inbox.depth(session)
        if open_events:
            # Without its channel an event could not be read, and would be lost.
            raise CommandError("a service works on this database: stop it, or chat on a database of its own")
        await self._intake.store(self._console.typed(who, secrets.token_hex(8), line))
        await self._work.drain()
        await self._delivery.drain()


async def _typed(source: TextIO) -> AsyncIterator[str]:
    while line := await asyncio.to_thread(source.readline):
        if line.strip():
            yield line
