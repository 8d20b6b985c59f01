"""The real program as a process of its own, against a stand-in for the Bot API.

async with BotApi.start() as api, Service.started(api, url=url, folder=tmp_path) as service:
    await service.kill()
    await service.start()
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from datetime import time as hour
from http import HTTPStatus
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from bot.settings import Settings
from scripts import seed
from services.clock import DeskClock
from services.db import Database
from tests.botapi.driver import BotApi
from tests.processes.phone import sooner_or_later
from tests.support.surroundings import NOTHING, TOP, surroundings

SECRET = "not-a-secret_42"
MORNING = hour(9, 30)
PATIENCE = 120.0


class NotReadyError(AssertionError):
    """The service did not come up, or did not end."""


@dataclass(slots=True)
class Service:
    """One database, and the program that serves it: started, stopped, killed at will."""

    url: str
    folder: Path
    port: int
    environ: Mapping[str, str]
    deaths: list[float] = field(default_factory=list)  # when it was killed, in seconds of the world's clock
    _process: asyncio.subprocess.Process | None = None

    @staticmethod
    @asynccontextmanager
    async def started(
        api: BotApi,
        *,
        url: str,
        folder: Path,
        mode: str = "polling",
        measured: bool = True,
        figures: Mapping[str, str] = NOTHING,
    ) -> AsyncIterator[Service]:
        """Seed a migrated database, on a morning of the desk's, and start; the program ends with the block, in good order.

        `figures` are settings such as `{"tickets__per_day": "50"}`; coverage looks on where `measured`.
        """
        port = free_port()
        given = {**_settings(api, url, folder, port, mode), **figures}
        service = Service(url, folder, port, surroundings(given, measured=measured))
        (folder / "ownerline.toml").touch()
        await _seed(url)
        try:
            await service.start()
            yield service
            await service.stop()
        finally:
            await service.kill()

    @property
    def address(self) -> str:
        """Where its pages and its webhook are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What the program has written, over all its lives."""
        return (self.folder / "service.log").read_text(encoding="utf-8", errors="replace")

    async def start(self) -> None:
        """Start the program and wait until it says that it is ready."""
        with (self.folder / "service.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "scripts.cli", "serve", "--config", str(self.folder / "ownerline.toml")),
                cwd=TOP,
                env=self.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self._ready(self._process)

    async def stop(self) -> None:
        """Ask the program to end, and wait until it has, in good order."""
        if self._process is None:
            return
        code = await self._end(signal.SIGTERM)
        if code != 0:
            raise NotReadyError(f"the program ended with {code}\n{self._tail()}")

    async def kill(self) -> None:
        """End the program at once, as a crash would."""
        if self._process is not None:
            await self._end(signal.SIGKILL)
            self.deaths.append(time.time())

    async def restart(self) -> None:
        """End in good order and start again."""
        await self.stop()
        await self.start()

    async def later(self, ahead: timedelta) -> None:
        """Let the desk's clock run ahead while the program rests."""
        await self.stop()
        database = Database(self.url)
        clock = DeskClock(machine=_machine)
        async with database.transaction() as session:
            await clock.load(session)
            await clock.advance(session, int(ahead.total_seconds()))
        await database.dispose()
        await self.start()

    async def _ready(self, process: asyncio.subprocess.Process) -> None:
        async with aiohttp.ClientSession() as session:

            async def look() -> bool | None:
                if process.returncode is not None:
                    raise NotReadyError(f"the program ended with {process.returncode}\n{self._tail()}")
                try:
                    async with session.get(f"{self.address}/readyz") as answer:
                        return answer.status == HTTPStatus.OK or None
                except aiohttp.ClientError:
                    return None

            if await sooner_or_later(look, within=PATIENCE) is None:
                raise NotReadyError(f"the program was not ready within {PATIENCE} s\n{self._tail()}")

    async def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return process.returncode or 0 if process else 0
        process.send_signal(how)
        try:
            async with asyncio.timeout(PATIENCE):
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise NotReadyError(f"the program did not end within {PATIENCE} s\n{self._tail()}") from None

    def _tail(self) -> str:
        return "\n".join(self.log.splitlines()[-40:])


def _settings(api: BotApi, url: str, folder: Path, port: int, mode: str) -> dict[str, str]:
    return {
        "database__url": url,
        "telegram__enabled": "true",
        "telegram__token": api.token,
        "telegram__base_url": api.base_url,
        "telegram__base_file_url": api.base_file_url,
        "telegram__mode": mode,
        "telegram__public_url": f"http://127.0.0.1:{port}" if mode == "webhook" else "",
        "telegram__webhook_secret": SECRET,
        "web__port": str(port),
        "web__secret_file": str(folder / "web-secret"),
        "media__folder": str(folder / "media"),
    }


async def _seed(url: str) -> None:
    database = Database(url)
    clock = DeskClock(machine=_machine)
    async with database.transaction() as session:
        await clock.advance(session, int(_until_morning().total_seconds()))
    await seed.seed(database, Settings(), now=clock.now())
    await database.dispose()


def _until_morning() -> timedelta:
    """Return how long it is until a morning, so that no test depends on the hour at which it runs."""
    now = _machine()
    zone = ZoneInfo(Settings().community.zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, MORNING, zone) - now


def _machine() -> datetime:
    return datetime.now(UTC)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port
