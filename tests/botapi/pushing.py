"""What people do: each deed becomes the updates that Telegram would send to the bot."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from tests.botapi.about import member
from tests.botapi.chats import ANONYMOUS_ADMIN, Chat, ChatKind, Entry, MemberStatus, Query, User, quoted
from tests.botapi.shapes import Json, utf16_length
from tests.botapi.world import World


class ImpossibleError(Exception):
    """A test asks for something that nobody could do in Telegram."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something, where, and with what particulars."""

    user: User
    chat: Chat
    given: Json


Act: TypeAlias = Callable[[World, Deed], Json]


def perform(world: World, kind: str, given: Json) -> Json:
    """Do something on behalf of a person; returns the ids of what came of it."""
    user = world.chats.users.get(given["user_id"])
    if user is None:
        raise ImpossibleError(f"there is no user {given['user_id']}")
    chat = world.chats.chats.get(given.get("chat_id") or user.id)
    if chat is None:
        raise ImpossibleError(f"there is no chat {given['chat_id']}")
    if chat.private and chat.blocked and kind != "unblock":
        raise ImpossibleError(f"{user.first_name} has blocked the bot")
    chat.open = True
    act = ACTS.get(kind)
    if act is None:
        raise ImpossibleError(f"nobody can {kind!r}")
    return act(world, Deed(user, chat, given))


def _say(world: World, deed: Deed) -> Json:
    text = deed.given["text"]
    content: Json = {"text": text}
    if text.startswith("/"):
        command = utf16_length(text.split(maxsplit=1)[0])
        content["entities"] = [{"type": "bot_command", "offset": 0, "length": command}]
    return _message(world, deed, content)


def _photo(world: World, deed: Deed) -> Json:
    content: Json = {"photo": world.shelf.add_photo(base64.b64decode(deed.given["content"]))}
    return _message(world, deed, content | _caption(deed))


def _album(world: World, deed: Deed) -> Json:
    album = world.new_album()
    sent = []
    for number, encoded in enumerate(deed.given["contents"]):
        photo: Json = {"photo": world.shelf.add_photo(base64.b64decode(encoded)), "media_group_id": album}
        sent.append(_message(world, deed, photo | (_caption(deed) if number == 0 else {})))
    return {"message_ids": [one["message_id"] for one in sent], "media_group_id": album}


def _voice(world: World, deed: Deed) -> Json:
    details = {"duration": deed.given.get("duration", 3), "mime_type": "audio/ogg"}
    voice = world.shelf.add("voice", base64.b64decode(deed.given["content"]), details)
    return _message(world, deed, {"voice": voice} | _caption(deed))


def _document(world: World, deed: Deed) -> Json:
    details = {"file_name": deed.given["name"], "mime_type": deed.given["mime"]}
    document = world.shelf.add("document", base64.b64decode(deed.given["content"]), details)
    return _message(world, deed, {"document": document} | _caption(deed))


def _contact(world: World, deed: Deed) -> Json:
    contact: Json = {"phone_number": deed.given["phone"], "first_name": deed.given["first_name"]}
    # the server itself fills in whose contact it is
    if deed.given.get("contact_user_id") is not None:
        contact["user_id"] = deed.given["contact_user_id"]
    return _message(world, deed, {"contact": contact})


def _location(world: World, deed: Deed) -> Json:
    place = {"latitude": deed.given["latitude"], "longitude": deed.given["longitude"]}
    return _message(world, deed, {"location": place})


def _edit(world: World, deed: Deed) -> Json:
    entry = deed.chat.entries.get(deed.given["message_id"])
    if entry is None or entry.message["from"]["id"] != deed.user.id:
        raise ImpossibleError("only one's own message can be edited")
    name = "text" if "text" in entry.message else "caption"
    shown = {**entry.message, name: deed.given["text"], "edit_date": int(time.time())}
    world.chats.change(entry, shown)
    update = world.updates.push("edited_message", shown, lane=f"chat {deed.chat.id}")
    return {"update_id": update, "message_id": shown["message_id"]}


def _tap(world: World, deed: Deed) -> Json:
    data = deed.given["data"]
    entry = deed.chat.entries.get(deed.given["message_id"])
    # an old client may still show, and send, a button that is gone
    if not deed.given.get("stale", False) and not _shows(entry, data):
        raise ImpossibleError(f"there is no such button now: {data!r}")
    message: Json = {"chat": deed.chat.face, "message_id": deed.given["message_id"], "date": 0}
    if entry is not None and not entry.deleted:
        message = entry.message
    query = Query(
        str(7_000_000 + len(world.chats.queries)),
        deed.user.id,
        deed.chat.id,
        deed.given["message_id"],
        data,
        time.monotonic(),
    )
    world.chats.queries[query.id] = query
    content: Json = {"id": query.id, "from": deed.user.shown(), "message": message, "data": data}
    content["chat_instance"] = str(-deed.chat.id * 31)
    update = world.updates.push("callback_query", content, lane=f"user {deed.user.id}")
    return {"update_id": update, "query_id": query.id}


