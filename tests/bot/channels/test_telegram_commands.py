"""The list of commands, per language and role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.commands import set_commands
from bot.channels.telegram.doctor import check
from tests.bot.channels.letters import texts
from tests.bot.channels.telegram_stub import Answer, Stub, agree, refuses, stub, talking


@pytest.fixture
async def api() -> AsyncIterator[Stub]:
    async with stub() as server:
        yield server


@pytest.fixture
async def channel(api: Stub) -> AsyncIterator[TelegramChannel]:
    async with talking(api.url) as talker:
        yield talker


def gives(**result: Any) -> Answer:
    """Answer with an object."""

    async def answer(request: Any) -> Any:
        return agree(result)

    return answer


def bot_named(**fields: Any) -> Answer:
    """Answer with the bot itself."""
    return gives(id=4242, is_bot=True, first_name="Line", username="line_bot", **fields)


def group(**fields: Any) -> Answer:
    """Answer with a group."""
    return gives(id=-1001, type="supergroup", accent_color_id=1, max_reaction_count=1, **fields)


MEMBER = gives(status="member", user={"id": 4242, "is_bot": True, "first_name": "Line"})
BOSS_RIGHTS = (
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members "
    "can_promote_members can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories"
)


def boss(*, topics: bool) -> Answer:
    """Answer with an administrator."""
    rights = dict.fromkeys(BOSS_RIGHTS.split(), True)
    user = {"id": 4242, "is_bot": True, "first_name": "Line"}
    return gives(status="administrator", user=user, can_manage_topics=topics, **rights)


async def test_residents_and_staff_get_their_commands_in_each_language(api: Stub, channel: TelegramChannel) -> None:
    assert await set_commands(channel, texts(), staff_chats=["31"]) == 0
    calls = api.params("setMyCommands")
    assert [(call["scope"]["type"], call.get("language_code", "")) for call in calls] == [
        *(("all_private_chats", language) for language in ("", "zh", "en")),
        *(("chat", language) for language in ("", "zh", "en")),
    ]
    assert calls[2]["commands"][0] == {"command": "start", "description": "start en"}
    assert [each["command"] for each in calls[3]["commands"]] == [
        *("new", "jobs", "ticket", "desk", "duty", "handover", "off", "cancel")
    ]
    assert calls[3]["scope"]["chat_id"] == 31


async def test_commands_that_cannot_be_set_stop_nothing(api: Stub, channel: TelegramChannel) -> None:
    api.will("setMyCommands", refuses(400, "Bad Request: invalid language code specified"))
    assert await set_commands(channel, texts()) == 1
    assert len(api.params("setMyCommands")) == 3


async def test_the_bot_learns_its_name_if_it_can(api: Stub, channel: TelegramChannel) -> None:
    api.will("getMe", refuses(500, "Internal Server Error"), bot_named())
    await channel.learn_name()
    assert channel.username == ""
    await channel.learn_name()
    assert channel.username == "line_bot"


async def test_a_bad_token_is_all_there_is_to_find(api: Stub, channel: TelegramChannel) -> None:
    api.will("getMe", refuses(401, "Unauthorized"))
    findings = await check(channel, groups=["-1001"])
    assert [(finding.name, finding.ok) for finding in findings] == [("token", False)]


@pytest.mark.parametrize(
    ("reads_all", "member", "hears"), [(False, MEMBER, False), (True, MEMBER, True), (False, boss(topics=True), True)]
)
async def test_a_bot_hears_a_group_as_an_administrator_or_without_privacy(
    api: Stub, channel: TelegramChannel, reads_all: bool, member: Answer, hears: bool
) -> None:
    api.will("getMe", bot_named(can_read_all_group_messages=reads_all))
    api.will("getChat", group())
    api.will("getChatMember", member)
    api.will("getWebhookInfo", gives(url="", has_custom_certificate=False, pending_update_count=0))
    findings = await check(channel, groups=["-1001"])
    assert [(one.name, one.ok) for one in findings] == [("token", True), ("group -1001", hears), ("webhook", True)]


@pytest.mark.parametrize(("member", "ok"), [(boss(topics=True), True), (boss(topics=False), False), (MEMBER, False)])
async def test_a_forum_needs_the_right_to_open_topics(
    api: Stub, channel: TelegramChannel, member: Answer, ok: bool
) -> None:
    api.will("getMe", bot_named())
    api.will("getChat", group(is_forum=True))
    api.will("getChatMember", member)
    api.will("getWebhookInfo", refuses(500, "Internal Server Error"))
    findings = {finding.name: finding.ok for finding in await check(channel, groups=["-1001"])}
    assert findings["group -1001 topics"] is ok
    assert findings["webhook"] is False


async def test_a_group_without_the_bot_is_found(api: Stub, channel: TelegramChannel) -> None:
    api.will("getMe", bot_named())
    api.will("getChat", refuses(400, "Bad Request: chat not found"))
    api.will("getWebhookInfo", gives(url="", has_custom_certificate=False, pending_update_count=0))
    findings = {finding.name: finding.ok for finding in await check(channel, groups=["-1001"])}
    assert findings["group -1001"] is False


@pytest.mark.parametrize(
    ("info", "ok"),
    [
        ({"url": "https://line.example.org/telegram/bot"}, True),
        ({"url": ""}, False),
        ({"url": "https://line.example.org/telegram/bot", "last_error_date": 4102444800}, False),
        ({"url": "https://line.example.org/telegram/bot", "last_error_date": 5}, True),
    ],
)
async def test_a_webhook_should_lead_here_and_work(
    api: Stub, channel: TelegramChannel, info: dict[str, Any], ok: bool
) -> None:
    api.will("getMe", bot_named())
    api.will("getWebhookInfo", gives(has_custom_certificate=False, pending_update_count=3, **info))
    findings = await check(channel, public_url="https://line.example.org")
    assert findings[-1].ok is ok
