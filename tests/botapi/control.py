"""The side door for tests: act for people, read what was said, order faults.

`POST /_control/<verb>` takes a JSON object, `GET /_control/<verb>` reads by query string;
both answer JSON, an impossible wish with status 400 and `{"error": …}`.
"""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import orjson
from aiohttp import web

from tests.botapi.chats import Chat, ChatKind, Entry, MemberStatus, User
from tests.botapi.faults import Fault, FaultKind
from tests.botapi.pushing import ImpossibleError, perform
from tests.botapi.shapes import ApiError, Json
from tests.botapi.world import World, plain

Verb: TypeAlias = Callable[[World, Json], object]

_KINDS = ("photo", "voice", "document", "location", "contact", "forum_topic_created")
_FIRST_SUPERGROUP = -1_000_000_000_000


async def answer(world: World, request: web.BaseRequest) -> web.Response:
    """Serve one wish of a test."""
    verb = request.path.removeprefix("/_control/")
    given: Json = dict(request.query)
    body = await request.read()
    if body:
        given |= orjson.loads(body)
    served = VERBS.get(verb)
    if served is None:
        return _said({"error": f"no such verb: {verb}"}, status=404)
    try:
        return _said(served(world, given))
    except ImpossibleError as impossible:
        return _said({"error": str(impossible)}, status=400)
    except ApiError as error:
        return _said({"error": error.description}, status=400)


def _said(content: object, *, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(content, default=plain, option=orjson.OPT_NON_STR_KEYS),
        headers={"Content-Type": "application/json"},
    )


def _add_user(world: World, given: Json) -> Json:
    user = User(
        given["id"],
        given["first_name"],
        given.get("language_code"),
        given.get("username"),
        given.get("phone"),
    )
    world.chats.add_user(user, started=given.get("started", False))
    return {}


def _add_users(world: World, given: Json) -> Json:
    for one in given["users"]:
        _add_user(world, one)
    return {}


def _add_group(world: World, given: Json) -> Json:
    big = given["forum"] or given["id"] < _FIRST_SUPERGROUP
    chat = Chat(
        given["id"],
        ChatKind.SUPERGROUP if big else ChatKind.GROUP,
        given["title"],
        forum=given["forum"],
    )
    chat.members = dict.fromkeys(given["members"], MemberStatus.MEMBER)
    chat.members |= dict.fromkeys(given["admins"], MemberStatus.ADMINISTRATOR)
    chat.members[world.bot.id] = MemberStatus(given["bot_status"])
    world.chats.chats[chat.id] = chat
    return {}


def _push(world: World, given: Json) -> Json:
    return perform(world, given.pop("kind"), given)


def _transcript(world: World, given: Json) -> Json:
    """Return a chat in the order of the last change, from `after` on."""
    chat = _chat(world, given)
    after = int(given.get("after", 0))
    entries = [entry for entry in chat.entries.values() if entry.seq > after]
    keyboards = [entry.keyboard for entry in chat.entries.values() if entry.keyboard is not None]
    return {
        "chat": chat.face,
        "entries": [_shown(entry) for entry in sorted(entries, key=lambda entry: entry.seq)],
        "keyboard": keyboards[-1] if keyboards else None,
        "topics": {topic.id: {"name": topic.name, "closed": topic.closed} for topic in chat.topics.values()},
        "pinned": chat.pinned,
        "seq": world.chats.seq,
    }


def _shown(entry: Entry) -> Json:
    message = entry.message
    return {
        "seq": entry.seq,
        "message_id": message["message_id"],
        "by_bot": entry.by_bot,
        "from": message["from"]["first_name"],
        "kind": next((kind for kind in _KINDS if kind in message), "text"),
        "text": message.get("text", message.get("caption", "")),
        "buttons": message.get("reply_markup", {}).get("inline_keyboard", []),
        "keyboard": entry.keyboard,
        "thread_id": message.get("message_thread_id"),
        "reply_to": message.get("reply_to_message", {}).get("message_id"),
        "media_group_id": message.get("media_group_id"),
        "edits": [{"seq": seq, "text": old.get("text", old.get("caption", ""))} for seq, old in entry.edits],
        "deleted": entry.deleted,
        "message": message,
    }


def _callbacks(world: World, given: Json) -> list[Json]:
    return [
        {
            "id": query.id,
            "user_id": query.user_id,
            "chat_id": query.chat_id,
            "message_id": query.message_id,
            "data": query.data,
            "expired": query.expired,
            "answers": query.answers,
        }
        for query in world.chats.queries.values()
        if given.get("id") in (None, query.id)
    ]


def _history(world: World, given: Json) -> list[Json]:
    return world.book.history[int(given.get("after", 0)) :]


def _order_fault(world: World, given: Json) -> Json:
    world.faults.orders.append(
        Fault(
            FaultKind(given["kind"]),
            given.get("method"),
            given.get("chat_id"),
            given.get("times", 1),
            given.get("seconds", 1),
        )
    )
    return {}


def _faults(world: World, _given: Json) -> list[Json]:
    return [
        {"kind": fault.kind, "method": fault.method, "times": fault.times, "met": fault.met}
        for fault in world.faults.orders
    ]


def _clear_faults(world: World, _given: Json) -> Json:
    world.faults.orders.clear()
    return {}


def _forget(world: World, given: Json) -> Json:
    """Lose a message: editing, deleting or answering it finds nothing."""
    if _chat(world, given).entries.pop(given["message_id"], None) is None:
        raise ImpossibleError("there is no such message")
    return {}


def _forget_topic(world: World, given: Json) -> Json:
    _chat(world, given).topics.pop(given["thread_id"], None)
    return {}


def _expire_queries(world: World, _given: Json) -> Json:
    for query in world.chats.queries.values():
        query.expired = True
    world.updates.drop_taps()
    return {}


def _webhook(world: World, _given: Json) -> Json:
    target = world.webhook.target
    return {"url": "" if target is None else target.url, "attempts": world.webhook.attempts}


def _state(world: World, _given: Json) -> Json:
    return {
        "calls": dict(world.book.calls),
        "pending": [pending.update_id for pending in world.updates.waiting.values()],
        "allowed_updates": world.updates.allowed,
        "commands": world.commands,
        "accepted": len(world.book.history),
        "at": time.monotonic(),
    }


def _chat(world: World, given: Json) -> Chat:
    chat = world.chats.chats.get(int(given["chat_id"]))
    if chat is None:
        raise ImpossibleError(f"there is no chat {given['chat_id']}")
    return chat


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "user": _add_user,
        "users": _add_users,
        "group": _add_group,
        "push": _push,
        "transcript": _transcript,
        "callbacks": _callbacks,
        "history": _history,
        "violations": lambda world, _: world.book.violations,
        "refusals": lambda world, _: world.book.refusals,
        "floods": lambda world, _: world.limits.floods,
        "fault": _order_fault,
        "faults": _faults,
        "clear_faults": _clear_faults,
        "forget": _forget,
        "forget_topic": _forget_topic,
        "expire_queries": _expire_queries,
        "webhook": _webhook,
        "state": _state,
    }
)
