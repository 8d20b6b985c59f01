"""The programs under measurement, each as a process of its own: ours, and the library's webhook server."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.people import ACCOUNT
from tests.botapi.driver import BotApi

TOP = Path(__file__).resolve().parents[2]
SECRET = "not-a-secret_42"  # noqa: S105 - of the benchmark only
PATIENCE = 30.0
LOOK_SECONDS = 0.5
IDLE = 0.1  # of a core
TICKS = os.sysconf("SC_CLK_TCK")
OF_A_PROCESS = 3  # what the kernel tells of a process begins with its state, the third of its figures
# Telegram's own limits would be measured otherwise, and the floods that nobody makes.
FIGURES = {
    "delivery__telegram_per_second": "1000",
    "delivery__group_per_minute": "120",
    "tickets__per_day": "50",
    "tickets__alike_per_day": "50",
    "sms__enabled": "false",
    "log__level": "warning",
}


@dataclass(frozen=True, slots=True)
class Program:
    """A running server and where its webhook is."""

    name: str
    webhook: str
    process: asyncio.subprocess.Process

    def cpu(self) -> float:
        """Return the processor's seconds that it took so far."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(told[14 - OF_A_PROCESS]) + int(told[15 - OF_A_PROCESS])) / TICKS

    async def quiet(self) -> None:
        """Wait until it has done what it still had to do."""
        until = time.monotonic() + PATIENCE
        busy = IDLE + 1
        while busy > IDLE and time.monotonic() < until:
            spent = self.cpu()
            await asyncio.sleep(LOOK_SECONDS)
            busy = (self.cpu() - spent) / LOOK_SECONDS

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """Let it do nothing at all while another is measured."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def ours(api: BotApi, *, url: str, folder: Path) -> AsyncIterator[Program]:
    """Serve with the real command while the block runs."""
    port = free_port()
    config = folder / "ownerline.toml"
    config.touch()
    command = [sys.executable, "-m", "scripts.cli", "serve", "--config", str(config)]
    async with _running(command, _environ(api, url, folder, port), port, folder / "service.log") as process:
        await api.called("setWebhook", within=PATIENCE)
        yield Program("ownerline", f"http://127.0.0.1:{port}/telegram/{ACCOUNT}", process)


@asynccontextmanager
async def library(api: BotApi, *, folder: Path) -> AsyncIterator[Program]:
    """Serve with python-telegram-bot's own webhook while the block runs."""
    port = free_port()
    command = [sys.executable, "-m", "bot.channels.telegram.yardstick_webhook"]
    command += [api.token, api.base_url, str(port), SECRET]
    async with _running(command, dict(os.environ), port, folder / "library.log") as process:
        yield Program("python-telegram-bot", f"http://127.0.0.1:{port}/hook", process)


def _environ(api: BotApi, url: str, folder: Path, port: int) -> dict[str, str]:
    given = {
        "database__url": url,
        "telegram__enabled": "true",
        "telegram__account": ACCOUNT,
        "telegram__token": api.token,
        "telegram__base_url": api.base_url,
        "telegram__base_file_url": api.base_file_url,
        "telegram__mode": "webhook",
        "telegram__public_url": f"http://127.0.0.1:{port}",
        "telegram__webhook_secret": SECRET,
        "web__port": str(port),
        "web__secret_file": str(folder / "web-secret"),
        "media__folder": str(folder / "media"),
        **FIGURES,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OWNERLINE_")}
    return inherited | {f"OWNERLINE_{name.upper()}": value for name, value in given.items()}


@asynccontextmanager
async def _running(
    command: Sequence[str], environ: Mapping[str, str], port: int, log: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a server until the block ends; what it had in hand is nobody's loss here."""
    with log.open("ab") as told:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=TOP, env=environ, stdin=asyncio.subprocess.DEVNULL, stdout=told, stderr=told
        )
    try:
        await _listens(process, port, log)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while process.returncode is None and time.monotonic() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    said = await asyncio.to_thread(log.read_text, encoding="utf-8")
    raise RuntimeError(f"{process.pid} does not listen on {port}:\n{said}")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port
