"""Compare our HTTP client with python-telegram-bot's default one: `python -m scripts.bench_request`.

The server stands in for the Bot API with one canned answer, in a process of its own. Both clients send the same
message through the library's typed method, turn by turn, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from aiohttp import web

from bot.channels.telegram.yardstick import Client, clients

TOKEN = "4242:BENCH"  # noqa: S105 - no real one
ANSWER = json.dumps(
    {"ok": True, "result": {"message_id": 1, "date": 1, "chat": {"id": 11, "type": "private"}, "text": "x"}}
).encode()


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is sent: messages a round, how many of them at the same time, rounds."""

    messages: int
    at_once: int
    rounds: int
    delay: float  # seconds that the server takes to answer


@dataclass(frozen=True, slots=True)
class Figures:
    """What a client did, as the median of its rounds."""

    client: str
    per_second: float
    cpu_micros: float  # of this process, a message


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; with `--serve` only its server."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_request", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--at-once", type=int, default=32, help="messages on their way at the same time")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that the server takes to answer")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        asyncio.run(_serve(given.delay))
        return 0
    messages, rounds = (300, 1) if given.quick else (1500, 3)
    found = asyncio.run(_compare(Plan(messages, given.at_once, rounds, given.delay)))
    _print(found, as_json=given.json)
    return 0


def _print(found: Sequence[Figures], *, as_json: bool) -> None:
    default, ours = found
    ratio = ours.per_second / default.per_second
    if as_json:
        print(json.dumps({"clients": [asdict(each) for each in found], "ratio": round(ratio, 2)}))
        return
    for each in found:
        print(f"{each.client:<28}{each.per_second:>7.0f} messages/s{each.cpu_micros:>7.0f} us CPU each")
    print(f"{'ratio':<28}{ratio:>7.1f}")


async def _compare(plan: Plan) -> list[Figures]:
    async with _server(plan.delay) as address:
        pair = clients(TOKEN, f"{address}/bot")
        rounds: dict[str, list[tuple[float, float]]] = {client.name: [] for client in pair}
        for client in pair:  # connections are opened before the clock runs
            await _round(client, plan.at_once, plan.at_once)
        for _ in range(plan.rounds):
            for client in pair:
                rounds[client.name].append(await _round(client, plan.messages, plan.at_once))
        for client in pair:
            await client.close()
    return [_figures(name, measured, plan.messages) for name, measured in rounds.items()]


def _figures(name: str, rounds: Sequence[tuple[float, float]], messages: int) -> Figures:
    seconds, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Figures(name, round(messages / seconds, 1), round(cpu / messages * 1e6, 1))


async def _round(client: Client, messages: int, at_once: int) -> tuple[float, float]:
    """Send so many messages; return the seconds they took, and those of the processor."""
    left = iter(range(messages))

    async def sender() -> None:
        for _ in left:
            await client.send()

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender() for _ in range(at_once)))
    return time.perf_counter() - begun, time.process_time() - cpu


@asynccontextmanager
async def _server(delay: float) -> AsyncIterator[str]:
    """Run the server in a process of its own while the block lasts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "scripts.bench_request", "--serve", "--delay", str(delay)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the server has no output")
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def _serve(delay: float) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        if delay:
            await asyncio.sleep(delay)
        return web.Response(body=ANSWER, content_type="application/json")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
