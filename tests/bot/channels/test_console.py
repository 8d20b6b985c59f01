"""The terminal as a channel."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.channels.console import ConsoleChannel
from bot.channels.port import FetchFailed, File, Letter, Outcome
from services.messages import Channel, Choice, Happening, Keyboard, MediaKind, Say, T, plain
from services.texts import Reader, Texts

TEXTS = Texts({locale: {("", "bold"): "<b>好</b> {words}"} for locale in ("zh_Hans", "zh_Hant", "en")})


async def read() -> bytes:
    return b""


def letter(say: Say, *, edit: str = "", files: tuple[File, ...] = ()) -> Letter:
    reader = Reader("zh_Hans", ZoneInfo("Asia/Shanghai"), datetime(2026, 4, 12, tzinfo=UTC), Channel.CONSOLE)
    return Letter(key="k", to="me", say=say, reader=reader, texts=TEXTS, edit=edit, files=files)


async def test_choices_are_numbered_through_all_rows() -> None:
    out = io.StringIO()
    channel = ConsoleChannel(out, menu=(plain("报修"), plain("通知")))
    rows = ((Choice(plain("对"), "yes"),), (Choice(plain("改"), "no"), Choice(plain("打"), url="tel:119")))
    sent = await channel.send(letter(Say(T("bold", words="<1>"), rows, Keyboard.MENU)))
    assert out.getvalue() == "好 <1>\n  [1] 对\n  [2] 改\n  [3] 打 tel:119\n  报修 · 通知\n"
    assert (sent.outcome, sent.provider_id) == (Outcome.ACCEPTED, "1")


async def test_a_change_is_printed_anew_under_its_old_number() -> None:
    out = io.StringIO()
    channel = ConsoleChannel(out)
    photo = File(1, MediaKind.PHOTO, "image/jpeg", "", "", read)
    sent = await channel.send(letter(Say(plain("改了"), keyboard=Keyboard.MENU), edit="7", files=(photo,)))
    await channel.toast("t", "收到", alert=True)
    await channel.close()
    assert out.getvalue() == "✎ 改了\n  <photo>\n  (收到)\n"
    assert sent.provider_id == "7"


def test_a_typed_line_comes_back_as_it_was_typed() -> None:
    channel = ConsoleChannel(io.StringIO())
    event = channel.typed("me", "1", " 厨房漏水 ")
    inbound = channel.read(event.payload)
    assert (event.lane, event.event_id) == ("console:console:me", "me:1")
    assert (inbound.text, inbound.sender, inbound.event_id) == ("厨房漏水", "me", "me:1")
    assert channel.read(channel.typed("me", "2", "/start lift-3-2").payload).start == "lift-3-2"
    assert channel.read(channel.typed("me", "3", "").payload).happening is Happening.IGNORED


async def test_a_terminal_has_no_files() -> None:
    with pytest.raises(FetchFailed):
        await ConsoleChannel(io.StringIO()).fetch("1")
