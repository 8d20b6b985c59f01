"""Start the stand-in as a process of its own and drive it from a test.

async with BotApi.start(token="1:T") as api:
    owner = await api.user(11, "王芳", phone="13800000011")
    await owner.says("/start")
    await owner.reads("您好")
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from tests.botapi.faults import FaultKind
from tests.botapi.people import Group, Person
from tests.botapi.screen import Seen, UnreadError
from tests.botapi.shapes import Json
from tests.botapi.wire import Wire, until

_ROOT = Path(__file__).resolve().parents[2]
_TOKEN = "4242:TEST"


@dataclass(frozen=True, slots=True)
class BotApi:
    """One running stand-in."""

    token: str
    address: str
    wire: Wire
    process: asyncio.subprocess.Process

    @staticmethod
    @asynccontextmanager
    async def start(
        *,
        token: str = _TOKEN,
        limits: bool = True,
        trusting: bool = False,
        query_age: float = 150,
        retry_pause: float = 2,
    ) -> AsyncIterator["BotApi"]:
        """Run the stand-in while the block lasts."""
        switches = [] if limits else ["--no-limits"]
        switches += ["--trusting"] if trusting else []
        switches += ["--query-age", str(query_age), "--retry-pause", str(retry_pause)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.botapi", "--port", "0", "--token", token, *switches),
            cwd=_ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            address = await _address(process)
            async with aiohttp.ClientSession() as session:
                yield BotApi(token, address, Wire(address, session), process)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    @property
    def base_url(self) -> str:
        """What goes before the token in the address of a method."""
        return f"{self.address}/bot"

    @property
    def base_file_url(self) -> str:
        """What goes before the token in the address of a file."""
        return f"{self.address}/file/bot"

    async def call(self, method: str, /, **params: Any) -> tuple[int, Any]:
        """Call a method as the bot would, with a JSON body; returns status and answer."""
        async with self.wire.session.post(f"{self.base_url}{self.token}/{method}", json=params) as answer:
            return answer.status, await answer.json()

    async def done(self, method: str, /, **params: Any) -> Any:
        """Call a method that must succeed; returns its result."""
        status, answer = await self.call(method, **params)
        if status != HTTPStatus.OK:
            raise UnreadError(f"{method} {params}: {answer}")
        return answer["result"]

    async def user(
        self,
        id: int,  # noqa: A002 - the word of the Bot API
        name: str,
        *,
        language_code: str = "zh-hans",
        phone: str | None = None,
        username: str | None = None,
        started: bool = False,
    ) -> Person:
        """Bring a person; the bot may write first only to one who has `started` it."""
        await self.wire.ask(
            "user",
            id=id,
            first_name=name,
            language_code=language_code,
            phone=phone,
            username=username,
            started=started,
        )
        return Person(self.wire, id, name=name, phone=phone)

    async def group(
        self,
        id: int,  # noqa: A002 - the word of the Bot API
        title: str,
        *,
        forum: bool = False,
        members: Sequence[Person] = (),
        admins: Sequence[Person] = (),
        bot_status: str = "administrator",
    ) -> Group:
        """Bring a group with the bot in it; a forum, or an id below -10¹², is a supergroup."""
        await self.wire.ask(
            "group",
            id=id,
            title=title,
            forum=forum,
            members=[person.id for person in members],
            admins=[person.id for person in admins],
            bot_status=bot_status,
        )
        return Group(self.wire, id, title=title)

    async def fault(
        self,
        kind: FaultKind,
        *,
        method: str | None = None,
        chat_id: int | None = None,
        times: int = 1,
        seconds: float = 1,
    ) -> None:
        """Let the next calls that match go wrong; without a method every call but getUpdates matches."""
        await self.wire.ask("fault", kind=kind, method=method, chat_id=chat_id, times=times, seconds=seconds)

    async def faults(self) -> list[Json]:
        """Return the ordered faults and how often each was met."""
        return list(await self.wire.ask("faults"))

    async def clear_faults(self) -> None:
        """Let everything go well again."""
        await self.wire.ask("clear_faults")

    async def violations(self) -> list[Json]:
        """Return the calls that were wrong in themselves; a correct program has none."""
        return list(await self.wire.ask("violations"))

    async def refusals(self) -> list[Json]:
        """Return the correct calls that came to nothing: gone messages, late answers, blocks."""
        return list(await self.wire.ask("refusals"))

    async def floods(self) -> list[Json]:
        """Return the calls that were too fast."""
        return list(await self.wire.ask("floods"))

    async def history(self, *, after: int = 0) -> list[Json]:
        """Return the accepted sends, edits, deletions and answers in order, from number `after` on."""
        return list(await self.wire.ask("history", after=after))

    async def calls(self) -> dict[str, int]:
        """Return how often each method was called."""
        return dict((await self.wire.ask("state"))["calls"])

    async def pending(self) -> list[int]:
        """Return the ids of the updates that the bot has not confirmed."""
        return list((await self.wire.ask("state"))["pending"])

    async def commands(self) -> dict[str, list[Json]]:
        """Return the bot's commands by `[scope, language]` in JSON."""
        return dict((await self.wire.ask("state"))["commands"])

    async def queries(self) -> list[Json]:
        """Return every tap with its answers."""
        return list(await self.wire.ask("callbacks"))

    async def deliveries(self) -> list[Json]:
        """Return every try of the webhook: update, status, time."""
        return list((await self.wire.ask("webhook"))["attempts"])

    async def forget(self, message: Seen) -> None:
        """Lose a message, so that it can't be edited any more."""
        await self.wire.ask("forget", chat_id=message.chat_id, message_id=message.message_id)

    async def forget_topic(self, group: Group, topic: int) -> None:
        """Lose a topic, so that nothing can be sent to it any more."""
        await self.wire.ask("forget_topic", chat_id=group.chat_id, thread_id=topic)

    async def expire_queries(self) -> None:
        """Make every tap until now too old to be answered, and lose those not fetched."""
        await self.wire.ask("expire_queries")

    async def called(self, method: str, *, times: int = 1, within: float = 10) -> None:
        """Wait until a method has been called so often."""

        async def look() -> bool | None:
            return (await self.calls()).get(method, 0) >= times or None

        if await until(look, within=within) is None:
            raise UnreadError(f"{method} was not called {times} times within {within} s, only: {await self.calls()}")

    async def settled(self, *, within: float = 10) -> None:
        """Wait until the bot has confirmed every update."""

        async def look() -> bool | None:
            return None if await self.pending() else True

        if await until(look, within=within) is None:
            raise UnreadError(f"updates {await self.pending()} were not taken within {within} s")


async def _address(process: asyncio.subprocess.Process) -> str:
    if process.stdout is None:
        raise RuntimeError("the stand-in has no output")
    line = (await process.stdout.readline()).decode().strip()
    _, found, address = line.partition("listening on ")
    if not found:
        raise RuntimeError(f"the stand-in did not start: {line!r}")
    return address
