"""A Bot API of a few lines, in the test's own process: notes the calls and answers as told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.telegram.channel import TelegramChannel

TOKEN = "4242:SECRET"
Json: TypeAlias = dict[str, Any]
Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Called:
    """One call as it came."""

    method: str
    params: Json
    uploads: dict[str, bytes]
    transport: int


@dataclass(slots=True)
class Stub:
    """The server: what was called, and the answers that wait per method."""

    url: str = ""
    calls: list[Called] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    count: int = 100

    def will(self, method: str, *answers: Answer) -> None:
        """Answer the next calls of a method so."""
        self.answers[method] += answers

    def params(self, method: str) -> list[Json]:
        """What a method was called with."""
        return [call.params for call in self.calls if call.method == method]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note a call and answer it."""
        method = request.path.rpartition("/")[2]
        self.calls.append(await self._read(request, method))
        if self.answers[method]:
            return await self.answers[method].pop(0)(request)
        return agree(self._usual(self.calls[-1]))

    async def _read(self, request: web.Request, method: str) -> Called:
        uploads: dict[str, bytes] = {}
        params: Json = dict(request.query)
        if request.content_type == "application/json":
            params |= orjson.loads(await request.read())
        else:
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    uploads[name] = value.file.read()
                else:
                    params[name] = value
        return Called(method, params, uploads, id(request.transport))

    def _usual(self, call: Called) -> Any:
        if call.method == "sendMediaGroup":
            items = (
                orjson.loads(call.params["media"]) if isinstance(call.params["media"], str) else call.params["media"]
            )
            return [self._message(call, item["type"]) for item in items]
        if call.method.startswith(("send", "editMessage")):
            return self._message(call, call.method.removeprefix("send").lower())
        return True

    def _message(self, call: Called, kind: str) -> Json:
        self.count += 1
        file = {"file_id": f"new-{self.count}", "file_unique_id": "u", "width": 1, "height": 1, "duration": 1}
        message: Json = {
            "message_id": self.count,
            "date": 1,
            "chat": {"id": int(call.params["chat_id"]), "type": "private"},
        }
        if kind in {"photo", "voice", "video", "document"}:
            message[kind] = [file] if kind == "photo" else file
        return message


def agree(result: Any) -> web.Response:
    """Answer that it was done."""
    return web.json_response({"ok": True, "result": result})


def refuses(status: int, description: str, **parameters: Any) -> Answer:
    """Answer that it was not done."""

    async def answer(request: web.Request) -> web.Response:
        body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
        return web.json_response(body, status=status)

    return answer


def says(body: str, *, status: int = 200) -> Answer:
    """Answer with something that is no JSON."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, status=status)

    return answer


async def drops(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hangs(request: web.Request) -> web.Response:
    """Answer too late."""
    await asyncio.sleep(5)
    return web.Response()


@asynccontextmanager
async def stub() -> AsyncIterator[Stub]:
    """Run the server while the block lasts."""
    api = Stub()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", api.handle)
    server = TestServer(app, host="127.0.0.1", shutdown_timeout=0.1)
    await server.start_server()
    api.url = str(server.make_url("/")).rstrip("/")
    try:
        yield api
    finally:
        await server.close()


@asynccontextmanager
async def talking(address: str, token: str = TOKEN) -> AsyncIterator[TelegramChannel]:
    """A channel that talks to the server at an address."""
    channel = TelegramChannel(
        "bot", token, base_url=f"{address}/bot", base_file_url=f"{address}/file/bot", poll_seconds=1
    )
    try:
        yield channel
    finally:
        await channel.close()
