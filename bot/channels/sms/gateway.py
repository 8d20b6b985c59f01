"""What a gateway for text messages offers, and how it says that it did not go well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.channels.sms.segments import CountRule


@dataclass(frozen=True, slots=True)
class Caps:
    """What a gateway can do."""

    free_text: bool = True  # False: approved templates only, named by `OutSms.code`
    inbound: bool = True
    receipts: bool = False
    needs_signature: bool = True
    max_parts: int = 5
    count_rule: CountRule = CountRule.GSM


@dataclass(frozen=True, slots=True)
class OutSms:
    """One message on its way, the same for every gateway."""

    key: str  # our own id: a gateway that can, keeps two of the same key from going out
    to: str  # E.164
    text: str
    parts: int
    code: str = ""  # the business code: what is said, for gateways that only know templates


@dataclass(frozen=True, slots=True)
class SendResult:
    """The gateway took it: its ids, and how many parts it will charge."""

    external_ids: tuple[str, ...]
    parts: int


class SmsGateway(Protocol):
    """A provider of text messages."""

    @property
    def kind(self) -> str:
        """The gateway's kind, as settings name it."""

    @property
    def caps(self) -> Caps:
        """What it can do."""

    async def send(self, sms: OutSms) -> SendResult:
        """Hand a message over; raises a `NotSent`."""

    async def close(self) -> None:
        """Let go of connections."""


class NotSent(Exception):  # noqa: N818 - reads as what happened
    """The gateway did not take a message; `code` is its own reason."""

    def __init__(self, code: str = "") -> None:
        """Keep the reason."""
        super().__init__(code)
        self.code = code


class Retryable(NotSent):
    """Not now: away, busy, broken."""


class Permanent(NotSent):
    """Never: the number or the text is refused."""


class OptedOut(NotSent):
    """The person wants no messages from us."""


class Ambiguous(NotSent):
    """No answer after handing over: perhaps it went out."""


class Throttled(NotSent):
    """Too fast; again after so many seconds."""

    def __init__(self, retry_after: float, code: str = "") -> None:
        """Keep the seconds and the reason."""
        super().__init__(code)
        self.retry_after = retry_after
