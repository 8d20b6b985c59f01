"""The stand-in for Telegram's Bot API is as strict as the tests that lean on it need."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.botapi.driver import BotApi
from tests.botapi.pictures import picture
from tests.botapi.screen import UnreadError
from tests.botapi.wire import WishRefusedError
from tests.botapi.wrong_calls import FORUM, GROUP, OWNER, WRONG, inline

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[BotApi]:
    async with BotApi.start(limits=False) as api:
        await api.user(OWNER, "王芳", started=True)
        await api.user(STRANGER, "路人")
        await api.group(FORUM, "工单", forum=True)
        await api.group(GROUP, "工程组")
        yield api


@pytest.mark.parametrize(("method", "params", "reason"), WRONG)
async def test_a_call_that_is_wrong_in_itself_is_refused_and_noted(
    shared: BotApi, method: str, params: dict[str, Any], reason: str
) -> None:
    """The answer has Telegram's form, and the call stays under violations."""
    noted = len(await shared.violations())

    status, answer = await shared.call(method, **params)

    assert (status, answer["ok"], answer["error_code"]) == (400, False, 400)
    assert answer["description"].startswith("Bad Request: ")
    assert reason in answer["description"]
    fresh = (await shared.violations())[noted:]
    assert [(one["method"], one["given"]) for one in fresh] == [(method, params)]


async def test_a_wrong_token_is_401_and_an_unknown_method_404(shared: BotApi) -> None:
    async with shared.wire.session.get(f"{shared.base_url}1:wrong/getMe") as answer:
        assert (answer.status, (await answer.json())["description"]) == (401, "Unauthorized")
    status, refusal = await shared.call("sendCarrierPigeon")
    assert (status, refusal["error_code"]) == (404, 404)
    status, refusal = await shared.call("sendPoll", chat_id=OWNER)
    assert (status, refusal["description"]) == (400, "Bad Request: sendPoll is not served by this server")


async def test_parameters_may_come_as_json_form_or_multipart(shared: BotApi) -> None:
    """In forms numbers, booleans and objects come as strings."""
    address = f"{shared.base_url}{shared.token}/sendMessage"
    fields = {
        "chat_id": str(OWNER),
        "text": "您好",
        "protect_content": "true",
        "reply_markup": json.dumps(inline(callback_data="a")),
    }
    parts = aiohttp.FormData(fields)
    multipart = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        multipart.append(value).set_content_disposition("form-data", name=name)
    ids = []
    for body in (parts, multipart):
        async with shared.wire.session.post(address, data=body) as answer:
            sent = (await answer.json())["result"]
            ids.append(sent["message_id"])
            assert sent["reply_markup"] == inline(callback_data="a")
    sent = await shared.done("sendMessage", chat_id=OWNER, text="您好")
    assert sent["message_id"] == ids[1] + 1 == ids[0] + 2


