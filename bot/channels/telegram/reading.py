"""Raw updates of the Bot API, read into what happened, without building any object of the library."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import orjson

from services.messages import Attachment, Channel, Contact, Happening, Inbound, Location, MediaKind

Json: TypeAlias = Mapping[str, Any]

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")

_GROUPS = frozenset({"group", "supergroup"})
_COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?(?:\s+(?P<rest>.*))?", re.DOTALL)
_START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILES = (
    ("voice", MediaKind.VOICE, "audio/ogg"),
    ("video", MediaKind.VIDEO, "video/mp4"),
    ("video_note", MediaKind.VIDEO, "video/mp4"),
    ("document", MediaKind.DOCUMENT, ""),
    ("audio", MediaKind.DOCUMENT, "audio/mpeg"),
)
_THERE = frozenset({"creator", "administrator", "member", "restricted"})


def lane_of(update: Json, account: str) -> tuple[str, str]:
    """Return an update's id and lane: its sender, within a group its sender there."""
    kind = next(kind for kind in update if kind != "update_id")
    event = update[kind]
    message = event.get("message", event)
    chat = message.get("chat") or {}
    sender = (event.get("from") or chat).get("id", "nobody")
    places = (chat["id"], sender) if chat.get("type") in _GROUPS else (sender,)
    return str(update["update_id"]), ":".join(("telegram", account, *map(str, places)))


def read(payload: str, account: str, username: str = "") -> Inbound:
    """Read a stored update; `username` is the bot's own, to tell its commands from other bots' in groups."""
    nothing = Inbound(Channel.TELEGRAM, account, "", "", "", Happening.IGNORED)
    try:
        update = orjson.loads(payload)
        blank = replace(nothing, event_id=str(update["update_id"]))
        return _update(blank, update, username)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
        return nothing


def _update(blank: Inbound, update: Json, username: str) -> Inbound:
    if message := update.get("message"):
        return _message(blank, message, username, Happening.MESSAGE)
    if message := update.get("edited_message"):
        return _message(blank, message, username, Happening.EDITED)
    if query := update.get("callback_query"):
        return _tap(blank, query)
    if change := update.get("my_chat_member"):
        return _membership(blank, change)
    return blank


def _message(blank: Inbound, message: Json, username: str, happening: Happening) -> Inbound:
    placed = _placed(blank, message["chat"], message.get("from") or {})
    if new_id := message.get("migrate_to_chat_id"):
        return replace(placed, happening=Happening.MIGRATED, text=str(new_id))
    anonymous = _is_anonymous(message)
    if not placed.sender or not (anonymous or _is_person(message)):
        return placed
    said = _said(message, username)
    if said is None:
        return placed
    text, start = said
    heard = replace(
        placed,
        happening=happening,
        text=text,
        start=start,
        anonymous=anonymous,
        message_id=str(message["message_id"]),
        reply_to=_reply_to(message),
        topic=_topic(message),
        contact=_contact(message),
        location=_location(message),
        media=_media(message),
        album=message.get("media_group_id", ""),
    )
    return heard if heard.text or heard.contact or heard.location or heard.media else placed


def _tap(blank: Inbound, query: Json) -> Inbound:
    message = query.get("message")
    if message is None:
        return blank
    return replace(
        _placed(blank, message["chat"], query["from"]),
        happening=Happening.MESSAGE,
        tap=query.get("data", ""),
        tap_id=query["id"],
        message_id=str(message["message_id"]),
        topic=_topic(message),
    )


def _membership(blank: Inbound, change: Json) -> Inbound:
    placed = _placed(blank, change["chat"], change["from"])
    before, after = change["old_chat_member"], change["new_chat_member"]
    if placed.group:
        joined = _is_there(after) and not _is_there(before)
        return replace(placed, happening=Happening.JOINED, text=change["chat"].get("title", "")) if joined else placed
    if after["status"] == "kicked":
        return replace(placed, happening=Happening.BLOCKED)
    if before["status"] == "kicked":
        return replace(placed, happening=Happening.UNBLOCKED)
    return placed


def _placed(blank: Inbound, chat: Json, sender: Json) -> Inbound:
    """Fill in who and where."""
    address = str(chat["id"])
    return replace(
        blank,
        sender=str(sender.get("id", "")),
        address=address,
        group=address if chat["type"] in _GROUPS else "",
        name=" ".join(filter(None, (sender.get("first_name"), sender.get("last_name")))),
        language=sender.get("language_code", ""),
    )


def _is_anonymous(message: Json) -> bool:
    return bool((message.get("sender_chat") or {}).get("id") == message["chat"]["id"])


def _is_person(message: Json) -> bool:
    return (
        message["chat"]["type"] != "channel"
        and "sender_chat" not in message
        and not message["from"].get("is_bot", False)
    )


def _is_there(member: Json) -> bool:
    return member["status"] in _THERE and member.get("is_member", True)


def _said(message: Json, username: str) -> tuple[str, str] | None:
    """Return the words and a deep link's payload; None when the words are a command to another bot."""
    text = message.get("text") or message.get("caption") or (message.get("sticker") or {}).get("emoji", "")
    command = _COMMAND.fullmatch(text)
    if command is None:
        return text, ""
    name, bot, rest = command["name"], command["bot"], command["rest"] or ""
    if bot and username and bot.lower() != username.lower():
        return None
    if name == "start" and _START_PAYLOAD.fullmatch(rest):
        return "/start", rest
    return f"/{name} {rest}".rstrip(), ""


def _topic(message: Json) -> str:
    # Replies in a plain supergroup carry a thread id too, and are in no topic.
    return str(message["message_thread_id"]) if message.get("is_topic_message") else ""


def _reply_to(message: Json) -> str:
    answered = message.get("reply_to_message") or {}
    # Everything in a topic "answers" the service message that opened it.
    return "" if "forum_topic_created" in answered else str(answered.get("message_id", ""))


def _contact(message: Json) -> Contact | None:
    card = message.get("contact")
    if card is None:
        return None
    own = card.get("user_id") is not None and card["user_id"] == message["from"]["id"]
    name = " ".join(filter(None, (card.get("first_name"), card.get("last_name"))))
    return Contact(_with_plus(card["phone_number"]), own=own, name=name)


def _with_plus(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    return "+" + digits.removeprefix("00")


def _location(message: Json) -> Location | None:
    point = message.get("location")
    return Location(point["latitude"], point["longitude"]) if point else None


def _media(message: Json) -> tuple[Attachment, ...]:
    if sizes := message.get("photo"):
        largest = max(sizes, key=lambda size: size["width"] * size["height"])
        return (_attachment(MediaKind.PHOTO, largest, "image/jpeg"),)
    for field, kind, mime in _FILES:
        if file := message.get(field):
            return (_attachment(kind, file, mime),)
    return ()


def _attachment(kind: MediaKind, file: Json, mime: str) -> Attachment:
    return Attachment(
        kind,
        file["file_id"],
        file["file_unique_id"],
        mime=file.get("mime_type", mime),
        size=file.get("file_size", 0),
        name=file.get("file_name", ""),
    )
