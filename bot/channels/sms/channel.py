"""The text message channel: one number as a way in and out, over any gateway."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

from bot.channels.port import FetchFailed, Letter, Outcome, RawEvent, Sent
from bot.channels.sms.gateway import Ambiguous, NotSent, OptedOut, OutSms, Permanent, SmsGateway, Throttled
from bot.channels.sms.rendering import render
from bot.channels.sms.segments import segments
from services.messages import Channel, Happening, Inbound, T
from services.phones import e164


@dataclass(frozen=True, slots=True)
class InSms:
    """A text message that came in; `id` is the provider's, empty when it gives none."""

    id: str
    sender: str
    to: str
    text: str
    at: datetime


class SmsChannel:
    """Text messages through one gateway account."""

    channel = Channel.SMS
    edits = False

    def __init__(self, account: str, gateway: SmsGateway, *, region: str = "CN", slots: int = 8) -> None:
        """Take the account and its gateway; `region` is the country of numbers without a country's code."""
        self.account = account
        self.slots = slots
        self._gateway = gateway
        self._region = region

    def event(self, sms: InSms) -> RawEvent:
        """Name a message by id and lane, for storing; without an id of the provider's, by what it says and when."""
        number = self._number(sms.sender)
        said = f"{number}\n{sms.text}\n{sms.at:%Y-%m-%dT%H:%M}"
        event_id = sms.id or hashlib.sha256(said.encode(errors="replace")).hexdigest()
        fields = asdict(sms) | {"id": event_id}
        payload = orjson.dumps(fields | {"from": fields.pop("sender")}).decode()
        return RawEvent(Channel.SMS, self.account, event_id, self.lane_of(sms.sender), payload)

    def lane_of(self, sender: str) -> str:
        """Return the lane of a sender."""
        return f"sms:{self.account}:{self._number(sender)}"

    def read(self, payload: str) -> Inbound:
        """Read a stored message; what short codes send is ignored: nobody could be answered there."""
        try:
            sms = orjson.loads(payload)
            event_id, raw, text = sms["id"], sms["from"], sms["text"].replace("\x00", "").strip()
        except (AttributeError, KeyError, TypeError, orjson.JSONDecodeError):
            return Inbound(Channel.SMS, self.account, "", "", "", Happening.IGNORED)
        number = self._number(raw)
        is_heard = bool(text) and e164(raw, self._region) is not None
        return Inbound(
            channel=Channel.SMS,
            account=self.account,
            event_id=event_id,
            sender=number,
            address=number,
            happening=Happening.MESSAGE if is_heard else Happening.IGNORED,
            text=text,
            message_id=event_id,
        )

    async def send(self, letter: Letter) -> Sent:
        """Send a letter as one message of as many parts as it takes."""
        number = e164(letter.to, self._region)
        if number is None:
            return Sent(Outcome.PERMANENT, code="short_code")
        if letter.edit:
            return Sent(Outcome.PERMANENT, code="no_edits")
        if letter.parts_sent:
            return Sent(Outcome.ACCEPTED, parts=letter.parts_sent)
        text = render(letter, self._gateway.caps)
        if not text:
            return Sent(Outcome.PERMANENT, code="empty")
        parts = len(segments(text, self._gateway.caps.count_rule))
        try:
            result = await self._gateway.send(OutSms(letter.key, number, text, parts, _code(letter)))
        except NotSent as error:
            return _meaning(error)
        return Sent(Outcome.ACCEPTED, provider_id=result.external_ids[-1], parts=result.parts)

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:
        """Nothing is tapped in a text message."""

    async def fetch(self, file_id: str) -> bytes:  # noqa: ARG002
        """Refuse: nobody sends files by text message."""
        raise FetchFailed("text messages carry no files", final=True)

    async def close(self) -> None:
        """Close the gateway."""
        await self._gateway.close()

    def _number(self, raw: str) -> str:
        return e164(raw, self._region) or raw.strip()


def _meaning(error: NotSent) -> Sent:
    match error:
        case Throttled():
            return Sent(Outcome.THROTTLED, retry_after=error.retry_after, code=error.code)
        case Permanent():
            return Sent(Outcome.PERMANENT, code=error.code)
        case OptedOut():
            return Sent(Outcome.GONE, code=error.code or "opted_out")
        case Ambiguous():
            return Sent(Outcome.AMBIGUOUS, code=error.code)
    return Sent(Outcome.TRANSIENT, code=error.code)


def _code(letter: Letter) -> str:
    return letter.say.text.key if isinstance(letter.say.text, T) else ""
