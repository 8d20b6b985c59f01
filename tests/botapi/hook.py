"""A bot's own server, as the webhook's far end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Hook:
    """A bot's own server that answers as told and keeps what it gets."""

    answers: list[web.Response] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    secrets: set[str | None] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def take(self, request: web.BaseRequest) -> web.StreamResponse:
        update = await request.json()
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.times.append(time.monotonic())
        self.got.append(update["message"]["text"])
        self.news.set()
        return self.answers.pop(0) if self.answers else web.Response()

    async def gets(self, *texts: str) -> None:
        async with asyncio.timeout(5):
            while self.got != list(texts):
                await self.news.wait()
                self.news.clear()


@asynccontextmanager
async def listening(*answers: web.Response) -> AsyncIterator[Hook]:
    hook = Hook(list(answers))
    runner = web.ServerRunner(web.Server(hook.take), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()
