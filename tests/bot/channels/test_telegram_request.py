"""How requests reach the Bot API, and what their failures say about the message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError, TimedOut

from bot.channels.telegram.request import AiohttpRequest, SlowDown
from bot.channels.telegram.yardstick import clients
from tests.bot.channels.telegram_stub import TOKEN, Stub, drops, hangs, refuses, says, stub


@pytest.fixture
async def api() -> AsyncIterator[Stub]:
    async with stub() as server:
        yield server


@pytest.fixture
async def bot(api: Stub) -> AsyncIterator[Bot]:
    request = AiohttpRequest(connections=2, total=0.5, connect=0.2)
    yield Bot(TOKEN, base_url=f"{api.url}/bot", request=request, get_updates_request=request)
    await request.shutdown()


async def test_a_text_goes_as_json_with_its_types(api: Stub, bot: Bot) -> None:
    message = await bot.send_message(11, "您好", disable_notification=True)
    assert message.message_id == 101
    assert api.params("sendMessage") == [{"chat_id": 11, "text": "您好", "disable_notification": True}]


async def test_a_file_goes_as_a_form(api: Stub, bot: Bot) -> None:
    await bot.send_photo(11, b"picture", caption="漏水", filename="a.jpg")
    assert api.calls[0].uploads == {"photo": b"picture"}
    assert api.calls[0].params == {"chat_id": "11", "caption": "漏水"}


async def test_a_large_file_goes_too(api: Stub, bot: Bot) -> None:
    large = b"x" * (2 * 1024 * 1024)
    await bot.send_document(11, large)
    assert api.calls[0].uploads == {"document": large}


async def test_connections_are_kept_and_no_more_than_allowed(api: Stub, bot: Bot) -> None:
    await asyncio.gather(*(bot.send_message(11, "您好") for _ in range(20)))
    assert len({call.transport for call in api.calls}) <= 2


async def test_a_flood_says_how_long_to_wait(api: Stub, bot: Bot) -> None:
    api.will("sendMessage", refuses(429, "Too Many Requests: retry after 7", retry_after=7), says("slow", status=429))
    with pytest.raises(SlowDown) as told:
        await bot.send_message(11, "您好")
    assert told.value.seconds == 7
    with pytest.raises(SlowDown) as guessed:
        await bot.send_message(11, "您好")
    assert guessed.value.seconds == 1


async def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    request = AiohttpRequest()
    with pytest.raises(NetworkError) as error:
        await Bot(TOKEN, base_url="http://127.0.0.1:1/bot", request=request).send_message(11, "您好")
    await request.shutdown()
    assert not isinstance(error.value, TimedOut)
    assert TOKEN not in str(error.value)


async def test_a_full_pool_means_that_nothing_was_sent(api: Stub, bot: Bot) -> None:
    api.will("sendMessage", hangs, hangs)
    errors = await asyncio.gather(*(bot.send_message(11, "您好") for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in errors] == [TimedOut, TimedOut, NetworkError]


async def test_a_late_answer_or_none_leaves_a_doubt(api: Stub, bot: Bot) -> None:
    api.will("sendMessage", hangs, drops)
    for _ in range(2):
        with pytest.raises(TimedOut) as error:
            await bot.send_message(11, "您好")
        assert TOKEN not in str(error.value)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequest), (401, InvalidToken), (500, NetworkError), (502, NetworkError)]
)
async def test_a_page_instead_of_json_keeps_the_meaning_of_its_status(
    api: Stub, bot: Bot, status: int, kind: type[Exception]
) -> None:
    api.will("sendMessage", says("<html>", status=status))
    with pytest.raises(kind):
        await bot.send_message(11, "您好")


async def test_an_agreeing_answer_that_cannot_be_read_is_no_network_error(api: Stub, bot: Bot) -> None:
    api.will("sendMessage", says("<html>"))
    with pytest.raises(TelegramError) as error:
        await bot.send_message(11, "您好")
    assert not isinstance(error.value, NetworkError)


async def test_the_session_opens_and_closes_any_number_of_times(api: Stub) -> None:
    request = AiohttpRequest()
    await request.initialize()
    await request.shutdown()
    await request.shutdown()
    bot = Bot(TOKEN, base_url=f"{api.url}/bot", request=request)
    await bot.send_message(11, "您好")
    await request.shutdown()
    assert request.read_timeout == 30


async def test_both_clients_of_the_comparison_send_the_same(api: Stub) -> None:
    for client in clients(TOKEN, f"{api.url}/bot"):
        await client.send()
        await client.close()
    first, second = api.params("sendMessage")
    assert first["text"] == second["text"]
