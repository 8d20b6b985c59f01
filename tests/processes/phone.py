"""Somebody's phone, looked at again and again without hurry: many look at once, and the program needs the processor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from tests.botapi.people import Person
from tests.botapi.screen import Seen, UnreadError
from tests.processes.wording import button

Found = TypeVar("Found")
Look: TypeAlias = Callable[[Seen], bool]

PATIENCE = 6.0  # seconds after which somebody taps again
DESPAIR = 300.0  # seconds after which nobody believes that anything will come
_PAUSE = 0.2


@dataclass(slots=True)
class Phone:
    """The private chat of a person with the bot; only what changed is read anew."""

    person: Person
    _shown: dict[int, Seen] = field(default_factory=dict)
    _read: int = 0

    async def messages(self) -> list[Seen]:
        """Return what the bot shows now, oldest first."""
        page = await self.person.wire.ask("transcript", chat_id=self.person.id, after=self._read)
        self._read = page["seq"]
        for entry in page["entries"]:
            if entry["by_bot"]:
                buttons = tuple(one for row in entry["buttons"] for one in row)
                self._shown[entry["message_id"]] = Seen(
                    self.person.id,
                    entry["message_id"],
                    entry["text"],
                    entry["kind"],
                    buttons,
                    entry["thread_id"],
                    entry["reply_to"],
                    entry["message"],
                )
        return [self._shown[number] for number in sorted(self._shown)]

    async def count(self) -> int:
        """Return how many messages there are."""
        return len(await self.messages())

    async def sees(self, look: Look, *, after: int = 0) -> Seen:
        """Wait until a message looks so; the newest such one counts, but none of the first `after`."""

        async def find() -> Seen | None:
            return next((seen for seen in reversed((await self.messages())[after:]) if look(seen)), None)

        found = await sooner_or_later(find, within=DESPAIR)
        if found is None:
            raise UnreadError(f"{self.person.name} saw nothing\n{await self.person.transcript()}")
        return found

    async def insists(self, message: Seen, key: str, look: Look, *, after: int = 0) -> None:
        """Tap a button, and again when nothing comes of it."""

        async def press() -> None:
            await self.person.taps_on(message, button(key))

        async def is_over() -> bool | None:
            return any(look(seen) for seen in (await self.messages())[after:]) or None

        await self.repeats(press, is_over)

    async def repeats(
        self, press: Callable[[], Awaitable[None]], is_over: Callable[[], Awaitable[bool | None]]
    ) -> None:
        """Do something, and again when nothing comes of it."""
        for _ in range(int(DESPAIR / PATIENCE)):
            await press()
            if await sooner_or_later(is_over, within=PATIENCE):
                return
        raise UnreadError(f"{self.person.name} tapped in vain\n{await self.person.transcript()}")


async def sooner_or_later(look: Callable[[], Awaitable[Found | None]], *, within: float) -> Found | None:
    """Look until something is found; None when the time is over."""
    deadline = time.monotonic() + within
    while True:
        found = await look()
        if found is not None or time.monotonic() >= deadline:
            return found
        await asyncio.sleep(_PAUSE)
