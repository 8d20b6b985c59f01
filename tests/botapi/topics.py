"""The methods of forum topics."""

import time

from tests.botapi.chats import Chat, MemberStatus, Topic
from tests.botapi.shapes import Json, refused, wrong
from tests.botapi.world import Call, World

_COLOURS = (0x6FB9F0, 0xFFD67E, 0xCB86DB, 0x8EEE98, 0xFF93B2, 0xFB6F5F)
_LONGEST_NAME = 128


def create_topic(world: World, call: Call) -> Json:
    """Open a topic; it costs a message of the group's budget."""
    chat = _forum(world, call)
    _check_name(call.params["name"])
    colour = call.params.get("icon_color", _COLOURS[0])
    if colour not in _COLOURS:
        raise wrong("wrong topic icon color")
    world.spend(call, chat)
    topic = Topic(chat.next_id(), call.params["name"], colour)
    chat.topics[topic.id] = topic
    service: Json = {
        "message_id": topic.id,
        "from": world.bot_face,
        "chat": chat.face,
        "date": int(time.time()),
        "message_thread_id": topic.id,
        "is_topic_message": True,
        "forum_topic_created": {"name": topic.name, "icon_color": colour},
    }
    world.chats.put(chat, service, by_bot=True)
    world.record(call, chat.id, topic.id, topic.name)
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": colour}


def edit_topic(world: World, call: Call) -> bool:
    """Rename a topic."""
    chat = _forum(world, call)
    topic = _topic(chat, call)
    name = call.params.get("name", topic.name)
    _check_name(name)
    if name == topic.name and "icon_custom_emoji_id" not in call.params:
        raise refused("TOPIC_NOT_MODIFIED")
    world.spend(call, chat)
    topic.name = name
    world.record(call, chat.id, topic.id, name)
    return True


def close_topic(world: World, call: Call) -> bool:
    """Close a topic."""
    chat = _forum(world, call)
    topic = _topic(chat, call)
    if topic.closed:
        raise refused("TOPIC_NOT_MODIFIED")
    topic.closed = True
    world.record(call, chat.id, topic.id, None)
    return True


def _forum(world: World, call: Call) -> Chat:
    chat = world.chats.reachable(call.params["chat_id"])
    if not chat.forum:
        raise refused("the chat is not a forum")
    if chat.members.get(world.bot.id) is not MemberStatus.ADMINISTRATOR:
        raise refused("not enough rights to manage topics")
    return chat


def _topic(chat: Chat, call: Call) -> Topic:
    topic = chat.topics.get(call.params["message_thread_id"])
    if topic is None:
        raise refused("message thread not found")
    return topic


def _check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= _LONGEST_NAME:
        raise wrong("topic name must have 1-128 characters")
