"""The gateway inside the process: messages appear on the demo's phones, and in tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from bot.channels.sms.gateway import Caps, OutSms, SendResult

Deliver: TypeAlias = Callable[[str, str, str], Awaitable[None]]  # number, text, message id


class DemoGateway:
    """Delivers by a callback; a message sent twice has the same id."""

    kind = "demo"

    def __init__(self, deliver: Deliver, caps: Caps | None = None) -> None:
        """Take what puts a text on a phone."""
        self.caps = caps or Caps()
        self._deliver = deliver

    async def send(self, sms: OutSms) -> SendResult:
        """Deliver at once."""
        message_id = f"demo:{sms.key}"
        await self._deliver(sms.to, sms.text, message_id)
        return SendResult((message_id,), sms.parts)

    async def close(self) -> None:
        """Nothing is held."""
