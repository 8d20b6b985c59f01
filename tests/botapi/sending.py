"""The methods that bring a new message into a chat."""

import time
from collections.abc import Mapping

from tests.botapi.chats import Chat, quoted
from tests.botapi.entities import read_html
from tests.botapi.markup import check_markup
from tests.botapi.shapes import Json, Upload, refused, utf16_length, wrong
from tests.botapi.world import Call, World

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
_ALBUM_SIZES = range(2, 11)
_VISUAL = {"photo", "video", "live_photo"}
_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)


def send_message(world: World, call: Call) -> Json:
    """Send a text."""
    content = read_text(call.params)
    return _send(world, call, content)


def send_photo(world: World, call: Call) -> Json:
    """Send a photo."""
    caption = read_caption(call.params)
    return _send(world, call, {"photo": world.shelf.resolve_photo(call.params["photo"]), **caption})


def send_voice(world: World, call: Call) -> Json:
    """Send a voice message."""
    caption = read_caption(call.params)
    length = {"duration": call.params.get("duration", 0)}
    voice = world.shelf.resolve("voice", call.params["voice"], length)
    return _send(world, call, {"voice": voice, **caption})


def send_document(world: World, call: Call) -> Json:
    """Send a file."""
    caption = read_caption(call.params)
    document = world.shelf.resolve("document", call.params["document"], {})
    return _send(world, call, {"document": document, **caption})


def send_location(world: World, call: Call) -> Json:
    """Send a point on the map."""
    latitude, longitude = call.params["latitude"], call.params["longitude"]
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise wrong("wrong latitude or longitude")
    return _send(world, call, {"location": {"latitude": latitude, "longitude": longitude}})


def send_contact(world: World, call: Call) -> Json:
    """Send a phone contact."""
    names = ("phone_number", "first_name", "last_name", "vcard")
    contact = {name: call.params[name] for name in names if name in call.params}
    if not contact["phone_number"].strip() or not contact["first_name"].strip():
        raise wrong("contact phone_number and first_name must be non-empty")
    return _send(world, call, {"contact": contact})


def send_media_group(world: World, call: Call) -> list[Json]:
    """Send an album: all of it or nothing."""
    media = call.params["media"]
    if len(media) not in _ALBUM_SIZES:
        raise wrong(f"media group must have 2-10 items, got {len(media)}")
    if len({"visual" if item["type"] in _VISUAL else item["type"] for item in media}) > 1:
        raise wrong("documents and audio can only be grouped with their own kind")
    contents = [_album_item(world, item, call.uploads) for item in media]
    chat, frame = _frame(world, call)
    world.spend(call, chat, cost=len(media))
    album = world.new_album()
    return [_put(world, call, chat, {**frame, "media_group_id": album, **content}, None) for content in contents]


def send_chat_action(world: World, call: Call) -> bool:
    """Show that the bot is busy."""
    if call.params["action"] not in _ACTIONS:
        raise wrong("wrong parameter action in request")
    _thread(world.chats.reachable(call.params["chat_id"]), call.params)
    return True


def read_text(params: Json) -> Json:
    """Return text and entities of a message, checked."""
    text, entities = _parsed(params, "text", "entities")
    text = text.rstrip()
    if not text.strip():
        raise wrong("message text is empty")
    if len(text) > LONGEST_TEXT // 2 and utf16_length(text) > LONGEST_TEXT:
        raise wrong("message is too long")
    return {"text": text, "entities": entities} if entities else {"text": text}


def read_caption(params: Json) -> Json:
    """Return caption and entities of a medium, checked; nothing when there is no caption."""
    if not params.get("caption"):
        return {}
    caption, entities = _parsed(params, "caption", "caption_entities")
    if utf16_length(caption) > LONGEST_CAPTION:
        raise wrong("message caption is too long")
    return {"caption": caption, "caption_entities": entities} if entities else {"caption": caption}


def _parsed(params: Json, name: str, given_entities: str) -> tuple[str, list[Json]]:
    source = params[name]
    mode = params.get("parse_mode", "")
    if mode == "":
        entities = params.get(given_entities, [])
        length = utf16_length(source)
        if any(entity["offset"] < 0 or entity["offset"] + entity["length"] > length for entity in entities):
            raise wrong("entity beyond the end of the text")
        return source, entities
    if mode.lower() != "html":
        raise wrong("unsupported parse_mode: this server reads HTML only")
    if given_entities in params:
        raise wrong(f"{given_entities} can't be specified together with parse_mode")
    return read_html(source)


def _album_item(world: World, item: Json, uploads: Mapping[str, Upload]) -> Json:
    given: object = item["media"]
    if item["media"].startswith("attach://"):
        given = uploads.get(item["media"].removeprefix("attach://"))
        if given is None:
            raise wrong(f'file "{item["media"]}" was not sent along')
    caption = read_caption(item)
    if item["type"] == "photo":
        return {"photo": world.shelf.resolve_photo(given), **caption}
    if item["type"] == "document":
        return {"document": world.shelf.resolve("document", given, {}), **caption}
    raise wrong(f'albums of "{item["type"]}" are not served by this server')


def _send(world: World, call: Call, content: Json) -> Json:
    chat, frame = _frame(world, call)
    markup = call.params.get("reply_markup")
    keyboard = None
    if markup is not None:
        check_markup(markup, private=chat.private)
        if "inline_keyboard" not in markup:
            keyboard = markup
        elif markup["inline_keyboard"]:
            frame["reply_markup"] = markup
    world.spend(call, chat)
    frame.update(content)
    return _put(world, call, chat, frame, keyboard)


def _frame(world: World, call: Call) -> tuple[Chat, Json]:
    """Return the chat and what every message there has."""
    params = call.params
    chat = world.chats.reachable(params["chat_id"])
    frame: Json = {"message_id": 0, "from": world.bot_face, "chat": chat.face, "date": int(time.time())}
    thread = _thread(chat, params)
    if thread is not None:
        frame["message_thread_id"] = thread
        frame["is_topic_message"] = True
    reply = params.get("reply_parameters")
    if reply is not None:
        answered = quoted(chat, reply["message_id"])
        if answered is not None:
            frame["reply_to_message"] = answered
        elif not reply.get("allow_sending_without_reply", False):
            raise refused("message to be replied not found")
    return chat, frame


def _thread(chat: Chat, params: Json) -> int | None:
    thread: int | None = params.get("message_thread_id")
    if thread is not None and thread not in chat.topics:
        raise refused("message thread not found")
    return thread


def _put(world: World, call: Call, chat: Chat, message: Json, keyboard: Json | None) -> Json:
    message["message_id"] = chat.next_id()
    world.chats.put(chat, message, by_bot=True, keyboard=keyboard)
    world.record(call, chat.id, message["message_id"], message.get("text", message.get("caption")))
    return message
