"""The channel and the strict stand-in for the Bot API, each way: no call of ours is wrong in itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.port import Outcome, RawEvent
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.commands import set_commands
from bot.channels.telegram.doctor import check
from bot.channels.telegram.poller import poll
from bot.channels.telegram.webhook import path_of, receiver, set_webhook
from services.messages import Inbound, Keyboard, MediaKind, T
from tests.bot.channels.letters import choice, file, letter, texts
from tests.bot.channels.telegram_stub import talking
from tests.botapi.driver import BotApi
from tests.botapi.faults import FaultKind
from tests.botapi.pictures import picture


@dataclass(slots=True)
class Inbox:
    """What was stored, to be waited for."""

    channel: TelegramChannel
    events: asyncio.Queue[RawEvent] = field(default_factory=asyncio.Queue)

    async def store(self, event: RawEvent) -> bool:
        await self.events.put(event)
        return True

    async def next(self) -> Inbound:
        return self.channel.read((await asyncio.wait_for(self.events.get(), 10)).payload)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi.start(limits=False) as server:
        yield server


@pytest.fixture
async def channel(api: BotApi) -> AsyncIterator[TelegramChannel]:
    async with talking(api.address, api.token) as talker:
        yield talker


@asynccontextmanager
async def polling(channel: TelegramChannel) -> AsyncIterator[Inbox]:
    """Poll while the block lasts."""
    inbox, stop = Inbox(channel), asyncio.Event()

    async def remember(offset: int) -> None:
        assert offset > 0

    task = asyncio.create_task(poll(channel, inbox.store, offset=None, stop=stop, remember=remember))
    try:
        yield inbox
    finally:
        stop.set()
        await asyncio.wait_for(task, 5)


@asynccontextmanager
async def listening(channel: TelegramChannel) -> AsyncIterator[Inbox]:
    """Serve the webhook while the block lasts."""
    inbox = Inbox(channel)
    app = web.Application()
    app.router.add_post(path_of(channel), receiver(channel, inbox.store, secret="s3cret"))
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        assert await set_webhook(channel, public_url=str(server.make_url("/")), secret="s3cret")
        yield inbox
        await channel.bot.delete_webhook()
    finally:
        await server.close()


@pytest.mark.parametrize("way", [polling, listening])
async def test_what_an_owner_does_arrives(api: BotApi, channel: TelegramChannel, way: type) -> None:
    owner = await api.user(11, "王芳", phone="13800138000")
    async with way(channel) as inbox:
        await owner.says("/start lift_3-2")
        assert (await inbox.next()).start == "lift_3-2"
        await owner.sends_photo("漏水")
        heard = await inbox.next()
        assert (heard.text, heard.media[0].kind) == ("漏水", MediaKind.PHOTO)
        assert await channel.fetch(heard.media[0].file_id) == picture()
        await channel.send(letter("是您家吗", (choice("good", "p:1:where:0"),)))
        await owner.taps("满意")
        tapped = await inbox.next()
        assert (tapped.tap, tapped.sender) == ("p:1:where:0", "11")
        await channel.toast(tapped.tap_id, "好的", alert=False)
        assert (await owner.toast()).text == "好的"
        await channel.send(letter("核对一下", (choice("later"),), keyboard=Keyboard.CONTACT))
        await owner.taps("用手机号核对")
        card = (await inbox.next()).contact
        assert card is not None
        assert card.own
        await owner.blocks()
        assert (await inbox.next()).happening.value == "blocked"
        assert (await channel.send(letter())).outcome is Outcome.GONE
    assert await api.violations() == []


async def test_every_kind_of_letter_is_taken(api: BotApi, channel: TelegramChannel) -> None:
    owner = await api.user(11, "王芳", started=True)
    photo = file(content=picture())
    sent = await channel.send(letter(T("bold", number="<0412-07>"), (choice("good"),), keyboard=Keyboard.MENU))
    await owner.reads("单号 <0412-07> 报好了")
    edited = await channel.send(letter("已接单", (choice("bad"),), edit=sent.provider_id))
    again = await channel.send(letter("已接单", (choice("bad"),), edit=sent.provider_id))
    assert (edited.outcome, again.outcome) == (Outcome.ACCEPTED, Outcome.ACCEPTED)
    assert (await owner.reads("已接单")).labels == ("不满意",)
    await channel.send(letter("菜单", keyboard=Keyboard.MENU))
    assert len(await owner.keyboard()) == 6
    long = await channel.send(letter("\n\n".join("漏" * 3000 for _ in range(3)), (choice("good"),)))
    assert long.parts == 3
    first = await channel.send(letter("漏水", (choice("good"),), files=(photo,)))
    known = replace(photo, file_id=first.files[0][1])
    album = await channel.send(letter("两张", files=(known, file(content=picture("two")))))
    papers = (file(MediaKind.DOCUMENT, name="账单.pdf"), file(MediaKind.VOICE))
    mixed = await channel.send(letter("都在这里", files=papers))
    assert [one.outcome for one in (first, album, mixed)] == [Outcome.ACCEPTED] * 3
    assert len(album.files) == 1
    assert await api.violations() == []


async def test_trouble_is_told_as_what_it_is(api: BotApi, channel: TelegramChannel) -> None:
    owner = await api.user(11, "王芳", started=True)
    for kind, outcome in (
        (FaultKind.THROTTLE, Outcome.THROTTLED),
        (FaultKind.ERROR, Outcome.TRANSIENT),
        (FaultKind.BAD_GATEWAY, Outcome.TRANSIENT),
        (FaultKind.DROP_AFTER, Outcome.AMBIGUOUS),
        (FaultKind.FORBIDDEN, Outcome.GONE),
    ):
        await api.fault(kind, method="sendMessage", seconds=0.1 if kind is FaultKind.DROP_AFTER else 3)
        assert (await channel.send(letter())).outcome is outcome
    sent = await channel.send(letter("单号0412-07"))
    await api.forget(await owner.reads("单号"))
    lost = await channel.send(letter("已接单", edit=sent.provider_id))
    assert (lost.outcome, lost.code) == (Outcome.NEEDS_FIX, "no_message")
    assert (await channel.send(letter(to="99"))).outcome is Outcome.GONE


async def test_groups_topics_and_moves_are_followed(api: BotApi, channel: TelegramChannel) -> None:
    worker = await api.user(31, "王师傅", started=True)
    small = await api.group(-5, "小群", members=[worker])
    forum = await api.group(-1001234567890, "工程群", forum=True, members=[worker], admins=[worker])
    async with polling(channel) as inbox:
        await worker.says("/jobs", in_group=forum, anonymous=True)
        hidden = await inbox.next()
        assert (hidden.anonymous, hidden.group) == (True, "-1001234567890")
        await worker.migrates(small, -1009876543210)
        moved = await inbox.next()
        assert (moved.happening.value, moved.text) == ("migrated", "-1009876543210")
        sent = await channel.send(letter(to="-5", is_group=True))
        assert (sent.code, sent.new_address) == ("migrated", "-1009876543210")
        lost = await channel.send(letter(to="-1001234567890", topic="77", is_group=True))
        assert (lost.outcome, lost.code) == (Outcome.NEEDS_FIX, "no_topic")
    assert await api.violations() == []


async def test_a_forums_topics_are_written_to_and_answered_in(api: BotApi, channel: TelegramChannel) -> None:
    worker = await api.user(31, "王师傅", started=True)
    forum = await api.group(-1001234567890, "工程群", forum=True, members=[worker], admins=[worker])
    await channel.send(letter(to=str(forum.chat_id), is_group=True))  # the General topic is number one
    topic = await channel.bot.create_forum_topic(forum.chat_id, "维修")
    there = str(topic.message_thread_id)
    async with polling(channel) as inbox:
        for place in (there, "", "1"):  # a topic, the group itself, the General topic by its number
            sent = await channel.send(letter(f"报修 {place}", to=str(forum.chat_id), topic=place, is_group=True))
            assert sent.outcome is Outcome.ACCEPTED
        await worker.says("/jobs", in_group=forum, topic=topic.message_thread_id)
        assert (await inbox.next()).topic == there
        await worker.says("/jobs", in_group=forum)
        assert (await inbox.next()).topic == ""
        first = await channel.send(letter("报修", to=str(forum.chat_id), topic=there, is_group=True))
        edited = await channel.send(letter("已接单", to=str(forum.chat_id), topic=there, edit=first.provider_id))
        assert edited.outcome is Outcome.ACCEPTED
        await api.forget_topic(forum, topic.message_thread_id)
        lost = await channel.send(letter(to=str(forum.chat_id), topic=there, is_group=True))
        assert (lost.outcome, lost.code) == (Outcome.NEEDS_FIX, "no_topic")
    assert await api.violations() == []


async def test_commands_and_the_doctors_questions_are_taken(api: BotApi, channel: TelegramChannel) -> None:
    await api.user(31, "王师傅", started=True)
    await api.group(-1001234567890, "工程群", forum=True)
    assert await set_commands(channel, texts(), staff_chats=["31"]) == 0
    await channel.learn_name()
    assert channel.username == "ownerline_test_bot"
    findings = await check(channel, groups=["-1001234567890"])
    assert {finding.name for finding in findings} == {
        "token",
        "group -1001234567890",
        "group -1001234567890 topics",
        "webhook",
    }
    assert await api.violations() == []
