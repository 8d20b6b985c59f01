"""Two clients that send the same message: the library's own, and ours, to measure one against the other."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import Bot

from bot.channels.telegram.request import AiohttpRequest

_CHAT = 11
_WORDS = "x" * 60


@dataclass(frozen=True, slots=True)
class Client:
    """A named way to send one message."""

    name: str
    bot: Bot

    async def send(self) -> None:
        """Send the message."""
        await self.bot.send_message(_CHAT, _WORDS)

    async def close(self) -> None:
        """Close every connection."""
        await self.bot.request.shutdown()


def clients(token: str, base_url: str) -> tuple[Client, Client]:
    """Return the library's default client, and ours."""
    default = Bot(token, base_url=base_url)
    ours = Bot(token, base_url=base_url, request=AiohttpRequest())
    return Client("python-telegram-bot default", default), Client("ownerline", ours)
