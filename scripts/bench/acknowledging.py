"""How many updates a webhook acknowledges a second, over 40 kept-alive connections."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from scripts.bench.programs import SECRET, Program
from scripts.bench.updates import Post
from scripts.bench.wire import Connection, connected


@dataclass(frozen=True, slots=True)
class Round:
    """What one round gave."""

    per_second: float
    cpu_micros: float  # of the server, an update
    p99_ms: float


async def compare(
    ours: Program, theirs: Program, *, post: Post, people: Sequence[int], words: Sequence[str], plan: tuple[int, float]
) -> dict[str, Round]:
    """Measure both in turns, the other one at rest; the middle of so many rounds of so many seconds counts."""
    rounds, seconds = plan
    found: dict[str, list[Round]] = {theirs.name: [], ours.name: []}
    bodies = _bodies(post, people, words)
    await asyncio.gather(_round(ours, bodies, 0.3), _round(theirs, bodies, 0.3))  # what is loaded late
    for _ in range(rounds):
        for program, other in ((theirs, ours), (ours, theirs)):
            async with other.resting():
                found[program.name].append(await _round(program, bodies, seconds))
    return {name: _middle(each) for name, each in found.items()}


def _bodies(post: Post, people: Sequence[int], words: Sequence[str]) -> Iterator[bytes]:
    number = 0
    while True:
        yield post.words(people[number % len(people)], words[number % len(words)])
        number += 1


def _middle(rounds: Sequence[Round]) -> Round:
    return Round(
        statistics.median(each.per_second for each in rounds),
        statistics.median(each.cpu_micros for each in rounds),
        statistics.median(each.p99_ms for each in rounds),
    )


async def _round(program: Program, bodies: Iterator[bytes], seconds: float) -> Round:
    taken: list[float] = []
    async with connected(program.webhook, SECRET) as connections:
        begun, cpu = time.monotonic(), program.cpu()
        until = begun + seconds
        await asyncio.gather(*(_post_on(each, bodies, until, taken) for each in connections))
        spent, cpu = time.monotonic() - begun, program.cpu() - cpu
    p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else 0.0
    return Round(len(taken) / spent, cpu / len(taken) * 1e6, p99 * 1000)


async def _post_on(connection: Connection, bodies: Iterator[bytes], until: float, taken: list[float]) -> None:
    while (begun := time.monotonic()) < until:
        status = await connection.post(next(bodies))
        if status != HTTPStatus.OK:
            raise RuntimeError(f"an update was answered with {status}")
        taken.append(time.monotonic() - begun)
