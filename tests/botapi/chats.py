"""People, chats and the messages in them, as the stand-in remembers them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.botapi.shapes import ApiError, Json, refused

ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}


class ChatKind(StrEnum):
    """Kinds of chat that a bot meets here."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


class MemberStatus(StrEnum):
    """What somebody is in a chat."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    LEFT = "left"
    KICKED = "kicked"


@dataclass(slots=True)
class User:
    """A person, or the bot itself."""

    id: int
    first_name: str
    language_code: str | None = None
    username: str | None = None
    phone: str | None = None
    is_bot: bool = False

    def shown(self) -> Json:
        """Return the User object."""
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username is not None:
            user["username"] = self.username
        if self.language_code is not None:
            user["language_code"] = self.language_code
        return user


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is that of the service message that opened it."""

    id: int
    name: str
    icon_color: int
    closed: bool = False


@dataclass(slots=True)
class Entry:
    """One message with what happened to it."""

    seq: int
    message: Json
    by_bot: bool
    keyboard: Json | None = None  # reply keyboard, removal or forced reply
    edits: list[tuple[int, Json]] = field(default_factory=list)  # what it showed before, each with its seq
    deleted: bool = False


@dataclass(slots=True)
class Chat:
    """A chat with its members, messages and topics."""

    id: int
    kind: ChatKind
    title: str
    username: str | None = None
    forum: bool = False
    open: bool = True  # a private chat opens with the person's first message
    blocked: bool = False  # the person blocked the bot, or the bot was removed from the group
    members: dict[int, MemberStatus] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    migrated_to: int | None = None
    pinned: int | None = None
    entries: dict[int, Entry] = field(default_factory=dict)
    last_id: int = 0
    face: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Draw the Chat object once; it goes into every message."""
        self.face = {"id": self.id, "type": self.kind.value}
        self.face["first_name" if self.private else "title"] = self.title
        if self.username is not None:
            self.face["username"] = self.username
        if self.forum:
            self.face["is_forum"] = True

    @property
    def private(self) -> bool:
        """Whether this is a chat with one person."""
        return self.kind is ChatKind.PRIVATE

    def next_id(self) -> int:
        """Return the id of the next message."""
        self.last_id += 1
        return self.last_id


@dataclass(slots=True)
class Query:
    """A tap on a button, and the answers it got."""

    id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    at: float
    expired: bool = False
    answers: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Chats:
    """Everybody and everything that was said."""

    trusting: bool = False  # take a private chat or a tap that was never seen as real
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    seq: int = 0

    def add_user(self, user: User, *, started: bool) -> Chat:
        """Register a person; the bot may write to a person who has started it."""
        self.users[user.id] = user
        chat = self.chats.get(user.id)
        if chat is None:
            chat = Chat(user.id, ChatKind.PRIVATE, user.first_name, user.username, open=started)
            self.chats[user.id] = chat
        chat.open = chat.open or started
        return chat

    def reachable(self, chat_id: object) -> Chat:
        """Return the chat that the bot may write to, or say why it may not."""
        chat = self.find(chat_id)
        if chat.migrated_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters={"migrate_to_chat_id": chat.migrated_to},
            )
        if chat.blocked:
            reason = "bot was blocked by the user" if chat.private else f"bot was kicked from the {chat.kind} chat"
            raise ApiError(403, f"Forbidden: {reason}")
        return chat

    def find(self, chat_id: object) -> Chat:
        """Return a chat by id or @name."""
        chat: Chat | None = None
        if isinstance(chat_id, int):
            chat = self.chats.get(chat_id)
            if chat is None and self.trusting and chat_id > 0:
                return self.add_user(User(chat_id, f"User {chat_id}"), started=True)
        elif isinstance(chat_id, str) and chat_id.startswith("@"):
            named = (known for known in self.chats.values() if known.username == chat_id[1:])
            chat = next((known for known in named if not known.private), None)
        if chat is None or not chat.open:
            raise refused("chat not found")
        return chat

    def put(self, chat: Chat, message: Json, *, by_bot: bool, keyboard: Json | None = None) -> Entry:
        """Keep a message in its chat."""
        self.seq += 1
        entry = chat.entries[message["message_id"]] = Entry(self.seq, message, by_bot, keyboard)
        return entry

    def change(self, entry: Entry, shown: Json) -> None:
        """Replace what a message shows, keeping what it showed."""
        entry.edits.append((entry.seq, entry.message))
        entry.message = shown
        self.seq += 1
        entry.seq = self.seq


def quoted(chat: Chat, message_id: int) -> Json | None:
    """Return the message as it is shown inside a reply to it: without its own quotation."""
    entry = chat.entries.get(message_id)
    if entry is None or entry.deleted:
        return None
    return {name: value for name, value in entry.message.items() if name != "reply_to_message"}


def rights(*, held: bool) -> dict[str, Any]:
    """Return the rights of an administrator, all held or none."""
    names = (
        "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_promote_members "
        "can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories "
        "can_pin_messages can_manage_topics"
    )
    return dict.fromkeys(names.split(), held)
