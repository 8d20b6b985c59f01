"""Posting prepared bodies over kept-alive connections, with as little work as the client can get by with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import urlsplit

CONNECTIONS = 40
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """One kept-alive connection; one request at a time."""

    def __init__(self, head: bytes) -> None:
        """Take what every request begins with."""
        self._head = head
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer whoever waits, once the answer is whole."""
        self._got += data
        end = self._got.find(_END)
        if end < 0:
            return
        length = _LENGTH.search(self._got, 0, end)
        if len(self._got) < end + len(_END) + (int(length[1]) if length else 0):
            return
        status, self._got = int(self._got[9:12]), b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))

    async def post(self, body: bytes) -> int:
        """Post a body and return the status."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(b"%bContent-Length: %d\r\n\r\n%b" % (self._head, len(body), body))
        return await self._answer

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()


@asynccontextmanager
async def connected(url: str, secret: str) -> AsyncIterator[list[Connection]]:
    """Hold the connections open while the block runs."""
    place = urlsplit(url)
    head = (
        f"POST {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    host, port = place.hostname or "", place.port or 0
    opened: list[Connection] = []
    try:
        for _ in range(CONNECTIONS):
            _, connection = await loop.create_connection(lambda: Connection(head), host, port)
            opened.append(connection)
        yield opened
    finally:
        for connection in opened:
            connection.close()
