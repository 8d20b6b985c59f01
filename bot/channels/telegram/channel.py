"""The Telegram channel: one bot account as a way in and out."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

import orjson
import structlog
from telegram import Bot
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.channels.port import FetchFailed, Letter, RawEvent, Sent
from bot.channels.telegram import reading, sending
from bot.channels.telegram.request import AiohttpRequest
from services.messages import Channel, Inbound

LARGEST_DOWNLOAD = 20 * 1024 * 1024
_ANSWER_SECONDS = 10  # what a long poll may take beyond its wait
_LONGEST_TOAST = 200
_KINDS = orjson.dumps(reading.KINDS).decode()
_TEMPORARY = "temporarily unavailable"

log = structlog.get_logger(__name__)


class TelegramChannel:
    """One bot, over the Bot API at any address."""

    channel = Channel.TELEGRAM
    edits = True

    def __init__(
        self,
        account: str,
        token: str,
        *,
        base_url: str,
        base_file_url: str,
        slots: int = 32,
        poll_seconds: int = 30,
    ) -> None:
        """Take the account and where its Bot API is; nothing connects before the first call.

        The addresses end where the token follows, as in `https://api.telegram.org/bot`.
        """
        self.account = account
        self.slots = slots
        self.username = ""
        self._poll_seconds = poll_seconds
        # Polling holds a connection for long: it has its own, so that sending never waits for it.
        self._calls = AiohttpRequest(connections=max(128, 2 * slots))
        self._polls = AiohttpRequest(connections=4)
        self.bot = Bot(
            token,
            base_url=base_url,
            base_file_url=base_file_url,
            request=self._calls,
            get_updates_request=self._polls,
        )

    def read(self, payload: str) -> Inbound:
        """Read a stored update."""
        return reading.read(payload, self.account, self.username)

    def event(self, update: reading.Json, payload: str) -> RawEvent:
        """Name an update by id and lane, for storing; what has no id is stored by its hash."""
        try:
            event_id, lane = reading.lane_of(update, self.account)
        except (AttributeError, KeyError, StopIteration, TypeError):
            return self.unread(payload)
        return RawEvent(self.channel, self.account, event_id, lane, payload)

    def unread(self, payload: str) -> RawEvent:
        """Name what could not be read by its hash, so that it is kept for people to look at."""
        digest = hashlib.sha256(payload.encode(errors="replace")).hexdigest()
        return RawEvent(self.channel, self.account, digest, f"telegram:{self.account}:unread", payload)

    async def send(self, letter: Letter) -> Sent:
        """Send a letter, from its first unsent part on."""
        return await sending.send(self.bot, letter)

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:
        """Answer a tap; too late or unreachable is nobody's loss."""
        try:
            await self.bot.answer_callback_query(tap_id, text[:_LONGEST_TOAST], show_alert=alert)
        except TelegramError as error:
            log.debug("a tap was not answered", account=self.account, why=error.message)

    async def fetch(self, file_id: str) -> bytes:
        """Get the bytes of a file."""
        try:
            file = await self.bot.get_file(file_id)
            if (file.file_size or 0) > LARGEST_DOWNLOAD:
                raise FetchFailed("the file is too big", final=True)
            return bytes(await file.download_as_bytearray())
        except TelegramError as error:
            is_refusal = isinstance(error, BadRequest | Forbidden) and _TEMPORARY not in error.message.lower()
            raise FetchFailed(error.message, final=is_refusal) from error

    async def updates(self, offset: int | None) -> list[dict[str, Any]]:
        """Wait for updates from `offset` on, as they come; naming an offset confirms all before it."""
        asked: dict[str, object] = {"timeout": self._poll_seconds, "allowed_updates": _KINDS}
        if offset is not None:
            asked["offset"] = offset
        url = f"{self.bot.base_url}/getUpdates?{urlencode(asked)}"
        result: Any = await self._polls.post(url, read_timeout=self._poll_seconds + _ANSWER_SECONDS)
        return list(result)

    async def learn_name(self) -> None:
        """Ask for the bot's own name, to tell its commands from other bots' in groups; best effort."""
        try:
            me = await self.bot.get_me()
        except TelegramError as error:
            log.warning("the bot's name is unknown", account=self.account, why=error.message)
            return
        self.username = me.username or ""

    async def close(self) -> None:
        """Close every connection."""
        await self._calls.shutdown()
        await self._polls.shutdown()


def parse(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse an update; None when it is no JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
