"""The chat page and its socket: a page keeps its history, and what it sends arrives once."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from aiohttp import WSMsgType, WSServerHandshakeError

from bot.web.sessions import COOKIE
from services import mailbox
from services.messages import Channel, Choice, Happening, MediaKind, Say, plain
from tests.bot.web.fakes import MENU, OWNER, World, question, until, where

WORDS = {"id": "frame-0001", "text": "厨房漏水"}


async def test_a_new_browser_gets_an_identity_that_it_keeps(world: World) -> None:
    async with world.browser() as browser:
        page = await browser.visit()
        cookies = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))
        first = cookies[COOKIE].value
        await browser.visit()
        again = browser.client.session.cookie_jar.filter_cookies(browser.client.make_url("/"))[COOKIE].value
    assert first == again
    assert first.split(".")[0] not in page
    assert "阳光花园" in page
    assert 'href="tel:057188880000"' in page


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(world: World) -> None:
    async with world.browser() as browser:
        answer = await browser.client.get("/chat")
        cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


async def test_a_forged_cookie_opens_nothing(world: World) -> None:
    async with world.browser() as browser:
        forged = {"Cookie": f"{COOKIE}=somebody.else", **browser.origin}
        answer = await browser.client.get("/chat/ws", headers=forged)
    assert answer.status == 401


async def test_words_are_stored_then_acknowledged_and_stand_in_the_history(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        assert await socket.receive_json() == {"messages": [], "more": False}
        await socket.send_json(WORDS)
        assert (await until(socket, "ack"))["ack"] == "frame-0001"
        event = world.inbox.events[0]
        (inbound,) = world.read()
        other_tab = await browser.socket()
        (mine,) = (await other_tab.receive_json())["messages"]
    assert event.lane == f"web:web:{inbound.sender}"
    assert event.event_id == f"{inbound.sender}:frame-0001" == inbound.event_id
    assert (inbound.text, inbound.address, inbound.language) == ("厨房漏水", inbound.sender, "zh_Hans")
    assert (mine["text"], mine["mine"], mine["frame"]) == ("厨房漏水", True, "frame-0001")


async def test_a_frame_sent_again_is_acknowledged_again_and_counted_once(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        for _ in range(2):
            await socket.send_json(WORDS)
            await until(socket, "ack")
        reloaded = await browser.socket()
        history = (await reloaded.receive_json())["messages"]
    assert len(world.inbox.events) == len(history) == 1


async def test_an_inbox_that_is_away_means_again_later_and_no_acknowledgement(world: World) -> None:
    world.inbox.is_away = True
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.send_json(WORDS)
        refused = await until(socket, "retry")
        world.inbox.is_away = False
        await socket.send_json(WORDS)
        taken = await until(socket, "ack")
    assert (refused["id"], taken["ack"]) == ("frame-0001", "frame-0001")
    assert len(world.inbox.events) == 1


async def test_a_letter_appears_on_every_open_tab_and_is_changed_in_place(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit("/chat")
        tabs = [await browser.socket(), await browser.socket()]
        await tabs[0].send_json(WORDS)
        await until(tabs[0], "ack")
        to = world.read()[0].sender
        sent = await world.channel.send(world.letter(to, question()))
        shown = [await answer_of(tab) for tab in tabs]
        await world.channel.send(world.letter(to, Say(plain("改了")), key="letter:2", edit=sent.provider_id))
        changed = [await answer_of(tab) for tab in tabs]
    assert [one["text"] for one in shown] == ["<b>好</b> &lt;i&gt;"] * 2
    assert shown[0]["rows"] == [[{"label": "对", "tap": "yes"}, {"label": "打", "url": "tel:119"}]]
    assert shown[0]["keyboard"] == [world.texts.label(label, "zh_Hans") for label in MENU]
    assert [(one["id"], one["revision"], one["text"]) for one in changed] == [(shown[0]["id"], 2, "改了")] * 2


async def answer_of(tab: object) -> dict[str, object]:
    """Return the next message that is not the person's own."""
    while True:
        frame = await until(tab, "messages")  # type: ignore[arg-type]
        for message in frame["messages"]:
            if not message["mine"]:
                return dict(message)


