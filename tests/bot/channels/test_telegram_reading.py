"""Raw updates are read into what happened, and everything else is left alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bot.channels.telegram.reading import lane_of, read
from services.messages import Attachment, Contact, Happening, Inbound, Location, MediaKind

WANG = {"id": 11, "is_bot": False, "first_name": "芳", "last_name": "王", "language_code": "zh-hans"}
PRIVATE = {"id": 11, "type": "private"}
GROUP = {"id": -1001, "type": "supergroup", "title": "工程群"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group"}


def told(kind: str, event: dict[str, Any], username: str = "line_bot") -> Inbound:
    """Read an update of a kind."""
    return read(orjson.dumps({"update_id": 7, kind: event}).decode(), "bot", username)


def message(**fields: Any) -> dict[str, Any]:
    """A private message of Wang's, unless told otherwise."""
    return {"message_id": 5, "date": 1, "from": WANG, "chat": PRIVATE, **fields}


def said(**fields: Any) -> Inbound:
    """Read a message with these fields."""
    return told("message", message(**fields))


def test_a_private_text_names_who_where_and_in_which_language() -> None:
    heard = said(text="厨房漏水")
    assert (heard.event_id, heard.account, heard.happening) == ("7", "bot", Happening.MESSAGE)
    assert (heard.sender, heard.address, heard.group, heard.topic) == ("11", "11", "", "")
    assert (heard.text, heard.message_id, heard.name, heard.language) == ("厨房漏水", "5", "芳 王", "zh-hans")


def test_a_group_text_is_answered_in_the_group() -> None:
    heard = said(text="我去", chat=GROUP, reply_to_message={"message_id": 3})
    assert (heard.sender, heard.address, heard.group, heard.reply_to) == ("11", "-1001", "-1001", "3")


def test_a_topic_is_named_and_its_opening_is_nothing_to_answer() -> None:
    opening = {"message_id": 9, "forum_topic_created": {"name": "0412-07"}}
    heard = said(text="我去", chat=GROUP, message_thread_id=9, is_topic_message=True, reply_to_message=opening)
    assert (heard.topic, heard.reply_to) == ("9", "")


def test_a_thread_of_replies_is_no_topic() -> None:
    assert said(text="我去", chat=GROUP, message_thread_id=3).topic == ""


def test_a_deep_link_carries_its_payload() -> None:
    heard = said(text="/start lift_3-2")
    assert (heard.text, heard.start) == ("/start", "lift_3-2")


def test_a_start_with_other_words_keeps_them() -> None:
    heard = said(text="/start 我家 漏水")
    assert (heard.text, heard.start) == ("/start 我家 漏水", "")


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("/ticket@line_bot 0412-07", "/ticket 0412-07"),
        ("/jobs@LINE_BOT", "/jobs"),
        ("/jobs", "/jobs"),
        ("/", "/"),
    ],
)
def test_a_command_in_a_group_loses_our_name(text: str, heard: str) -> None:
    assert said(text=text, chat=GROUP).text == heard


def test_a_command_to_another_bot_is_not_ours() -> None:
    assert said(text="/jobs@other_bot", chat=GROUP).happening is Happening.IGNORED


def test_before_our_name_is_known_every_command_is_ours() -> None:
    assert told("message", message(text="/jobs@line_bot", chat=GROUP), username="").text == "/jobs"


@pytest.mark.parametrize("phone", ["8613800138000", "+86 138 0013 8000", "008613800138000"])
def test_a_shared_contact_is_the_senders_own(phone: str) -> None:
    card = {"phone_number": phone, "first_name": "芳", "user_id": 11}
    assert said(contact=card).contact == Contact("+8613800138000", own=True, name="芳")


@pytest.mark.parametrize("whose", [{"user_id": 12}, {}])
def test_somebody_elses_card_is_not_the_senders_own(whose: dict[str, int]) -> None:
    contact = said(contact={"phone_number": "8613800138000", "first_name": "刚", **whose}).contact
    assert contact == Contact("+8613800138000", own=False, name="刚")


def test_of_a_photo_the_largest_size_is_taken() -> None:
    sizes = [
        {"file_id": "s", "file_unique_id": "us", "width": 90, "height": 60, "file_size": 9},
        {"file_id": "l", "file_unique_id": "ul", "width": 900, "height": 600, "file_size": 99},
        {"file_id": "m", "file_unique_id": "um", "width": 300, "height": 200, "file_size": 50},
    ]
    heard = said(photo=sizes, caption="厨房", media_group_id="77")
    assert heard.media == (Attachment(MediaKind.PHOTO, "l", "ul", "image/jpeg", 99),)
    assert (heard.text, heard.album) == ("厨房", "77")


@pytest.mark.parametrize(
    ("field", "kind", "mime"),
    [
        ("voice", MediaKind.VOICE, "audio/ogg"),
        ("video", MediaKind.VIDEO, "video/mp4"),
        ("video_note", MediaKind.VIDEO, "video/mp4"),
        ("document", MediaKind.DOCUMENT, ""),
        ("audio", MediaKind.DOCUMENT, "audio/mpeg"),
    ],
)
def test_files_come_with_their_kind(field: str, kind: MediaKind, mime: str) -> None:
    heard = said(**{field: {"file_id": "f", "file_unique_id": "u"}})
    assert heard.media == (Attachment(kind, "f", "u", mime),)


