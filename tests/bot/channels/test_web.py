"""The web channel on a real database: letters become messages of a mailbox, once per key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.channels.port import FetchFailed, File, Outcome
from bot.channels.web import OpenPage, Shout
from services import mailbox
from services.db import Database
from services.messages import Happening, Keyboard, MediaKind, Say, plain
from tests.bot.web.fakes import World, question, where

TO = "page-1"


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    db = Database(sqlite_url)
    yield World(db)
    await db.dispose()


async def history(world: World) -> list[mailbox.Message]:
    async with world.db.reading() as session:
        at = where(TO)
        return await mailbox.latest(session, channel=at.channel, account=at.account, external=at.external, limit=100)


async def test_a_letter_sent_twice_is_one_message(world: World) -> None:
    first = await world.channel.send(world.letter(TO, question()))
    again = await world.channel.send(world.letter(TO, question()))
    assert first == again
    assert (first.outcome, first.parts) == (Outcome.ACCEPTED, 1)
    assert len(await history(world)) == 1


async def test_a_letter_carries_its_files_by_address(world: World) -> None:
    async def read() -> bytes:
        return b""

    photo = File(7, MediaKind.PHOTO, "image/jpeg", "leak.jpg", "", read)
    await world.channel.send(world.letter(TO, Say(plain("看"), keyboard=Keyboard.CONTACT), files=(photo,)))
    (message,) = await history(world)
    assert message.body["media"] == ({"url": "/chat/media/7", "kind": "photo", "name": "leak.jpg"},)
    assert message.body["keyboard"] == "contact"


@pytest.mark.parametrize("number", ["4711", "", "abc"])
async def test_editing_what_is_not_there_asks_for_a_new_message(world: World, number: str) -> None:
    sent = await world.channel.send(world.letter(TO, question(), edit=number or "0"))
    assert (sent.outcome, sent.code) == (Outcome.NEEDS_FIX, "unknown_message")


async def test_a_page_can_not_be_made_to_edit_anothers_message(world: World) -> None:
    sent = await world.channel.send(world.letter("page-2", question()))
    stolen = await world.channel.send(world.letter(TO, question(), key="k", edit=sent.provider_id))
    assert stolen.outcome is Outcome.NEEDS_FIX


async def test_a_database_in_trouble_is_tried_again_later(world: World, tmp_path: Path) -> None:
    empty = World(Database(f"sqlite:///{tmp_path / 'empty.db'}"))
    sent = await empty.channel.send(empty.letter(TO, question()))
    await empty.db.dispose()
    assert sent.outcome is Outcome.TRANSIENT


async def test_a_fault_of_ours_is_not_hidden_as_trouble(world: World) -> None:
    async with world.db.transaction() as session:
        await session.execute(text("CREATE TRIGGER no BEFORE INSERT ON mailbox BEGIN SELECT RAISE(ABORT, 'no'); END"))
    with pytest.raises(Exception, match="no"):
        await world.channel.send(world.letter(TO, question()))


async def test_an_upload_is_fetched_by_its_id(world: World) -> None:
    file_id = await world.files.keep(TO, "p.jpg", "image/jpeg", b"photo")
    assert await world.channel.fetch(file_id) == b"photo"
    with pytest.raises(FetchFailed) as gone:
        await world.channel.fetch("99")
    assert gone.value.final
    await world.channel.close()


async def test_a_toast_for_a_page_that_is_closed_is_lost_without_harm(world: World) -> None:
    await world.channel.toast("page-1:frame", "收到", alert=False)
    with world.pages.opened(where(TO)) as page:
        await world.channel.toast("page-1:frame", "收到", alert=False)
        assert await page.news(within=1) == (frozenset(), (Shout("frame", "收到", alert=False),))
    assert world.pages.count(where(TO)) == 0


async def test_a_page_without_news_waits_no_longer_than_told() -> None:
    assert await OpenPage().news(within=0.01) == (frozenset(), ())


def test_a_frame_without_anything_in_it_is_ignored(tmp_path: Path) -> None:
    world = World(Database(f"sqlite:///{tmp_path / 'unused.db'}"))
    assert world.channel.read('{"id": "f", "from": "page-1"}').happening is Happening.IGNORED
