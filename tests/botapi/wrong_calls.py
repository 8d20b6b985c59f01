"""Calls that are wrong in themselves: method, parameters, and what the answer must name."""

from typing import Any

OWNER = 11
FORUM = -1001000000001
GROUP = -501


def inline(**button: Any) -> dict[str, Any]:
    """Return a keyboard of one button."""
    return {"inline_keyboard": [[{"text": "接单", **button}]]}


WRONG = [
    ("sendMessage", {"chat_id": OWNER}, 'parameter "text" of sendMessage is required'),
    ("sendMessage", {"chat_id": OWNER, "text": "a", "colour": "red"}, 'unknown parameter "colour"'),
    ("sendMessage", {"chat_id": OWNER, "text": 5}, "must be a String"),
    ("sendMessage", {"chat_id": OWNER, "text": "a", "message_thread_id": "7"}, "must be an Integer"),
    ("sendMessage", {"chat_id": OWNER, "text": "a", "protect_content": 1}, "must be a Boolean"),
    ("sendMessage", {"chat_id": OWNER, "text": " \n "}, "message text is empty"),
    ("sendMessage", {"chat_id": OWNER, "text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
    ("sendMessage", {"chat_id": OWNER, "text": "房" * 4097}, "message is too long"),
    ("sendMessage", {"chat_id": OWNER, "text": "🔧" * 2049}, "message is too long"),
    ("sendMessage", {"chat_id": OWNER, "text": "a", "parse_mode": "Markdown"}, "unsupported parse_mode"),
    ("sendMessage", {"chat_id": OWNER, "text": "1 < 2", "parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"chat_id": OWNER, "text": "A & B", "parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"chat_id": OWNER, "text": "&nbsp;", "parse_mode": "HTML"}, "can't parse entities"),
    ("sendMessage", {"chat_id": OWNER, "text": "<b>a", "parse_mode": "HTML"}, "Can't find end tag"),
    ("sendMessage", {"chat_id": OWNER, "text": "a</b>", "parse_mode": "HTML"}, "Unexpected end tag"),
    ("sendMessage", {"chat_id": OWNER, "text": "<b><i>a</b></i>", "parse_mode": "HTML"}, "Unmatched end tag"),
    ("sendMessage", {"chat_id": OWNER, "text": "a<br>b", "parse_mode": "HTML"}, "Unsupported start tag"),
    ("sendMessage", {"chat_id": OWNER, "text": "<b id='1'>a</b>", "parse_mode": "HTML"}, "attribute"),
    ("sendMessage", {"chat_id": OWNER, "text": "<code><b>a</b></code>", "parse_mode": "HTML"}, "inside"),
    ("sendMessage", {"chat_id": OWNER, "text": "a", "reply_markup": {"rows": []}}, "reply_markup"),
    ("sendMessage", {"chat_id": OWNER, "text": "a", "reply_markup": inline()}, "exactly one action"),
    (
        "sendMessage",
        {"chat_id": OWNER, "text": "a", "reply_markup": inline(callback_data="接" * 22)},
        "BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"chat_id": OWNER, "text": "a", "reply_markup": inline(callback_data="")},
        "BUTTON_DATA_INVALID",
    ),
    (
        "sendMessage",
        {"chat_id": OWNER, "text": "a", "reply_markup": inline(url="tel:110")},
        "BUTTON_URL_INVALID",
    ),
    (
        "sendMessage",
        {"chat_id": OWNER, "text": "a", "reply_markup": inline(callback_data="a", hue="red")},
        'unknown field "hue"',
    ),
    (
        "sendMessage",
        {
            "chat_id": GROUP,
            "text": "a",
            "reply_markup": {"keyboard": [[{"text": "手机号", "request_contact": True}]]},
        },
        "private chats only",
    ),
    (
        "sendPhoto",
        {"chat_id": OWNER, "photo": "no such id", "caption": "a"},
        "wrong file identifier",
    ),
    ("sendPhoto", {"chat_id": OWNER, "photo": "x", "caption": "a" * 1025}, "caption is too long"),
    ("sendMediaGroup", {"chat_id": OWNER, "media": [{"type": "photo", "media": "x"}]}, "2-10 items"),
    ("sendLocation", {"chat_id": OWNER, "latitude": 91, "longitude": 0}, "wrong latitude"),
    ("sendChatAction", {"chat_id": OWNER, "action": "sleeping"}, "wrong parameter action"),
    ("setMyCommands", {"commands": [], "language_code": "zh-hans"}, "invalid language code"),
    ("setMyCommands", {"commands": [{"command": "My", "description": "a"}]}, "BOT_COMMAND_INVALID"),
    (
        "setMyCommands",
        {"commands": [{"command": "my", "description": ""}]},
        "BOT_COMMAND_DESCRIPTION_INVALID",
    ),
    ("setMyCommands", {"commands": [], "scope": {"type": "planet"}}, "must be"),
    ("setWebhook", {"url": "http://example.org/hook"}, "HTTPS"),
    ("setWebhook", {"url": "http://127.0.0.1/hook", "secret_token": "a b"}, "secret token"),
    ("createForumTopic", {"chat_id": FORUM, "name": ""}, "topic name"),
    ("answerCallbackQuery", {"callback_query_id": "1", "text": "a" * 201}, "MESSAGE_TOO_LONG"),
]
