"""Long polling confirms only what is stored, and outlives whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from bot.channels.port import RawEvent
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.poller import growing, poll
from tests.bot.channels.telegram_stub import Answer, Stub, agree, refuses, stub, talking


@pytest.fixture
async def api() -> AsyncIterator[Stub]:
    async with stub() as server:
        yield server


@pytest.fixture
async def channel(api: Stub) -> AsyncIterator[TelegramChannel]:
    async with talking(api.url) as talker:
        yield talker


@dataclass(slots=True)
class Desk:
    """Stores events, fails when told to, and ends the polling at an offset."""

    until: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    stored: list[RawEvent] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)
    failures: int = 0

    async def store(self, event: RawEvent) -> bool:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        self.stored.append(event)
        return True

    async def remember(self, offset: int) -> None:
        assert max(int(event.event_id) for event in self.stored) == offset - 1
        self.offsets.append(offset)
        if offset == self.until:
            self.stop.set()

    def pause(self, tries: int) -> float:
        self.pauses.append(tries)
        return 0

    async def polls(self, channel: TelegramChannel, offset: int | None = None) -> None:
        async with asyncio.timeout(5):
            await poll(channel, self.store, offset=offset, stop=self.stop, remember=self.remember, pause=self.pause)


def batch(*ids: int) -> Answer:
    """Answer with updates."""

    async def answer(request: Any) -> Any:
        sender = {"id": 11, "is_bot": False, "first_name": "芳"}
        where = {"message_id": 1, "date": 1, "chat": {"id": 11, "type": "private"}, "from": sender}
        return agree([{"update_id": number, "message": {**where, "text": "在吗"}} for number in ids])

    return answer


async def waits(request: Any) -> Any:
    """Answer nothing for long."""
    await asyncio.sleep(60)


async def test_a_batch_is_stored_before_the_offset_moves(api: Stub, channel: TelegramChannel) -> None:
    api.will("getUpdates", batch(7, 8), batch(9), waits)
    desk = Desk(until=10)
    await desk.polls(channel)
    assert desk.offsets == [9, 10]
    assert [event.event_id for event in desk.stored] == ["7", "8", "9"]
    assert channel.read(desk.stored[0].payload).text == "在吗"
    assert [call.get("offset") for call in api.params("getUpdates")] == [None, "9"]
    assert orjson.loads(api.params("getUpdates")[0]["allowed_updates"]) == [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    ]


async def test_polling_first_takes_away_a_webhook_and_drops_nothing(api: Stub, channel: TelegramChannel) -> None:
    api.will("getUpdates", batch(7))
    await Desk(until=8).polls(channel, offset=5)
    assert api.calls[0].method == "deleteWebhook"
    assert not api.calls[0].params.get("drop_pending_updates")
    assert api.params("getUpdates")[0]["offset"] == "5"


async def test_what_was_not_stored_is_fetched_again(api: Stub, channel: TelegramChannel) -> None:
    api.will("getUpdates", batch(7, 8), batch(7, 8))
    desk = Desk(until=9, failures=1)
    await desk.polls(channel, offset=7)
    assert [call["offset"] for call in api.params("getUpdates")] == ["7", "7"]
    assert {event.event_id for event in desk.stored} == {"7", "8"}


async def test_another_poller_and_trouble_make_it_rest_longer_and_longer(api: Stub, channel: TelegramChannel) -> None:
    conflict = refuses(409, "Conflict: terminated by other getUpdates request")
    api.will("getUpdates", conflict, refuses(502, "Bad Gateway"), batch(7))
    desk = Desk(until=8)
    await desk.polls(channel)
    assert desk.pauses == [1, 2]


async def test_a_flood_is_waited_for_as_told(api: Stub, channel: TelegramChannel) -> None:
    api.will("getUpdates", refuses(429, "Too Many Requests", retry_after=0.01), batch(7))
    desk = Desk(until=8)
    await desk.polls(channel)
    assert desk.pauses == []


async def test_being_told_to_stop_ends_the_wait_at_once(api: Stub, channel: TelegramChannel) -> None:
    asked = asyncio.Event()

    async def notes_and_waits(request: Any) -> Any:
        asked.set()
        await waits(request)

    api.will("getUpdates", notes_and_waits)
    desk = Desk(until=0)
    polling = asyncio.create_task(desk.polls(channel))
    await asked.wait()
    desk.stop.set()
    await asyncio.wait_for(polling, 1)
    assert desk.stored == []


def test_pauses_grow_to_half_a_minute() -> None:
    assert 0.5 <= growing(1) <= 1
    assert 15 <= growing(50) <= 30