def _shows(entry: Entry | None, data: str) -> bool:
    if entry is None or entry.deleted:
        return False
    rows = entry.message.get("reply_markup", {}).get("inline_keyboard", [])
    return any(button.get("callback_data") == data for row in rows for button in row)


def _block(world: World, deed: Deed) -> Json:
    deed.chat.blocked = True
    return _bot_became(world, deed, MemberStatus.MEMBER, MemberStatus.KICKED)


def _unblock(world: World, deed: Deed) -> Json:
    deed.chat.blocked = False
    return _bot_became(world, deed, MemberStatus.KICKED, MemberStatus.MEMBER)


def _set_bot_status(world: World, deed: Deed) -> Json:
    before = deed.chat.members.get(world.bot.id, MemberStatus.LEFT)
    after = MemberStatus(deed.given["status"])
    deed.chat.members[world.bot.id] = after
    deed.chat.blocked = after in (MemberStatus.KICKED, MemberStatus.LEFT)
    return _bot_became(world, deed, before, after)


def _bot_became(world: World, deed: Deed, before: MemberStatus, after: MemberStatus) -> Json:
    content = {
        "chat": deed.chat.face,
        "from": deed.user.shown(),
        "date": int(time.time()),
        "old_chat_member": member(world.bot, before),
        "new_chat_member": member(world.bot, after),
    }
    return {"update_id": world.updates.push("my_chat_member", content, lane=f"chat {deed.chat.id}")}


def _migrate(world: World, deed: Deed) -> Json:
    old = deed.chat
    new = Chat(deed.given["new_id"], ChatKind.SUPERGROUP, old.title, members=dict(old.members))
    world.chats.chats[new.id] = new
    first = _message(world, deed, {"migrate_to_chat_id": new.id})
    old.migrated_to = new.id
    second = _message(world, Deed(deed.user, new, {}), {"migrate_from_chat_id": old.id})
    return {"update_ids": [first["update_id"], second["update_id"]]}


def _caption(deed: Deed) -> Json:
    return {"caption": deed.given["caption"]} if deed.given.get("caption") else {}


def _message(world: World, deed: Deed, content: Json) -> Json:
    chat, given = deed.chat, deed.given
    message: Json = {
        "message_id": chat.next_id(),
        "from": deed.user.shown(),
        "chat": chat.face,
        "date": int(time.time()),
    }
    if given.get("anonymous", False):
        message |= {"from": ANONYMOUS_ADMIN, "sender_chat": chat.face}
    if given.get("thread_id") is not None:
        message |= {"message_thread_id": given["thread_id"], "is_topic_message": True}
    if given.get("reply_to") is not None:
        answered = quoted(chat, given["reply_to"])
        if answered is None:
            raise ImpossibleError("there is no such message to reply to")
        message["reply_to_message"] = answered
    message |= content
    world.chats.put(chat, message, by_bot=False)
    update: int | None = None
    if _bot_may_read(world, chat, message):
        update = world.updates.push("message", message, lane=f"chat {chat.id}")
    return {"update_id": update, "message_id": message["message_id"]}


def _bot_may_read(world: World, chat: Chat, message: Json) -> bool:
    """Apply privacy mode: in a group that it does not rule, a bot reads only what is meant for it."""
    if chat.private or chat.members.get(world.bot.id) is MemberStatus.ADMINISTRATOR:
        return True
    if chat.blocked:
        return False
    text = str(message.get("text", message.get("caption", "")))
    to_bot = message.get("reply_to_message", {}).get("from", {}).get("id") == world.bot.id
    service = "migrate_to_chat_id" in message or "migrate_from_chat_id" in message
    return to_bot or service or text.startswith("/") or f"@{world.bot.username}" in text


ACTS: Mapping[str, Act] = MappingProxyType(
    {
        "say": _say,
        "photo": _photo,
        "album": _album,
        "voice": _voice,
        "document": _document,
        "contact": _contact,
        "location": _location,
        "edit": _edit,
        "tap": _tap,
        "block": _block,
        "unblock": _unblock,
        "bot_status": _set_bot_status,
        "migrate": _migrate,
    }
)
