"""The demo as a visitor gets it: the real command in a process of its own, with a folder of its own."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiohttp

from tests.botapi.wire import until
from tests.support.surroundings import TOP, surroundings

PATIENCE_SECONDS = 40.0


class NotServingError(AssertionError):
    """The demo did not come up, or did not end in good order."""


@dataclass(slots=True)
class Demo:
    """`ownerline demo` on a free port."""

    folder: Path
    port: int
    _process: asyncio.subprocess.Process | None = None

    @staticmethod
    @asynccontextmanager
    async def started(folder: Path) -> AsyncIterator[Demo]:
        """Serve while the block runs."""
        demo = Demo(folder, _free_port())
        await demo.start()
        try:
            yield demo
        finally:
            await demo.stop()

    def url(self, path: str) -> str:
        """Return a page's address."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def start(self) -> None:
        """Start and wait until it says that it is ready."""
        with (self.folder / "demo.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "scripts.cli", "demo", "--port", str(self.port), "--data", str(self.folder / "demo")),
                cwd=TOP,
                env=surroundings(),  # not measured: what its pages ask for is measured where it is tested
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        async with aiohttp.ClientSession() as session:
            if await until(lambda: self._is_ready(session), within=PATIENCE_SECONDS) is None:
                raise NotServingError(self._last_words())

    async def stop(self) -> None:
        """Ask it to end, as Ctrl+C does, and see that it ends in good order."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            code = await process.wait()
        if code != 0:
            raise NotServingError(f"it ended with {code}\n{self._last_words()}")

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool | None:
        if self._process is None or self._process.returncode is not None:
            raise NotServingError(self._last_words())
        try:
            async with session.get(self.url("/readyz")) as answer:
                return answer.status == HTTPStatus.OK or None
        except aiohttp.ClientError:
            return None

    def _last_words(self) -> str:
        return (self.folder / "demo.log").read_text(encoding="utf-8", errors="replace")[-4000:]


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port