@pytest.mark.parametrize(
    ("source", "text", "kinds"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot; &#33;&#x4e2d;", 'a <b> & "c" !中', []),
        ("<b>粗<i>斜</i></b>", "粗斜", [("bold", 0, 2), ("italic", 1, 1)]),
        ("🔧 <u>下</u>", "🔧 下", [("underline", 3, 1)]),
        ('<a href="https://a.cn/?x=1&amp;y=2">开</a>', "开", [("text_link", 0, 1)]),
        (
            '<pre><code class="language-py">x</code></pre>',
            "x",
            [("code", 0, 1), ("pre", 0, 1)],
        ),
        ("<blockquote expandable>长</blockquote>", "长", [("expandable_blockquote", 0, 1)]),
        ('<span class="tg-spoiler">x</span><tg-spoiler>y</tg-spoiler>', "xy", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
    ],
)
async def test_html_becomes_text_and_entities(
    shared: BotApi, source: str, text: str, kinds: list[tuple[str, int, int]]
) -> None:
    sent = await shared.done("sendMessage", chat_id=OWNER, text=source, parse_mode="HTML")
    assert sent["text"] == text
    found = [(one["type"], one["offset"], one["length"]) for one in sent.get("entities", [])]
    assert found == kinds


async def test_the_bot_may_write_only_to_people_who_wrote_first_and_did_not_block_it(shared: BotApi) -> None:
    status, answer = await shared.call("sendMessage", chat_id=STRANGER, text="您好")
    assert (status, answer["description"]) == (400, "Bad Request: chat not found")
    neighbour = await shared.user(21, "邻居")
    await neighbour.says("/start")
    await shared.done("sendMessage", chat_id=21, text="您好")
    await neighbour.blocks()
    status, answer = await shared.call("sendMessage", chat_id=21, text="您好")
    assert (status, answer["description"]) == (403, "Forbidden: bot was blocked by the user")
    with pytest.raises(WishRefusedError, match="blocked"):
        await neighbour.says("在吗")


async def test_an_edit_must_change_something_and_drops_a_keyboard_not_repeated(shared: BotApi) -> None:
    owner = await shared.user(22, "业主", started=True)
    sent = await shared.done("sendMessage", chat_id=22, text="等待接单", reply_markup=inline(callback_data="a"))
    where = {"chat_id": 22, "message_id": sent["message_id"]}

    status, answer = await shared.call(
        "editMessageText", **where, text="等待接单", reply_markup=inline(callback_data="a")
    )
    assert (status, "message is not modified" in answer["description"]) == (400, True)
    edited = await shared.done("editMessageText", **where, text="已接单")
    assert "reply_markup" not in edited
    assert edited["edit_date"] >= sent["date"]
    assert (await owner.reads("等待")).text == "等待接单"
    assert (await owner.reads("已接")).text == "已接单"

    await shared.forget(await owner.last())
    status, answer = await shared.call("editMessageText", **where, text="已完成")
    assert (status, answer["description"]) == (400, "Bad Request: message to edit not found")
    descriptions = [one["description"] for one in await shared.refusals()]
    assert "Bad Request: message to edit not found" in descriptions


async def test_a_message_with_a_reply_keyboard_cannot_be_edited(shared: BotApi) -> None:
    keyboard = {"keyboard": [["报修", {"text": "我的工单"}]], "is_persistent": True}
    sent = await shared.done("sendMessage", chat_id=OWNER, text="菜单", reply_markup=keyboard)
    assert "reply_markup" not in sent
    status, answer = await shared.call("editMessageText", chat_id=OWNER, message_id=sent["message_id"], text="新菜单")
    assert (status, answer["description"]) == (400, "Bad Request: message can't be edited")


async def test_a_tap_is_answered_once_it_is_known_and_fresh(shared: BotApi) -> None:
    engineer = await shared.user(23, "张师傅", started=True)
    await shared.done("sendMessage", chat_id=23, text="工单", reply_markup=inline(callback_data="take:1"))
    await engineer.taps("接单")
    assert engineer.last_tap is not None
    await shared.done("answerCallbackQuery", callback_query_id=engineer.last_tap, text="已接单", show_alert=True)
    toast = await engineer.toast()
    assert (toast.text, toast.alert) == ("已接单", True)

    await engineer.taps("接单")
    await shared.expire_queries()
    for known in (engineer.last_tap, "no such tap"):
        status, answer = await shared.call("answerCallbackQuery", callback_query_id=known)
        assert (status, "query is too old" in answer["description"]) == (400, True)


async def test_a_button_that_is_gone_can_still_be_tapped_from_an_old_view(shared: BotApi) -> None:
    engineer = await shared.user(24, "李师傅", started=True)
    sent = await shared.done("sendMessage", chat_id=24, text="工单", reply_markup=inline(callback_data="take:1"))
    card = await engineer.reads("工单")
    await shared.done("editMessageText", chat_id=24, message_id=sent["message_id"], text="工单已派")
    with pytest.raises(UnreadError, match="no button"):
        await engineer.taps("接单", within=0.05)
    await engineer.taps_on(card, "接单")
    assert (await shared.queries())[-1]["data"] == "take:1"


async def test_topics_must_exist_before_anything_is_said_in_them(shared: BotApi) -> None:
    forum = await shared.group(-1001000000002, "工单", forum=True)
    topic = await shared.done("createForumTopic", chat_id=forum.chat_id, name="0412-07 厨房漏水")
    said = {"chat_id": forum.chat_id, "text": "新工单", "message_thread_id": topic["message_thread_id"]}
    sent = await shared.done("sendMessage", **said)
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic["message_thread_id"], True)
    await shared.done(
        "editForumTopic",
        chat_id=forum.chat_id,
        message_thread_id=topic["message_thread_id"],
        name="完",
    )
    await shared.done("closeForumTopic", chat_id=forum.chat_id, message_thread_id=topic["message_thread_id"])
    assert (await forum.topics())[topic["message_thread_id"]] == {"name": "完", "closed": True}
    await shared.forget_topic(forum, topic["message_thread_id"])
    status, answer = await shared.call("sendMessage", **said)
    assert (status, answer["description"]) == (400, "Bad Request: message thread not found")
    status, answer = await shared.call("createForumTopic", chat_id=GROUP, name="话题")
    assert (status, answer["description"]) == (400, "Bad Request: the chat is not a forum")


