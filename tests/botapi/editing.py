"""The methods that change, remove or answer what is already there."""

import time

from tests.botapi.chats import Chat, Entry
from tests.botapi.markup import check_markup
from tests.botapi.sending import read_caption, read_text
from tests.botapi.shapes import Json, refused, wrong
from tests.botapi.world import Call, World

_LONGEST_TOAST = 200
_SHOWN = ("text", "entities", "caption", "caption_entities", "reply_markup")
_MEDIA = ("photo", "voice", "document")


def edit_text(world: World, call: Call) -> Json:
    """Replace the text of a message; a keyboard that is not repeated goes."""
    if "text" not in call.params:
        raise wrong("message text is empty")
    content = read_text(call.params)
    chat, entry = _own_message(world, call)
    if "text" not in entry.message:
        raise wrong("there is no text in the message to edit")
    return _replace(world, call, chat, entry, content)


def edit_caption(world: World, call: Call) -> Json:
    """Replace the caption of a medium; a keyboard that is not repeated goes."""
    content = read_caption(call.params)
    chat, entry = _own_message(world, call)
    if not any(kind in entry.message for kind in _MEDIA):
        raise wrong("there is no caption in the message to edit")
    return _replace(world, call, chat, entry, content)


def edit_markup(world: World, call: Call) -> Json:
    """Replace only the buttons."""
    chat, entry = _own_message(world, call)
    kept = {name: entry.message[name] for name in _SHOWN if name in entry.message and name != "reply_markup"}
    return _replace(world, call, chat, entry, kept)


def delete_message(world: World, call: Call) -> bool:
    """Remove a message."""
    chat = world.chats.reachable(call.params["chat_id"])
    entry = chat.entries.get(call.params["message_id"])
    if entry is None or entry.deleted:
        raise refused("message to delete not found")
    entry.deleted = True
    world.record(call, chat.id, call.params["message_id"], None)
    return True


def pin_message(world: World, call: Call) -> bool:
    """Pin a message."""
    chat = world.chats.reachable(call.params["chat_id"])
    entry = chat.entries.get(call.params["message_id"])
    if entry is None or entry.deleted:
        raise refused("message to pin not found")
    chat.pinned = call.params["message_id"]
    world.record(call, chat.id, chat.pinned, None)
    return True


def answer_query(world: World, call: Call) -> bool:
    """Answer a tap."""
    params = call.params
    text = params.get("text")
    if text is not None and len(text) > _LONGEST_TOAST:
        raise wrong("MESSAGE_TOO_LONG")
    query = world.chats.queries.get(params["callback_query_id"])
    now = time.monotonic()
    if query is None:
        if not world.options.trusting:
            raise refused("query is too old and response timeout expired or query ID is invalid")
        world.record(call, 0, None, text)
        return True
    if query.expired or now - query.at > world.options.query_age:
        raise refused("query is too old and response timeout expired or query ID is invalid")
    query.answers.append({"text": text, "alert": params.get("show_alert", False), "at": now})
    world.record(call, query.chat_id, query.message_id, text)
    return True


def _own_message(world: World, call: Call) -> tuple[Chat, Entry]:
    params = call.params
    if "inline_message_id" in params or "chat_id" not in params or "message_id" not in params:
        raise wrong("message identifier is not specified")
    chat = world.chats.reachable(params["chat_id"])
    entry = chat.entries.get(params["message_id"])
    if entry is None or entry.deleted:
        raise refused("message to edit not found")
    if not entry.by_bot or entry.keyboard is not None:
        raise wrong("message can't be edited")
    return chat, entry


def _replace(world: World, call: Call, chat: Chat, entry: Entry, content: Json) -> Json:
    markup = call.params.get("reply_markup")
    if markup is not None:
        check_markup(markup, private=chat.private)
        if markup["inline_keyboard"]:
            content["reply_markup"] = markup
    shown = {name: value for name, value in entry.message.items() if name not in _SHOWN}
    if content == {name: entry.message[name] for name in _SHOWN if name in entry.message}:
        raise refused(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    # edits in a group eat of the group's budget
    world.spend(call, chat, chat_too=not chat.private)
    shown.update(content, edit_date=int(time.time()))
    world.chats.change(entry, shown)
    world.record(call, chat.id, shown["message_id"], shown.get("text", shown.get("caption")))
    return shown
