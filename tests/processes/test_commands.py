"""The commands as operators start them: the demo is there at once, and settings that don't fit stop everything."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from http import HTTPStatus
from pathlib import Path

import aiohttp
import pytest

from tests.processes.phone import sooner_or_later
from tests.processes.service import TOP, free_port

PROMISED = 3.0  # seconds until a demo that has its data is ready
MEASURED = 2 * PROMISED  # with coverage looking on, on a machine that does other things too
INHERITED = {name: value for name, value in os.environ.items() if not name.startswith("OWNERLINE_")}


async def test_the_demo_is_ready_in_seconds_once_it_has_its_data(tmp_path: Path) -> None:
    """It needs no settings and no token; the second start finds everything in place."""
    first = await _demo(tmp_path)
    second = await _demo(tmp_path)
    print(f"\nthe demo is ready in {first:.1f} s, with its data in {second:.1f} s ({PROMISED} s are promised)")
    assert second < MEASURED


async def _demo(folder: Path) -> float:
    """Start the demo, wait until its lab is served, end it; return the seconds until then."""
    port, began = free_port(), time.monotonic()
    process = await _started(folder, "demo", "--port", str(port), "--data", str(folder / "data"))
    try:
        async with aiohttp.ClientSession() as session:

            async def look() -> bool | None:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/lab") as answer:
                        return answer.status == HTTPStatus.OK or None
                except aiohttp.ClientError:
                    return None

            assert await sooner_or_later(look, within=60)
        took = time.monotonic() - began
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        return took
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"OWNERLINE_TELEGRAM__ENABLED": "true"}, "telegram.token"),
        ({"OWNERLINE_TELEGRAM__MODE": "pigeon"}, "allowed: "),
        ({"OWNERLINE_WEB__PORTS": "1"}, "unknown"),
    ],
)
async def test_settings_that_do_not_fit_stop_it_with_one_line(given: dict[str, str], told: str, tmp_path: Path) -> None:
    process = await _started(tmp_path, "serve", **given)
    _, errors = await process.communicate()
    line = errors.decode()
    assert process.returncode == 2
    assert line.startswith("ownerline: ")
    assert (line.count("\n"), told in line) == (1, True)
    assert os.listdir(tmp_path) == []


async def _started(folder: Path, *words: str, **given: str) -> asyncio.subprocess.Process:
    paths = os.pathsep.join((str(TOP), os.environ.get("PYTHONPATH", "")))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scripts.cli", *words),
        cwd=folder,
        env=INHERITED | {"PYTHONPATH": paths} | given,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
