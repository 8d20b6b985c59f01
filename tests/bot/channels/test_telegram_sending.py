"""Letters become calls of the Bot API, and its answers become results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from bot.channels.port import FetchFailed, Outcome
from bot.channels.split import visible
from bot.channels.telegram.channel import TelegramChannel
from services.messages import Choice, Keyboard, MediaKind, T, plain
from tests.bot.channels.letters import choice, file, letter
from tests.bot.channels.telegram_stub import Answer, Stub, agree, drops, refuses, says, stub, talking


@pytest.fixture
async def api() -> AsyncIterator[Stub]:
    async with stub() as server:
        yield server


@pytest.fixture
async def channel(api: Stub) -> AsyncIterator[TelegramChannel]:
    async with talking(api.url) as talker:
        yield talker


def _markup(call: dict[str, Any]) -> Any:
    markup = call["reply_markup"]
    return orjson.loads(markup) if isinstance(markup, str) else markup


def _labels(rows: list[list[dict[str, Any]]]) -> list[list[str]]:
    return [[button["text"] for button in row] for row in rows]


async def test_a_text_goes_as_html_with_a_persons_words_escaped(api: Stub, channel: TelegramChannel) -> None:
    sent = await channel.send(letter(T("bold", number="<7>")))
    assert (sent.outcome, sent.provider_id, sent.parts) == (Outcome.ACCEPTED, "101", 1)
    call = api.params("sendMessage")[0]
    assert (call["chat_id"], call["parse_mode"]) == (11, "HTML")
    assert call["text"] == "单号 <b>&lt;7&gt;</b> 报好了"
    assert call["link_preview_options"] == {"is_disabled": True}


async def test_a_plain_letter_goes_without_markup(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter(T("bold", number="<7>"), plain=True))
    call = api.params("sendMessage")[0]
    assert call["text"] == "单号 <7> 报好了"
    assert "parse_mode" not in call


async def test_choices_are_buttons_in_their_rows(api: Stub, channel: TelegramChannel) -> None:
    web = Choice(T("code"), url="https://example.org/chat")
    await channel.send(letter("修好了吗", (choice("good"), choice("bad")), (web,)))
    rows = _markup(api.params("sendMessage")[0])["inline_keyboard"]
    assert rows == [
        [{"text": "满意", "callback_data": "good"}, {"text": "不满意", "callback_data": "bad"}],
        [{"text": "我有验证码", "url": "https://example.org/chat"}],
    ]


async def test_a_label_shows_words_as_they_were_written(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter("谁", (Choice(T("flat", place="3栋<2>&"), "pick:1"),)))
    assert _markup(api.params("sendMessage")[0])["inline_keyboard"][0][0]["text"] == "3栋<2>& 的人"


@pytest.mark.parametrize("url", ["tel:+8657188880000", "http://localhost:8080/", ""])
async def test_links_that_telegram_refuses_are_left_out(api: Stub, channel: TelegramChannel, url: str) -> None:
    await channel.send(letter("您好", (Choice(T("call"), url=url),)))
    assert "reply_markup" not in api.params("sendMessage")[0]


async def test_a_tap_too_long_is_our_mistake_and_not_sent(api: Stub, channel: TelegramChannel) -> None:
    sent = await channel.send(letter("您好", (choice("good", "码" * 22),)))
    assert (sent.outcome, sent.code) == (Outcome.PERMANENT, "button_data")
    assert api.calls == []


async def test_the_menu_stays_below_the_field(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter(keyboard=Keyboard.MENU))
    markup = _markup(api.params("sendMessage")[0])
    rows = [["🔧 报修", "📋 我的进度"], ["💰 查费用", "📣 通知"], ["💬 投诉建议", "☎️ 找人"]]
    assert _labels(markup["keyboard"]) == rows
    assert (markup["is_persistent"], markup["resize_keyboard"]) == (True, True)


async def test_choices_win_over_the_menu(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter("您好", (choice("good"),), keyboard=Keyboard.MENU))
    assert "inline_keyboard" in _markup(api.params("sendMessage")[0])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (plain("您好\n核对一下您是哪一户\n电话0571"), ["您好\n核对一下您是哪一户", "电话0571"]),
        (plain("您好"), ["您好", "👇"]),
        (T("marked"), ["<b>您好\n</b>电话", "👇"]),
    ],
)
async def test_asking_for_the_number_puts_the_choices_below_the_last_line(
    api: Stub, channel: TelegramChannel, words: T, shown: list[str]
) -> None:
    rows = (choice("code"), choice("later"))
    sent = await channel.send(letter(words, rows, keyboard=Keyboard.CONTACT))
    first, second = api.params("sendMessage")
    assert [first["text"], second["text"]] == shown
    button = _markup(first)["keyboard"][0][0]
    assert button == {"text": "用手机号核对", "request_contact": True}
    assert _labels(_markup(second)["inline_keyboard"]) == [["我有验证码", "先报修,回头再核对"]]
    assert sent.parts == 2


async def test_asking_for_the_number_alone_is_one_message(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter("不是您的号码", keyboard=Keyboard.CONTACT))
    markup = _markup(api.params("sendMessage")[0])
    assert _labels(markup["keyboard"]) == [["用手机号核对"]]
    assert markup["one_time_keyboard"] is True


async def test_a_group_gets_no_keyboard_below_the_field(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter(keyboard=Keyboard.MENU, to="-1001", is_group=True))
    assert "reply_markup" not in api.params("sendMessage")[0]


@pytest.mark.parametrize(("topic", "thread"), [("9", 9), ("1", None), ("", None)])
async def test_a_topic_is_named_but_for_the_general_one(
    api: Stub, channel: TelegramChannel, topic: str, thread: int | None
) -> None:
    await channel.send(letter(to="-1001", topic=topic))
    assert api.params("sendMessage")[0].get("message_thread_id") == thread


async def test_a_long_text_goes_in_pieces_with_the_buttons_last(api: Stub, channel: TelegramChannel) -> None:
    words = "\n\n".join("漏" * 3000 for _ in range(3))
    sent = await channel.send(letter(words, (choice("good"),)))
    calls = api.params("sendMessage")
    assert (sent.parts, sent.provider_id) == (3, "103")
    assert "".join(visible(call["text"]) for call in calls) == words
    assert ["reply_markup" in call for call in calls] == [False, False, True]


async def test_a_second_try_goes_on_at_the_first_part_not_sent(api: Stub, channel: TelegramChannel) -> None:
    words = "\n\n".join(sign * 3000 for sign in "甲乙丙")
    api.will("sendMessage", _agreed_once, refuses(500, "Internal Server Error"))
    first = await channel.send(letter(words))
    assert (first.outcome, first.parts) == (Outcome.TRANSIENT, 1)
    second = await channel.send(letter(words, parts_sent=first.parts))
    assert (second.outcome, second.parts) == (Outcome.ACCEPTED, 3)
    assert [call["text"][0] for call in api.params("sendMessage")] == ["甲", "乙", "乙", "丙"]


async def _agreed_once(request: Any) -> Any:
    return agree({"message_id": 50, "date": 1, "chat": {"id": 11, "type": "private"}})


async def test_nothing_to_say_is_not_sent(api: Stub, channel: TelegramChannel) -> None:
    sent = await channel.send(letter("  \n "))
    assert (sent.outcome, sent.code, api.calls) == (Outcome.PERMANENT, "empty", [])


@pytest.mark.parametrize("kind", list(MediaKind))
async def test_a_file_goes_with_the_text_as_its_caption(api: Stub, channel: TelegramChannel, kind: MediaKind) -> None:
    sent = await channel.send(letter("漏水", (choice("good"),), files=(file(kind),)))
    call = api.calls[0]
    assert call.method.lower() == f"send{kind.value}"
    assert (call.params["caption"], call.uploads) == ("漏水", {kind.value: b"bytes"})
    assert _markup(call.params)["inline_keyboard"]
    assert sent.files == ((1, "new-101"),)


async def test_a_known_file_goes_by_its_id(api: Stub, channel: TelegramChannel) -> None:
    sent = await channel.send(letter("漏水", files=(file(file_id="known"),)))
    assert api.params("sendPhoto")[0]["photo"] == "known"
    assert sent.files == ()


async def test_a_file_whose_id_is_refused_goes_again_as_bytes(api: Stub, channel: TelegramChannel) -> None:
    api.will("sendPhoto", refuses(400, "Bad Request: wrong file identifier/HTTP URL specified"))
    sent = await channel.send(letter("漏水", files=(file(file_id="other-bots"),)))
    assert (sent.outcome, sent.files) == (Outcome.ACCEPTED, ((1, "new-101"),))
    assert api.calls[1].uploads == {"photo": b"bytes"}


async def test_photos_go_as_an_album(api: Stub, channel: TelegramChannel) -> None:
    files = (file(media_id=1), file(media_id=2, file_id="known"), file(media_id=3))
    sent = await channel.send(letter("漏水", files=files))
    items = orjson.loads(api.params("sendMediaGroup")[0]["media"])
    assert [item["type"] for item in items] == ["photo"] * 3
    assert [item.get("caption") for item in items] == ["漏水", None, None]
    assert items[1]["media"] == "known"
    assert sent.files == ((1, "new-101"), (3, "new-103"))
    assert (sent.provider_id, sent.parts) == ("103", 1)


async def test_an_album_with_buttons_has_its_text_below(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter("漏水", (choice("good"),), files=(file(), file(media_id=2))))
    assert [call.method for call in api.calls] == ["sendMediaGroup", "sendMessage"]
    assert "reply_markup" in api.params("sendMessage")[0]


async def test_eleven_photos_a_paper_and_a_voice_go_in_their_groups(api: Stub, channel: TelegramChannel) -> None:
    files = [file(media_id=number) for number in range(11)]
    others = (file(MediaKind.DOCUMENT, media_id=20), file(MediaKind.VOICE, media_id=21))
    sent = await channel.send(letter("都在这里", files=(*files, *others)))
    assert [call.method for call in api.calls] == [
        "sendMediaGroup",
        "sendPhoto",
        "sendDocument",
        "sendVoice",
        "sendMessage",
    ]
    assert len(sent.files) == 13


async def test_a_long_text_does_not_fit_below_a_photo(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter("漏" * 1025, files=(file(),)))
    assert [call.method for call in api.calls] == ["sendPhoto", "sendMessage"]


async def test_an_edit_changes_the_message_and_its_buttons(api: Stub, channel: TelegramChannel) -> None:
    sent = await channel.send(letter("已接单", (choice("good"),), edit="55"))
    call = api.params("editMessageText")[0]
    assert (call["message_id"], call["text"]) == (55, "已接单")
    assert (sent.outcome, sent.provider_id, sent.parts) == (Outcome.ACCEPTED, "55", 1)


async def test_an_edit_too_long_is_clipped(api: Stub, channel: TelegramChannel) -> None:
    await channel.send(letter("漏" * 5000, edit="55"))
    assert api.params("editMessageText")[0]["text"] == "漏" * 4095 + "…"


@pytest.mark.parametrize("has_files", [True, False])
async def test_an_edit_of_a_photo_changes_its_caption(api: Stub, channel: TelegramChannel, has_files: bool) -> None:
    api.will("editMessageText", refuses(400, "Bad Request: there is no text in the message to edit"))
    sent = await channel.send(letter("已接单", edit="55", files=(file(),) if has_files else ()))
    assert sent.outcome is Outcome.ACCEPTED
    assert api.params("editMessageCaption")[0]["caption"] == "已接单"


@pytest.mark.parametrize(
    ("description", "outcome", "code"),
    [
        ("Bad Request: message is not modified: specified new message content …", Outcome.ACCEPTED, ""),
        ("Bad Request: message to edit not found", Outcome.NEEDS_FIX, "no_message"),
        ("Bad Request: message can't be edited", Outcome.NEEDS_FIX, "no_message"),
        ("Bad Request: not enough rights", Outcome.PERMANENT, "not enough rights"),
    ],
)
async def test_a_refused_edit_is_told_by_what_to_do(
    api: Stub, channel: TelegramChannel, description: str, outcome: Outcome, code: str
) -> None:
    api.will("editMessageText", refuses(400, description))
    sent = await channel.send(letter("已接单", edit="55"))
    assert (sent.outcome, sent.code.lower()) == (outcome, code)


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (refuses(403, "Forbidden: bot was blocked by the user"), Outcome.GONE, "forbidden: bot was blocked"),
        (refuses(400, "Bad Request: chat not found"), Outcome.GONE, "chat not found"),
        (refuses(400, "Bad Request: can't parse entities: …"), Outcome.NEEDS_FIX, "markup"),
        (refuses(400, "Bad Request: message thread not found"), Outcome.NEEDS_FIX, "no_topic"),
        (refuses(400, "Bad Request: BUTTON_URL_INVALID"), Outcome.PERMANENT, "button_url_invalid"),
        (refuses(401, "Unauthorized"), Outcome.TRANSIENT, "token"),
        (refuses(500, "Internal Server Error"), Outcome.TRANSIENT, "internal server error"),
        (says("<html>", status=502), Outcome.TRANSIENT, "bad gateway"),
        (says("<html>"), Outcome.AMBIGUOUS, "unreadable answer"),
        (drops, Outcome.AMBIGUOUS, "no answer: serverdisconnectederror"),
    ],
)
async def test_a_refusal_is_told_by_what_to_do(
    api: Stub, channel: TelegramChannel, answer: Answer, outcome: Outcome, code: str
) -> None:
    api.will("sendMessage", answer)
    sent = await channel.send(letter())
    assert sent.outcome is outcome
    assert sent.code.lower().startswith(code)
    assert sent.parts == 0


async def test_a_flood_says_when_to_come_back(api: Stub, channel: TelegramChannel) -> None:
    api.will("sendMessage", refuses(429, "Too Many Requests: retry after 7", retry_after=7))
    sent = await channel.send(letter())
    assert (sent.outcome, sent.retry_after) == (Outcome.THROTTLED, 7)


async def test_a_group_that_moved_tells_its_new_id(api: Stub, channel: TelegramChannel) -> None:
    moved = refuses(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1002)
    api.will("sendMessage", moved)
    sent = await channel.send(letter(to="-5"))
    assert (sent.outcome, sent.code, sent.new_address) == (Outcome.NEEDS_FIX, "migrated", "-1002")


async def test_no_connection_means_try_again() -> None:
    async with talking("http://127.0.0.1:1") as channel:
        sent = await channel.send(letter())
    assert (sent.outcome, sent.code) == (Outcome.TRANSIENT, "no connection: ClientConnectorError")


async def test_a_toast_answers_the_tap_and_no_failure_shows(api: Stub, channel: TelegramChannel) -> None:
    api.will("answerCallbackQuery", refuses(400, "Bad Request: query is too old"))
    await channel.toast("q1", "好的" * 200, alert=True)
    await channel.toast("q2", "好的", alert=False)
    first, second = api.params("answerCallbackQuery")
    assert (first["callback_query_id"], len(first["text"]), first["show_alert"]) == ("q1", 200, True)
    assert second["text"] == "好的"


async def test_a_file_is_fetched(api: Stub, channel: TelegramChannel) -> None:
    api.will("getFile", _file_of(5))
    api.will("a.jpg", says("bytes"))
    assert await channel.fetch("f1") == b"bytes"


def _file_of(size: int) -> Answer:
    async def answer(request: Any) -> Any:
        file = {"file_id": "f1", "file_unique_id": "u", "file_size": size, "file_path": "photos/a.jpg"}
        return agree(file)

    return answer


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        (refuses(400, "Bad Request: file is too big"), True),
        (_file_of(21 * 1024 * 1024), True),
        (refuses(400, "Bad Request: wrong file_id or the file is temporarily unavailable"), False),
        (refuses(500, "Internal Server Error"), False),
        (refuses(429, "Too Many Requests: retry after 7", retry_after=7), False),
    ],
)
async def test_a_file_that_cannot_be_had_says_whether_to_give_up(
    api: Stub, channel: TelegramChannel, answer: Answer, final: bool
) -> None:
    api.will("getFile", answer)
    with pytest.raises(FetchFailed) as failed:
        await channel.fetch("f1")
    assert failed.value.final is final
