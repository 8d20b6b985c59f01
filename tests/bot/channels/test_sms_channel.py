"""Text messages in and out, over any gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
import pytest

from bot.channels.port import FetchFailed, Outcome
from bot.channels.sms.channel import InSms, SmsChannel
from bot.channels.sms.demo import DemoGateway
from bot.channels.sms.gateway import (
    Ambiguous,
    Caps,
    NotSent,
    OptedOut,
    OutSms,
    Permanent,
    Retryable,
    SendResult,
    Throttled,
)
from services.messages import Channel, Happening, T
from services.phones import digits, e164, find_number, masked
from tests.bot.channels.letters import choice, sms

NOON = datetime(2026, 4, 12, 4, 0, 30, tzinfo=UTC)
WANG = "+8613800138000"


@dataclass(slots=True)
class Phones:
    """What appeared on which phone."""

    shown: list[tuple[str, str, str]] = field(default_factory=list)

    async def deliver(self, to: str, text: str, message_id: str) -> None:
        self.shown.append((to, text, message_id))


@dataclass(slots=True)
class Refusing:
    """A gateway that refuses everything."""

    why: NotSent
    kind: str = "refusing"
    caps: Caps = field(default_factory=Caps)
    closed: bool = False
    asked: list[OutSms] = field(default_factory=list)

    async def send(self, sms: OutSms) -> SendResult:
        self.asked.append(sms)
        raise self.why

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def phones() -> Phones:
    return Phones()


@pytest.fixture
def channel(phones: Phones) -> SmsChannel:
    return SmsChannel("demo", DemoGateway(phones.deliver))


def came(text: str = "厨房漏水", sender: str = WANG, number: str = "m1") -> InSms:
    """A message that came in."""
    return InSms(number, sender, "10690000", text, NOON)


async def test_a_letter_appears_on_the_phone(channel: SmsChannel, phones: Phones) -> None:
    sent = await channel.send(sms("修好了吗?", (choice("good"), choice("bad")), to="138 0013 8000"))
    assert phones.shown == [(WANG, "【阳光花园物业】修好了吗?\n1 满意 2 不满意\n电话0571-88880000", "demo:reply:1")]
    assert (sent.outcome, sent.provider_id, sent.parts) == (Outcome.ACCEPTED, "demo:reply:1", 1)


async def test_a_letter_that_had_gone_is_not_sent_again(channel: SmsChannel, phones: Phones) -> None:
    sent = await channel.send(sms("您好", parts_sent=2))
    assert (sent.outcome, sent.parts, phones.shown) == (Outcome.ACCEPTED, 2, [])


@pytest.mark.parametrize("number", ["10690000", "95588", "物业", ""])
async def test_short_codes_are_never_answered(channel: SmsChannel, phones: Phones, number: str) -> None:
    sent = await channel.send(sms("您好", to=number))
    assert (sent.outcome, sent.code, phones.shown) == (Outcome.PERMANENT, "short_code", [])


async def test_nothing_to_say_is_not_sent(channel: SmsChannel, phones: Phones) -> None:
    sent = await channel.send(sms(" "))
    assert (sent.outcome, sent.code, phones.shown) == (Outcome.PERMANENT, "empty", [])


async def test_what_went_out_is_not_edited(channel: SmsChannel, phones: Phones) -> None:
    sent = await channel.send(sms("您好", edit="demo:reply:1"))
    assert (sent.outcome, sent.code, phones.shown) == (Outcome.PERMANENT, "no_edits", [])


@pytest.mark.parametrize(
    ("why", "outcome", "code"),
    [
        (Retryable("503"), Outcome.TRANSIENT, "503"),
        (Permanent("403"), Outcome.PERMANENT, "403"),
        (OptedOut(), Outcome.GONE, "opted_out"),
        (Ambiguous("timeout"), Outcome.AMBIGUOUS, "timeout"),
        (Throttled(7, "429"), Outcome.THROTTLED, "429"),
    ],
)
async def test_a_gateways_refusal_is_told_by_what_to_do(why: NotSent, outcome: Outcome, code: str) -> None:
    gateway = Refusing(why)
    channel = SmsChannel("sms", gateway)
    sent = await channel.send(sms(T("bold", number="7")))
    assert (sent.outcome, sent.code) == (outcome, code)
    assert sent.retry_after == (7 if isinstance(why, Throttled) else 0)
    assert gateway.asked[0].code == "bold"
    await channel.close()
    assert gateway.closed


async def test_bold_is_not_shown(channel: SmsChannel, phones: Phones) -> None:
    await channel.send(sms(T("bold", number="<7>"), phone=""))
    assert phones.shown[0][1] == "【阳光花园物业】单号 <7> 报好了"


def test_a_message_is_stored_under_its_id_and_senders_lane(channel: SmsChannel) -> None:
    event = channel.event(came(sender="138 0013 8000"))
    assert (event.channel, event.account, event.event_id) == (Channel.SMS, "demo", "m1")
    assert event.lane == f"sms:demo:{WANG}" == channel.lane_of("008613800138000")


def test_a_stored_message_is_read(channel: SmsChannel) -> None:
    heard = channel.read(channel.event(came(" 厨房\x00漏水 ", sender="13800138000")).payload)
    assert (heard.happening, heard.text, heard.sender, heard.address) == (Happening.MESSAGE, "厨房漏水", WANG, WANG)
    assert (heard.event_id, heard.message_id, heard.account) == ("m1", "m1", "demo")


def test_without_an_id_the_same_words_in_the_same_minute_are_one_message(channel: SmsChannel) -> None:
    first, second = (channel.event(came(number="")) for _ in range(2))
    other = channel.event(came("快点", number=""))
    assert first.event_id == second.event_id != other.event_id
    assert channel.read(first.payload).event_id == first.event_id


@pytest.mark.parametrize("payload", ["{", "[]", "{}", '{"id":1,"from":"1","text":null}'])
def test_what_cannot_be_understood_is_ignored(channel: SmsChannel, payload: str) -> None:
    assert channel.read(payload).happening is Happening.IGNORED


@pytest.mark.parametrize(("sender", "text"), [("10690000", "验证码1234"), (WANG, "  ")])
def test_short_codes_and_silence_are_ignored(channel: SmsChannel, sender: str, text: str) -> None:
    payload = orjson.dumps({"id": "m1", "from": sender, "to": "x", "text": text, "at": NOON}).decode()
    assert channel.read(payload).happening is Happening.IGNORED


async def test_nothing_is_tapped_and_no_file_is_had(channel: SmsChannel, phones: Phones) -> None:
    await channel.toast("t", "好的", alert=True)
    with pytest.raises(FetchFailed) as failed:
        await channel.fetch("f")
    assert failed.value.final
    await channel.close()
    assert phones.shown == []


@pytest.mark.parametrize("raw", ["13800138000", "0086 138 0013 8000", "86 138-0013-8000", "＋8613800138000", WANG])
def test_a_number_is_written_one_way(raw: str) -> None:
    assert e164(raw, "CN") == WANG


@pytest.mark.parametrize("raw", ["", "物业", "95588", "10690000", "+86138"])
def test_what_cannot_be_called_from_anywhere_is_no_number(raw: str) -> None:
    assert e164(raw, "CN") is None


def test_a_number_of_another_region_keeps_its_country() -> None:
    assert e164("9123 4567", "HK") == "+85291234567"


def test_a_masked_number_gives_nothing_away() -> None:
    assert masked(WANG) == "+86138****8000"
    assert masked("+85291234567") == "+852****4567"
    assert masked("95588") == "****88"


def test_numbers_are_compared_by_their_digits() -> None:
    assert digits("电话 ０５７１-8888 0000") == "057188880000"


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        ("3-2-1502 王女士 13800138000 厨房漏水", WANG, "3-2-1502 王女士 厨房漏水"),
        ("王女士138 0013 8000,厨房漏水", WANG, "王女士 ,厨房漏水"),
        ("0571-88880000 说电梯停了", "+8657188880000", "说电梯停了"),
        ("3栋2单元1502厨房漏水,单号0412-07", "", "3栋2单元1502厨房漏水,单号0412-07"),
    ],
)
def test_a_number_is_found_among_words(text: str, number: str, rest: str) -> None:
    assert find_number(text, "CN") == (number, rest)