def test_a_document_keeps_its_name_and_type() -> None:
    file = {"file_id": "f", "file_unique_id": "u", "file_name": "账单.pdf", "mime_type": "application/pdf"}
    assert said(document=file).media[0] == Attachment(MediaKind.DOCUMENT, "f", "u", "application/pdf", 0, "账单.pdf")


def test_a_place_on_the_map_is_read() -> None:
    assert said(location={"latitude": 30.2, "longitude": 120.1}).location == Location(30.2, 120.1)


def test_a_sticker_says_its_sign() -> None:
    assert said(sticker={"emoji": "👍"}).text == "👍"


def test_an_edited_message_says_so() -> None:
    heard = told("edited_message", message(text="3栋1502"))
    assert (heard.happening, heard.text, heard.message_id) == (Happening.EDITED, "3栋1502", "5")


def test_a_tap_names_the_button_and_its_message() -> None:
    query = {"id": "q1", "from": WANG, "data": "p:1:what:0", "message": {"message_id": 8, "chat": PRIVATE, "date": 0}}
    heard = told("callback_query", query)
    assert (heard.happening, heard.tap, heard.tap_id) == (Happening.MESSAGE, "p:1:what:0", "q1")
    assert (heard.sender, heard.address, heard.message_id) == ("11", "11", "8")


def test_a_tap_in_a_topic_knows_where() -> None:
    where = {"message_id": 8, "chat": GROUP, "date": 1, "message_thread_id": 9, "is_topic_message": True}
    heard = told("callback_query", {"id": "q1", "from": WANG, "data": "take:1", "message": where})
    assert (heard.group, heard.topic) == ("-1001", "9")


def test_a_tap_without_a_message_is_ignored() -> None:
    assert told("callback_query", {"id": "q1", "from": WANG, "data": "x"}).happening is Happening.IGNORED


def test_an_anonymous_admin_is_seen_as_one() -> None:
    heard = said(text="我去", chat=GROUP, **{"from": ANONYMOUS, "sender_chat": GROUP})
    assert (heard.happening, heard.anonymous, heard.sender) == (Happening.MESSAGE, True, "1087968824")


@pytest.mark.parametrize(
    ("chat", "before", "after", "happening"),
    [
        (PRIVATE, "member", "kicked", Happening.BLOCKED),
        (PRIVATE, "kicked", "member", Happening.UNBLOCKED),
        (PRIVATE, "left", "member", Happening.IGNORED),
        (GROUP, "left", "member", Happening.JOINED),
        (GROUP, "kicked", "administrator", Happening.JOINED),
        (GROUP, "member", "administrator", Happening.IGNORED),
        (GROUP, "member", "left", Happening.IGNORED),
    ],
)
def test_membership_of_the_bot_is_told(chat: dict[str, Any], before: str, after: str, happening: Happening) -> None:
    change = {
        "chat": chat,
        "from": WANG,
        "old_chat_member": {"status": before},
        "new_chat_member": {"status": after},
    }
    heard = told("my_chat_member", change)
    assert (heard.happening, heard.address) == (happening, str(chat["id"]))


def test_a_group_that_became_a_supergroup_tells_its_new_id() -> None:
    heard = said(chat={"id": -5, "type": "group"}, migrate_to_chat_id=-1002)
    assert (heard.happening, heard.address, heard.text) == (Happening.MIGRATED, "-5", "-1002")


@pytest.mark.parametrize(
    "fields",
    [
        {"chat": GROUP, "new_chat_members": [WANG]},
        {"chat": GROUP, "text": "通知", "sender_chat": {"id": -99, "type": "channel"}},
        {"chat": GROUP, "text": "我是机器人", "from": {**WANG, "is_bot": True}},
        {"chat": {"id": -9, "type": "channel"}, "text": "频道", "from": WANG},
        {"text": "谁", "from": None},
        {"poll": {}},
        {},
    ],
)
def test_what_nobody_says_to_us_is_ignored(fields: dict[str, Any]) -> None:
    assert said(**fields).happening is Happening.IGNORED


@pytest.mark.parametrize(
    "payload", ["", "{", "[]", "7", '{"x":1}', '{"update_id":1}', '{"update_id":1,"message":{"chat":5}}']
)
def test_what_cannot_be_understood_is_ignored(payload: str) -> None:
    assert read(payload, "bot").happening is Happening.IGNORED


def test_the_lane_is_the_sender_and_in_a_group_the_sender_there() -> None:
    assert lane_of({"update_id": 7, "message": message(text="x")}, "bot") == ("7", "telegram:bot:11")
    in_group = message(text="x", chat=GROUP)
    assert lane_of({"update_id": 7, "message": in_group}, "bot") == ("7", "telegram:bot:-1001:11")


def test_a_tap_shares_the_lane_of_its_persons_messages() -> None:
    tap = {"id": "q", "from": WANG, "data": "x", "message": {**message(), "from": ANONYMOUS}}
    in_group = {**tap, "message": message(chat=GROUP)}
    assert lane_of({"update_id": 8, "callback_query": tap}, "bot") == ("8", "telegram:bot:11")
    assert lane_of({"update_id": 8, "callback_query": in_group}, "bot") == ("8", "telegram:bot:-1001:11")


def test_nobodys_event_has_a_lane_too() -> None:
    assert lane_of({"update_id": 7, "channel_post": {"chat": {"id": -9}}}, "bot")[1] == "telegram:bot:-9"
    assert lane_of({"update_id": 7, "poll": {"id": "1"}}, "bot")[1] == "telegram:bot:nobody"
