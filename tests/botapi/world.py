"""The whole state of one stand-in: one bot, its chats, and what was noted about its calls."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.botapi.chats import Chat, Chats, User
from tests.botapi.faults import Faults
from tests.botapi.limits import Limits, Paces
from tests.botapi.schema import Schema, load
from tests.botapi.shapes import ApiError, Json, Upload
from tests.botapi.shelf import Shelf
from tests.botapi.updates import Updates
from tests.botapi.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    token: str
    limits: bool = True
    trusting: bool = False
    query_age: float = 150.0  # seconds in which a tap can be answered
    retry_pause: float = 2.0  # the webhook's second pause; the first retry comes at once


@dataclass(frozen=True, slots=True)
class Call:
    """One call with its parameters read."""

    method: str
    params: Json
    uploads: Mapping[str, Upload]


@dataclass(slots=True)
class Book:
    """What was noted: nothing here is ever taken out by the bot's own doing."""

    calls: Counter[str] = field(default_factory=Counter)
    violations: list[Json] = field(default_factory=list)
    refusals: list[Json] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)

    def note(self, method: str, given: object, error: ApiError) -> None:
        """Keep a refused call under violations or refusals."""
        kept = self.violations if error.blame == "violation" else self.refusals
        kept.append(
            {
                "method": method,
                "code": error.code,
                "description": error.description,
                "given": given,
                "at": time.monotonic(),
            }
        )


@dataclass(slots=True)
class World:
    """Everything the methods of the Bot API read and change."""

    options: Options
    schema: Schema = field(default_factory=load)
    chats: Chats = field(default_factory=Chats)
    shelf: Shelf = field(default_factory=Shelf)
    updates: Updates = field(default_factory=Updates)
    faults: Faults = field(default_factory=Faults)
    book: Book = field(default_factory=Book)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    albums: int = 0
    bot: User = field(init=False)
    bot_face: Json = field(init=False)
    limits: Limits = field(init=False)
    webhook: Webhook = field(init=False)

    def __post_init__(self) -> None:
        """Derive the bot and the budgets from the options."""
        number = self.options.token.partition(":")[0]
        bot_id = int(number) if number.isdigit() else 4242
        self.bot = User(bot_id, "Ownerline", username="ownerline_test_bot", is_bot=True)
        self.bot_face = self.bot.shown()
        self.limits = Limits(Paces() if self.options.limits else None)
        self.webhook = Webhook(self.updates, self.options.retry_pause)
        self.chats.trusting = self.options.trusting

    def spend(self, call: Call, chat: Chat, *, cost: int = 1, chat_too: bool = True) -> None:
        """Pay for messages from the bot's budgets."""
        self.limits.spend(call.method, chat.id, cost=cost, chat_too=chat_too, now=time.monotonic())

    def record(self, call: Call, chat_id: int, message_id: int | None, text: str | None) -> None:
        """Write an accepted call into the history."""
        self.book.history.append(
            {
                "n": len(self.book.history) + 1,
                "method": call.method,
                "chat_id": chat_id,
                "message_id": message_id,
                "text": text,
                "params": call.params,
                "at": time.monotonic(),
                "time": time.time(),
            }
        )

    def new_album(self) -> str:
        """Return the id of the next album."""
        self.albums += 1
        return f"139{self.albums:014d}"


def plain(value: Any) -> object:
    """Say in JSON what JSON has no word for."""
    if isinstance(value, Upload):
        return {"upload": value.name, "mime": value.mime, "size": len(value.content)}
    return str(value)
