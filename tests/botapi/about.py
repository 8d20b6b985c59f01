"""The methods about the bot itself, its webhook and commands, its files, chats and members."""

import ipaddress
import re
from urllib.parse import urlsplit

import orjson

from tests.botapi.chats import Chat, MemberStatus, User, quoted, rights
from tests.botapi.shapes import Json, refused, wrong
from tests.botapi.webhook import Target
from tests.botapi.world import Call, World

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_MOST_COMMANDS = 100
_LONGEST_DESCRIPTION = 256
_CONNECTIONS = range(1, 101)
_USUAL_CONNECTIONS = 40


def get_me(world: World, _call: Call) -> Json:
    """Return the bot."""
    return {
        **world.bot_face,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def agree(_world: World, _call: Call) -> bool:
    """Take a call that changes nothing here."""
    return True


def set_webhook(world: World, call: Call) -> bool:
    """Deliver updates to an address from now on; an empty address ends it."""
    params = call.params
    if params["url"] == "":
        return delete_webhook(world, call)
    _check_address(params["url"])
    secret = params.get("secret_token")
    if secret is not None and _SECRET.fullmatch(secret) is None:
        raise wrong("secret token contains unallowed characters or is of a wrong length")
    connections = params.get("max_connections", _USUAL_CONNECTIONS)
    if connections not in _CONNECTIONS:
        raise wrong("max_connections must be 1-100")
    if "allowed_updates" in params:
        world.updates.allow(params["allowed_updates"])
    if params.get("drop_pending_updates", False):
        world.updates.waiting.clear()
    world.webhook.aim(Target(params["url"], secret, connections))
    return True


def delete_webhook(world: World, call: Call) -> bool:
    """Go back to long polling."""
    if call.params.get("drop_pending_updates", False):
        world.updates.waiting.clear()
    world.webhook.aim(None)
    return True


def webhook_info(world: World, _call: Call) -> Json:
    """Return how delivery stands."""
    target = world.webhook.target
    info: Json = {
        "url": "" if target is None else target.url,
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.waiting),
    }
    if target is not None:
        info["max_connections"] = target.max_connections
    if world.webhook.last_error is not None:
        info["last_error_date"], info["last_error_message"] = world.webhook.last_error
    if world.updates.allowed:
        info["allowed_updates"] = world.updates.allowed
    return info


def set_commands(world: World, call: Call) -> bool:
    """Keep the commands of one scope and language."""
    commands = call.params["commands"]
    if len(commands) > _MOST_COMMANDS:
        raise wrong("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if _COMMAND.fullmatch(command["command"]) is None:
            raise wrong(f'BOT_COMMAND_INVALID: "{command["command"]}"')
        if not 1 <= len(command["description"].strip()) <= _LONGEST_DESCRIPTION:
            raise wrong(f'BOT_COMMAND_DESCRIPTION_INVALID: "{command["command"]}"')
    world.commands[_command_key(world, call.params)] = commands
    return True


def get_commands(world: World, call: Call) -> list[Json]:
    """Return the commands of one scope and language."""
    return world.commands.get(_command_key(world, call.params), [])


def delete_commands(world: World, call: Call) -> bool:
    """Forget the commands of one scope and language."""
    world.commands.pop(_command_key(world, call.params), None)
    return True


def set_menu_button(world: World, call: Call) -> bool:
    """Take the menu button of a chat."""
    if "chat_id" in call.params:
        world.chats.reachable(call.params["chat_id"])
    return True


def get_file(world: World, call: Call) -> Json:
    """Return where a file can be fetched."""
    return world.shelf.find(call.params["file_id"]).as_file()


def get_chat(world: World, call: Call) -> Json:
    """Return everything about a chat."""
    chat = world.chats.reachable(call.params["chat_id"])
    held = chat.members.get(world.bot.id) == MemberStatus.ADMINISTRATOR
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    full: Json = {
        **chat.face,
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
    if chat.pinned is not None and (pinned := quoted(chat, chat.pinned)) is not None:
        full["pinned_message"] = pinned
    if not chat.private:
        full["permissions"] = {"can_send_messages": True, "can_manage_topics": held}
    return full


def get_member(world: World, call: Call) -> Json:
    """Return what somebody is in a chat."""
    chat = world.chats.reachable(call.params["chat_id"])
    user_id = call.params["user_id"]
    user = world.bot if user_id == world.bot.id else world.chats.users.get(user_id)
    if user is None:
        raise refused("PARTICIPANT_ID_INVALID" if chat.private else "user not found")
    usual = MemberStatus.MEMBER if user_id == chat.id else MemberStatus.LEFT
    return member(user, chat.members.get(user_id, usual))


def get_administrators(world: World, call: Call) -> list[Json]:
    """Return the administrators of a group, other bots aside."""
    chat = world.chats.reachable(call.params["chat_id"])
    if chat.private:
        raise refused("there are no administrators in the private chat")
    people = {**world.chats.users, world.bot.id: world.bot}
    ruling = (MemberStatus.CREATOR, MemberStatus.ADMINISTRATOR)
    return [member(people[user_id], status) for user_id, status in chat.members.items() if status in ruling]


def leave_chat(world: World, call: Call) -> bool:
    """Take the bot out of a group."""
    chat: Chat = world.chats.reachable(call.params["chat_id"])
    if chat.private:
        raise wrong("chat member status can't be changed in private chats")
    chat.blocked = True
    chat.members[world.bot.id] = MemberStatus.LEFT
    return True


def member(user: User, status: MemberStatus) -> Json:
    """Return the ChatMember object."""
    shown: Json = {"status": status.value, "user": user.shown()}
    if status is MemberStatus.ADMINISTRATOR:
        return {**shown, "can_be_edited": False, "is_anonymous": False, **rights(held=True)}
    if status is MemberStatus.CREATOR:
        return {**shown, "is_anonymous": False}
    if status is MemberStatus.KICKED:
        return {**shown, "until_date": 0}
    return shown


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    try:
        loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = parts.hostname == "localhost"
    if not parts.hostname or parts.scheme not in ({"https", "http"} if loopback else {"https"}):
        raise wrong("bad webhook: an HTTPS URL must be provided for webhook")


def _command_key(world: World, params: Json) -> str:
    language = params.get("language_code", "")
    if language and _LANGUAGE.fullmatch(language) is None:
        raise wrong("invalid language code specified")
    scope = params.get("scope", {"type": "default"})
    if "chat_id" in scope:
        world.chats.reachable(scope["chat_id"])
    return orjson.dumps([scope, language], option=orjson.OPT_SORT_KEYS).decode()
