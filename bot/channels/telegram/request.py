"""How python-telegram-bot reaches the Bot API: one aiohttp session, orjson, and honest errors.

What a failed request means for the message is told by the error's class: `NetworkError`, nothing was done;
`TimedOut`, perhaps it was; `SlowDown`, refused for now.
"""

from __future__ import annotations

import io
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

# Shorter than the pause after which servers drop idle connections: a request that meets a
# connection just being closed is lost in doubt.
_KEEP_ALIVE_SECONDS = 30.0
_UPLOAD_SECONDS = 120.0
# What an answer repeats of a message that we sent: nobody reads it, and making objects of it takes time.
_OUR_OWN_WORDS = frozenset({"from", "text", "entities", "caption", "caption_entities", "reply_markup"})
_JSON = {"Content-Type": "application/json"}
_NOTHING_WAS_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class SlowDown(TelegramError):  # noqa: N818 - reads as what was answered
    """Refused with 429: again after so many seconds.

    The library's own error for this warns on every creation, which would be noise in every flood.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many requests, again in {seconds} s")
        self.seconds = seconds


class AiohttpRequest(BaseRequest):
    """Requests over one session with kept-alive connections, opened with the first request."""

    __slots__ = ("_connect", "_connections", "_session", "_total")

    def __init__(self, *, connections: int = 128, total: float = 30.0, connect: float = 10.0) -> None:
        """Set the limits: connections in all, seconds for a whole request, seconds to get a connection."""
        self._connections = connections
        self._total = total
        self._connect = min(connect, total / 2)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds that a request may take."""
        return self._total

    async def initialize(self) -> None:
        """Open the session; the first request does so too."""
        self._open()

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        connect_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
        pool_timeout: object = BaseRequest.DEFAULT_NONE,  # noqa: ARG002
    ) -> tuple[int, bytes]:
        """Send one request and return status and body; of the timeouts only the read one is heard."""
        body, headers = _encoded(request_data)
        timeout = self._timeout(read_timeout, is_upload=isinstance(body, aiohttp.FormData))
        try:
            async with self._open().request(method, url, data=body, headers=headers, timeout=timeout) as answer:
                status, content = answer.status, await answer.read()
        # The address holds the bot's token: only the kind of the error may be told.
        except _NOTHING_WAS_SENT as error:
            raise NetworkError(f"no connection: {type(error).__name__}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TimedOut(f"no answer: {type(error).__name__}") from error
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise SlowDown(_retry_after(content))
        return status, content

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:  # noqa: ANN401 - JSON
        """Parse an answer of the Bot API."""
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise TelegramError("unreadable answer") from error
        message = answer.get("result") if isinstance(answer, dict) else None
        if isinstance(message, dict) and "message_id" in message:  # one that we sent
            for name in _OUR_OWN_WORDS & message.keys():
                del message[name]
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ttl_dns_cache=300
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _timeout(self, asked: object, *, is_upload: bool) -> aiohttp.ClientTimeout:
        total = float(asked) if isinstance(asked, int | float) else self._total
        if is_upload:
            total = max(total, _UPLOAD_SECONDS)
        return aiohttp.ClientTimeout(total=total, connect=min(self._connect, total / 2))


def _encoded(data: RequestData | None) -> tuple[bytes | aiohttp.FormData | None, dict[str, str]]:
    if data is None:
        return None, {}
    if not data.contains_files:
        return orjson.dumps(data.parameters), _JSON
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (file_name, content, mime) in data.multipart_data.items():
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=file_name, content_type=mime)
    return form, {}


def _retry_after(content: bytes) -> float:
    try:
        return float(orjson.loads(content)["parameters"]["retry_after"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return 1.0