async def test_a_photo_goes_up_comes_in_sizes_and_goes_again_by_its_id(shared: BotApi) -> None:
    address = f"{shared.base_url}{shared.token}/"
    body = aiohttp.FormData({"chat_id": str(OWNER), "photo": "attach://p", "caption": "漏水"})
    body.add_field("p", picture(), filename="p.jpg", content_type="image/jpeg")
    async with shared.wire.session.post(f"{address}sendPhoto", data=body) as answer:
        sent = (await answer.json())["result"]
    largest = sent["photo"][-1]
    assert (largest["width"], largest["height"], sent["caption"]) == (16, 12, "漏水")
    again = await shared.done("sendPhoto", chat_id=OWNER, photo=largest["file_id"])
    assert again["photo"] == sent["photo"]
    stored = await shared.done("getFile", file_id=largest["file_id"])
    async with shared.wire.session.get(f"{shared.base_file_url}{shared.token}/{stored['file_path']}") as answer:
        assert await answer.read() == picture()


async def test_a_file_that_no_parameter_names_is_refused(shared: BotApi) -> None:
    body = aiohttp.FormData({"chat_id": str(OWNER), "text": "a"})
    body.add_field("stray", b"x", filename="x.bin")
    async with shared.wire.session.post(f"{shared.base_url}{shared.token}/sendMessage", data=body) as answer:
        assert "belongs to no parameter" in (await answer.json())["description"]


async def test_an_album_is_one_group_of_messages(shared: BotApi) -> None:
    media = [
        {"type": "photo", "media": "attach://a", "caption": "<b>前</b>", "parse_mode": "HTML"},
        {"type": "photo", "media": "attach://b"},
    ]
    body = aiohttp.FormData({"chat_id": str(OWNER), "media": json.dumps(media)})
    for name in "ab":
        body.add_field(name, picture(name), filename=f"{name}.jpg", content_type="image/jpeg")
    async with shared.wire.session.post(f"{shared.base_url}{shared.token}/sendMediaGroup", data=body) as answer:
        sent = (await answer.json())["result"]
    assert [one.get("caption") for one in sent] == ["前", None]
    assert len({one["media_group_id"] for one in sent}) == 1


async def test_commands_are_kept_by_scope_and_language(shared: BotApi) -> None:
    commands = [{"command": "my", "description": "我的工单"}]
    scope = {"type": "all_private_chats"}
    await shared.done("setMyCommands", commands=commands, scope=scope, language_code="zh")
    assert await shared.done("getMyCommands", scope=scope, language_code="zh") == commands
    assert await shared.done("getMyCommands", scope=scope) == []
    await shared.done("deleteMyCommands", scope=scope, language_code="zh")
    assert await shared.done("getMyCommands", scope=scope, language_code="zh") == []


async def test_members_and_rights_are_told(shared: BotApi) -> None:
    boss = await shared.user(31, "经理")
    clerk = await shared.user(32, "小李")
    await shared.group(-502, "物业", members=[clerk], admins=[boss])
    bot = (await shared.done("getMe"))["id"]
    assert (await shared.done("getChatMember", chat_id=-502, user_id=32))["status"] == "member"
    assert (await shared.done("getChatMember", chat_id=-502, user_id=bot))["can_manage_topics"] is True
    admins = await shared.done("getChatAdministrators", chat_id=-502)
    assert {one["user"]["id"] for one in admins} == {31, bot}
    assert (await shared.done("getChat", chat_id=-502))["type"] == "group"


async def test_a_reading_that_fails_shows_the_chat(shared: BotApi) -> None:
    owner = await shared.user(25, "王芳")
    await owner.says("报修")
    await shared.done("sendMessage", chat_id=25, text="哪里坏了?", reply_markup=inline(callback_data="a"))
    await owner.reads("哪里")
    with pytest.raises(UnreadError, match=r"(?s)> 王芳: 报修.*< 哪里坏了\? \[接单\]"):
        await owner.reads("哪里", within=0.05)
    assert (await owner.reads("哪里", anywhere=True)).labels == ("接单",)