async def test_what_another_replica_wrote_is_found_by_looking(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.send_json(WORDS)
        await until(socket, "ack")
        box = where(world.read()[0].sender)._asdict()
        async with world.db.transaction() as session:
            await mailbox.put(session, **box, mine=False, body={"text": "远处"}, key="far", at=world.at)
        assert (await answer_of(socket))["text"] == "远处"


async def test_a_tap_says_what_was_chosen_and_gets_its_toast(world: World) -> None:
    async with world.browser(world.with_lab().site) as browser:
        sent = await world.channel.send(world.letter(OWNER.external, question()))
        socket = await browser.socket("?persona=owner")
        await socket.send_json({"id": "frame-0002", "tap": "yes", "message": int(sent.provider_id)})
        await until(socket, "ack")
        (inbound,) = world.read()
        await world.channel.toast(inbound.tap_id, "收到", alert=True)
        toast = await until(socket, "toast")
        history = (await (await browser.socket("?persona=owner")).receive_json())["messages"]
    assert (inbound.tap, inbound.message_id, inbound.sender) == ("yes", sent.provider_id, OWNER.external)
    assert toast == {"toast": "收到", "alert": True, "for": "frame-0002"}
    assert history[-1]["text"] == "对"
    assert history[-1]["tapped"] == {"of": int(sent.provider_id), "revision": 1, "label": "对"}


async def test_a_button_of_old_still_arrives_but_leaves_no_trace(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.send_json({"id": "frame-0003", "tap": "gone", "message": 4711})
        await until(socket, "ack")
        history = (await (await browser.socket()).receive_json())["messages"]
    assert (world.read()[0].tap, history) == ("gone", [])


async def test_a_scanned_code_begins_the_conversation(world: World) -> None:
    async with world.browser() as browser:
        page = await browser.visit("/chat?p=lift-3-2")
        socket = await browser.socket()
        await socket.send_json({"id": "frame-0004", "start": "lift-3-2"})
        await until(socket, "ack")
    (inbound,) = world.read()
    assert "lift-3-2" in page
    assert (inbound.start, inbound.text, inbound.happening) == ("lift-3-2", "/start", Happening.MESSAGE)


async def test_a_code_that_is_none_is_left_out_of_the_page(world: World) -> None:
    async with world.browser() as browser:
        page = await browser.visit("/chat?p=<script>")
    assert "&lt;script&gt;" not in page
    assert "<script>" not in page


async def test_photos_go_along_with_words(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        kept = await (await browser.upload(b"a photo", "image/jpeg")).json()
        socket = await browser.socket()
        await socket.send_json({"id": "frame-0005", "text": "看", "media": [kept]})
        await until(socket, "ack")
        history = (await (await browser.socket()).receive_json())["messages"]
        served = await browser.client.get(history[0]["media"][0]["url"])
        content = await served.read()
    (photo,) = world.read()[0].media
    assert (photo.kind, photo.mime, photo.size, photo.name) == (MediaKind.PHOTO, "image/jpeg", 7, "p.jpg")
    assert (content, served.content_type) == (b"a photo", "image/jpeg")


async def test_somebody_elses_file_can_not_be_sent_along(world: World) -> None:
    file_id = await world.files.keep("a neighbour", "p.jpg", "image/jpeg", b"private")
    stolen = {"file_id": file_id, "kind": "photo", "mime": "image/jpeg", "size": 7, "name": "p.jpg"}
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.send_json({"id": "frame-0006", "media": [stolen]})
        refused = await until(socket, "refused")
    assert (refused["refused"], world.inbox.events) == ("frame-0006", [])


async def test_earlier_messages_are_shown_on_request(world: World) -> None:
    box = where(OWNER.external)._asdict()
    async with world.db.transaction() as session:
        ids = [
            await mailbox.put(session, **box, mine=False, body={"text": str(i)}, key=f"m{i}", at=world.at)
            for i in range(50)
        ]
    async with world.browser(world.with_lab().site) as browser:
        socket = await browser.socket("?persona=owner")
        newest = await socket.receive_json()
        await socket.send_json({"before": newest["messages"][0]["id"]})
        earlier = await until(socket, "earlier")
    assert [one["id"] for one in earlier["earlier"] + newest["messages"]] == ids
    assert (newest["more"], earlier["more"]) == (True, False)


@pytest.mark.parametrize(
    "frame",
    [
        "not json",
        "[]",
        "{}",
        '{"id": "short"}',
        '{"id": 7}',
        '{"before": "yes"}',
        '{"id": "frame-0007"}',
        '{"id": "frame-0007", "text": " "}',
        '{"id": "frame-0007", "text": 5}',
        '{"id": "frame-0007", "tap": ""}',
        '{"id": "frame-0007", "tap": "yes"}',
        '{"id": "frame-0007", "tap": "yes", "message": -1}',
        '{"id": "frame-0007", "start": "a b"}',
        '{"id": "frame-0007", "media": [{"file_id": "../etc"}]}',
        '{"id": "frame-0007", "media": [{"file_id": "1", "kind": "x", "mime": "", "size": 1, "name": ""}]}',
        orjson.dumps({"id": "frame-0007", "text": "x" * 4001}).decode(),
    ],
)
async def test_frames_that_make_no_sense_are_refused(world: World, frame: str) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.send_str(frame)
        await until(socket, "refused")
    assert world.inbox.events == []


async def test_a_frame_too_large_ends_the_socket(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.receive_json()
        await socket.send_str("x" * 20_000)
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE


async def test_a_flood_is_asked_to_wait(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        socket = await browser.socket()
        for number in range(31):
            await socket.send_json({"id": f"frame-{number:04}", "text": "在吗"})
        wait = await until(socket, "retry")
    assert (wait["id"], wait["busy"]) == ("frame-0030", True)
    assert wait["retry"] > 1
    assert len(world.inbox.events) == 30


@pytest.mark.parametrize("origin", [None, "http://elsewhere.example", "null"])
async def test_pages_of_other_sites_get_no_socket(world: World, origin: str | None) -> None:
    async with world.browser() as browser:
        await browser.visit()
        with pytest.raises(WSServerHandshakeError) as refused:
            await browser.client.ws_connect("/chat/ws", headers={"Origin": origin} if origin else {})
    assert refused.value.status == 403


async def test_a_browser_opens_only_so_many_sockets(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        sockets = [await browser.socket() for _ in range(8)]
        with pytest.raises(WSServerHandshakeError) as refused:
            await browser.socket()
    assert refused.value.status == 429
    assert all(socket.closed or socket.close_code is None for socket in sockets)


async def test_sockets_are_closed_when_the_service_goes_down(world: World) -> None:
    browser = world.browser()
    async with browser:
        await browser.visit()
        socket = await browser.socket()
        await socket.receive_json()
        server = browser.client.server
        closing = asyncio.create_task(server.close())
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        await closing
    assert socket.close_code == 1001


async def test_a_letter_with_an_unsafe_link_shows_a_label_only(world: World) -> None:
    say = Say(plain("看"), ((Choice(plain("点"), url="javascript:alert(1)"),),))
    await world.channel.send(world.letter(OWNER.external, say))
    async with world.db.reading() as session:
        (message,) = await mailbox.latest(session, **where(OWNER.external)._asdict(), limit=1)
    assert message.body["rows"] == ((({"label": "点"}),),)
    assert message.at == world.at
    assert world.channel.channel is Channel.WEB
