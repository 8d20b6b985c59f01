"""One run over one database: people in, both servers up, dialogues, acknowledgements."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from scripts.bench import acknowledging, dialogue, people, programs
from scripts.bench.acknowledging import Round
from scripts.bench.dialogue import Owner, Talk
from scripts.bench.people import Cast, Words
from scripts.bench.programs import Program
from scripts.bench.updates import Post
from scripts.bench.wire import Connection, connected
from services import migrate
from services.db import Database
from services.models import Community
from tests.botapi.driver import BotApi
from tests.support.postgres import DURABLE, PostgresServer

CROWD = 40
RATES = (50, 100)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long everything takes."""

    warm: int  # owners who bring themselves into the middle of their talks, flat out
    seconds: float  # of each steady rate
    rounds: int  # of acknowledging
    round_seconds: float


QUICK = Plan(warm=160, seconds=5, rounds=1, round_seconds=1.5)
FULL = Plan(warm=1500, seconds=60, rounds=3, round_seconds=4)


@dataclass(frozen=True, slots=True)
class Steady:
    """Dialogue turns at a fixed rate, milliseconds from post to the stand-in."""

    rate: int
    turns: int
    unanswered: int
    p50_ms: float
    p99_ms: float
    cpu_ms: float  # of the program, a turn


@dataclass(frozen=True, slots=True)
class FlatOut:
    """Dialogue turns as fast as they go."""

    per_second: float
    turns: int
    unanswered: int
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What one database gave."""

    database: str
    acknowledged: Round
    library: Round
    flat_out: FlatOut
    steady: Sequence[Steady]
    mix: dict[str, float]

    @property
    def ratio(self) -> float:
        """How many times the library's acknowledgements ours are."""
        return self.acknowledged.per_second / self.library.per_second


@contextmanager
def place(url: str | None, kind: str, settings: Mapping[str, str] = DURABLE) -> Iterator[str]:
    """Give an empty database: the one named, a new file, or a new server's, with settings of its own."""
    if url is not None:
        yield url
    elif kind == "sqlite":
        with folder() as home:
            yield f"sqlite:///{home / 'ownerline.db'}"
    else:
        server = PostgresServer(settings)
        try:
            yield server.create_database("ownerline")
        finally:
            server.stop()


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder of our own, removed in the end."""
    home = Path(tempfile.mkdtemp(prefix="ownerline-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def measure(url: str, plan: Plan) -> Figures:
    """Measure one empty database."""
    words = people.read_words()
    await asyncio.to_thread(migrate.ensure_current, url)
    cast, post = await _bring(url, words), Post()
    with folder() as home:
        async with BotApi.start(limits=False, trusting=True) as api, programs.ours(api, url=url, folder=home) as ours:
            for group in cast.groups:
                await api.group(group, "g")
            async with _talk(ours, api, post, words, cast) as talk:
                flat_out = await _flat_out(talk, plan)
                steady = [await _steady(talk, rate, plan) for rate in RATES]
            await ours.quiet()
            async with programs.library(api, folder=home) as theirs:
                rounds = await acknowledging.compare(
                    ours,
                    theirs,
                    post=post,
                    people=cast.owners,
                    words=words.repairs,
                    plan=(plan.rounds, plan.round_seconds),
                )
    mix = {str(deed): round(count / talk.deeds.total(), 2) for deed, count in talk.deeds.items()}
    return Figures(url.partition(":")[0], rounds[ours.name], rounds[theirs.name], flat_out, steady, mix)


async def _bring(url: str, words: Words) -> Cast:
    db = Database(url)
    try:
        async with db.reading() as session:
            if await session.scalar(select(func.count()).select_from(Community)):
                raise SystemExit("the benchmark wants an empty database: it fills it with people of its own")
        return await people.bring(db, words)
    finally:
        await db.dispose()


@asynccontextmanager
async def _talk(program: Program, api: BotApi, post: Post, words: Words, cast: Cast) -> AsyncIterator[Talk]:
    async with connected(program.webhook, programs.SECRET) as connections:
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in connections:
            free.put_nowait(connection)
        talk = Talk(program, api, post, words, [Owner(number) for number in cast.owners], free)
        async with talk.open():
            yield talk


async def _flat_out(talk: Talk, plan: Plan) -> FlatOut:
    """Bring owners into the middle of their talks, as fast as it goes: later every deed is as frequent as another."""
    first = [*dialogue.spread(talk.owners, plan.warm)]
    turns = [1 + number % 3 for number in range(len(first))]
    await dialogue.at_once(talk, first[: CROWD // 2], [4] * (CROWD // 2), crowd=CROWD // 2)
    cpu, unanswered = talk.program.cpu(), talk.unanswered
    seconds = await dialogue.at_once(talk, first[CROWD // 2 :], turns[CROWD // 2 :], crowd=CROWD)
    count = sum(turns[CROWD // 2 :])
    spent = talk.program.cpu() - cpu
    return FlatOut(count / seconds, count, talk.unanswered - unanswered, spent / count * 1000)


async def _steady(talk: Talk, rate: int, plan: Plan) -> Steady:
    await asyncio.sleep(0.5)
    cpu, unanswered = talk.program.cpu(), talk.unanswered
    taken = sorted(await dialogue.steadily(talk, rate, plan.seconds))
    spent = talk.program.cpu() - cpu
    cuts = statistics.quantiles(taken, n=100)
    return Steady(
        rate,
        len(taken),
        talk.unanswered - unanswered,
        cuts[49] * 1000,
        cuts[98] * 1000,
        spent / (rate * plan.seconds) * 1000,
    )
