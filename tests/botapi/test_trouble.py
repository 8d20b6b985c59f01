"""The stand-in slows the bot down, fails it and drops it when asked to."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.botapi.driver import BotApi
from tests.botapi.faults import FaultKind

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER = 11
GROUP = -501


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[BotApi]:
    async with BotApi.start(limits=False) as api:
        await api.user(OWNER, "王芳", started=True)
        yield api


async def test_who_is_too_fast_is_told_to_wait_and_noted() -> None:
    async with BotApi.start() as api:
        await api.user(OWNER, "王芳", started=True)
        await api.group(GROUP, "工程组")
        for number in range(5):
            await api.done("sendMessage", chat_id=OWNER, text=f"第{number}条")
        status, answer = await api.call("sendMessage", chat_id=OWNER, text="第6条")
        assert (status, answer["parameters"]) == (429, {"retry_after": 1})
        assert answer["description"] == "Too Many Requests: retry after 1"
        await api.call("sendMessage", chat_id=OWNER, text="第6条")
        floods = await api.floods()
        assert [(one["scope"], one["told_before"]) for one in floods] == [
            ("private", False),
            ("private", True),
        ]

        statuses = [(await api.call("sendMessage", chat_id=GROUP, text=f"{n}"))[0] for n in range(21)]
        assert statuses == [200] * 20 + [429]
        assert (await api.floods())[-1]["scope"] == "group"
        for number in range(100, 140):
            await api.user(number, "邻居", started=True)
        calls = [api.call("sendMessage", chat_id=number, text="通知") for number in range(100, 140)]
        statuses = [status for status, _ in await asyncio.gather(*calls)]
        assert statuses.count(429) >= 5
        assert (await api.floods())[-1]["scope"] == "bot"
        assert len(await api.history()) == 25 + statuses.count(200)
        assert await api.violations() == []


async def test_faults_strike_the_calls_they_were_ordered_for(shared: BotApi) -> None:
    before = len(await shared.history())
    said = {"chat_id": OWNER, "text": "您好"}
    await shared.fault(FaultKind.THROTTLE, method="sendMessage", seconds=7)
    await shared.fault(FaultKind.ERROR)
    await shared.fault(FaultKind.FORBIDDEN, chat_id=OWNER, times=2)
    answers = [await shared.call("sendMessage", **said) for _ in range(5)]
    assert [status for status, _ in answers] == [429, 500, 403, 403, 200]
    assert answers[0][1]["parameters"] == {"retry_after": 7}
    assert [one["met"] for one in await shared.faults()] == [1, 1, 2]
    await shared.fault(FaultKind.BAD_GATEWAY)
    async with shared.wire.session.post(f"{shared.base_url}{shared.token}/sendMessage", json=said) as answer:
        assert (answer.status, answer.content_type) == (502, "text/html")
    assert len(await shared.history()) == before + 1
    await shared.clear_faults()


async def test_a_connection_may_end_before_or_after_the_call_counts(shared: BotApi) -> None:
    before = len(await shared.history())
    for kind in (FaultKind.DROP_BEFORE, FaultKind.STALL, FaultKind.DROP_AFTER):
        await shared.fault(kind, seconds=0.05)
        with pytest.raises(aiohttp.ClientConnectionError):
            await shared.call("sendMessage", chat_id=OWNER, text=kind)
    await shared.fault(FaultKind.HANG, seconds=0.2)
    started = time.monotonic()
    await shared.done("sendMessage", chat_id=OWNER, text="hang")
    assert time.monotonic() - started >= 0.2
    history = await shared.history(after=before)
    assert [one["text"] for one in history] == ["drop_after", "hang"]
    assert started < history[1]["at"] < started + 0.2
    await shared.fault(FaultKind.ERROR, times=100)
    await shared.clear_faults()
    await shared.done("sendMessage", chat_id=OWNER, text="quiet again")


async def test_a_trusting_server_takes_chats_and_taps_that_it_never_saw() -> None:
    async with BotApi.start(limits=False, trusting=True) as api:
        await api.done("sendMessage", chat_id=777, text="您好")
        await api.done("answerCallbackQuery", callback_query_id="abc")
        assert [one["chat_id"] for one in await api.history()] == [777, 0]
        assert await api.refusals() == []
