"""Updates reach the bot as Telegram brings them: by long poll or by webhook."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from tests.botapi.driver import BotApi
from tests.botapi.hook import listening

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWNER = 11
STRANGER = 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[BotApi]:
    async with BotApi.start(limits=False) as api:
        yield api


@pytest_asyncio.fixture(loop_scope="module")
async def quiet(shared: BotApi) -> BotApi:
    """The shared server with nothing left to fetch and every kind of update wanted."""
    for update in await shared.done("getUpdates", allowed_updates=[]):
        await shared.done("getUpdates", offset=update["update_id"] + 1)
    return shared


async def test_polling_confirms_by_offset_and_waits_for_news(quiet: BotApi) -> None:
    owner = await quiet.user(OWNER, "王芳", phone="13800000011")
    await owner.says("/start q7")
    await owner.says("报修")
    first = await quiet.done("getUpdates", limit=1)
    assert [one["message"]["text"] for one in first] == ["/start q7"]
    assert first[0]["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    rest = await quiet.done("getUpdates", offset=first[0]["update_id"] + 1)
    assert [one["message"]["text"] for one in rest] == ["报修"]
    again = await quiet.done("getUpdates", offset=rest[0]["update_id"])
    assert again == rest

    calls = (await quiet.calls())["getUpdates"]
    poll = asyncio.create_task(quiet.done("getUpdates", offset=rest[0]["update_id"] + 1, timeout=20))
    await quiet.called("getUpdates", times=calls + 1)
    await owner.shares_contact()
    (news,) = await asyncio.wait_for(poll, 5)
    assert news["message"]["contact"]["user_id"] == OWNER
    assert await quiet.done("getUpdates", offset=news["update_id"] + 1) == []
    assert await quiet.pending() == []


async def test_two_pollers_conflict_and_allowed_updates_stick(quiet: BotApi) -> None:
    owner = await quiet.user(27, "王芳")
    calls = (await quiet.calls())["getUpdates"]
    older = asyncio.create_task(quiet.call("getUpdates", timeout=20, allowed_updates=["callback_query"]))
    await quiet.called("getUpdates", times=calls + 1)
    newer = asyncio.create_task(quiet.call("getUpdates", timeout=20))
    status, answer = await older
    assert (status, answer["description"].startswith("Conflict: terminated by other")) == (409, True)
    await owner.says("不要的一类")
    assert await quiet.call("getUpdates", allowed_updates=[]) == (200, {"ok": True, "result": []})
    assert (await newer)[0] == 409
    await owner.says("报修")
    _, answer = await quiet.call("getUpdates")
    assert [one["message"]["text"] for one in answer["result"]] == ["报修"]


async def test_people_do_what_people_do_in_groups(quiet: BotApi) -> None:
    boss = await quiet.user(31, "经理")
    group = await quiet.group(-503, "工程组", members=[boss], bot_status="member")
    await boss.says("大家注意", in_group=group)  # privacy mode: not for the bot
    await boss.says("/jobs", in_group=group, anonymous=True)
    said = await quiet.done("sendMessage", chat_id=-503, text="今天没有工单")
    await boss.says("好", in_group=group, reply_to=said["message_id"])
    moved = await boss.migrates(group, -1001000000009)
    jobs, reply, away, arrived = [one["message"] for one in await quiet.done("getUpdates")]
    assert jobs["sender_chat"]["id"] == -503
    assert jobs["from"]["username"] == "GroupAnonymousBot"
    assert reply["reply_to_message"]["text"] == "今天没有工单"
    assert away["migrate_to_chat_id"] == arrived["chat"]["id"] == moved.chat_id
    status, answer = await quiet.call("sendMessage", chat_id=-503, text="在吗")
    assert (status, answer["parameters"]) == (400, {"migrate_to_chat_id": moved.chat_id})


async def test_people_send_what_people_send(quiet: BotApi) -> None:
    owner = await quiet.user(26, "王芳", phone="13800000011")
    text = await owner.says("厨房漏水")
    await owner.edits(text, "厨房漏水,很急")
    await owner.sends_album(caption="两张")
    await owner.sends_voice()
    await owner.sends_document("bill.pdf", b"%PDF-1.4")
    await owner.shares_card_of("13900000000", 99)
    await owner.sends_location(22.3, 114.2)
    await owner.blocks()
    updates = await quiet.done("getUpdates")
    assert updates[1]["edited_message"]["text"] == "厨房漏水,很急"
    one, two, voice, document, card, place = [update["message"] for update in updates[2:8]]
    assert one["media_group_id"] == two["media_group_id"]
    assert (one["caption"], "caption" in two) == ("两张", False)
    assert (voice["voice"]["duration"], document["document"]["file_name"]) == (3, "bill.pdf")
    assert (card["contact"]["user_id"], place["location"]["latitude"]) == (99, 22.3)
    assert updates[8]["my_chat_member"]["new_chat_member"]["status"] == "kicked"


async def test_the_webhook_keeps_order_in_a_lane_and_tries_again_until_it_is_taken() -> None:
    refusals = [web.Response(status=500), web.Response(status=500), web.Response(status=503)]
    refusals[2].headers["Retry-After"] = "1"
    async with BotApi.start(retry_pause=0.1) as api, listening(*refusals) as hook:
        owner = await api.user(OWNER, "王芳")
        await owner.says("一")
        await api.done("setWebhook", url=hook.url, secret_token="s3cret", max_connections=10)
        await owner.says("二")
        await hook.gets("一", "一", "一", "一", "二")
        assert hook.secrets == {"s3cret"}
        at_once, paused, told = [later - sooner for sooner, later in zip(hook.times, hook.times[1:4], strict=False)]
        assert at_once < 0.1 <= paused < 0.9 < told
        await api.settled()
        info = await api.done("getWebhookInfo")
        assert (info["url"], info["pending_update_count"]) == (hook.url, 0)
        assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"
        status, answer = await api.call("getUpdates")
        assert (status, "webhook is active" in answer["description"]) == (409, True)
        await api.done("deleteWebhook")
        await owner.says("三")
        assert [one["message"]["text"] for one in await api.done("getUpdates")] == ["三"]


async def test_a_stuck_lane_of_the_webhook_holds_up_no_other() -> None:
    stuck = web.Response(status=503, headers={"Retry-After": "60"})
    async with BotApi.start() as api, listening(stuck) as hook:
        await api.done("setWebhook", url=hook.url)
        await (await api.user(OWNER, "王芳")).says("卡住")
        await hook.gets("卡住")
        await (await api.user(STRANGER, "路人")).says("通过")
        await hook.gets("卡住", "通过")
        assert len(await api.pending()) == 1
