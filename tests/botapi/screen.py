"""What somebody sees in a chat: messages, buttons, and a transcript to read when a test fails."""

from dataclasses import dataclass
from typing import Any

from tests.botapi.shapes import Json
from tests.botapi.wire import Wire, until


class UnreadError(AssertionError):
    """What a test waited for never came."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One message as a person sees it."""

    chat_id: int
    message_id: int
    text: str
    kind: str
    buttons: tuple[Json, ...]
    thread_id: int | None
    reply_to: int | None
    raw: Json

    @property
    def labels(self) -> tuple[str, ...]:
        """The words on its buttons."""
        return tuple(button["text"] for button in self.buttons)

    def button(self, label: str) -> Json | None:
        """Return the first button with these words that can be tapped."""
        matching = (button for button in self.buttons if label in button["text"] and "callback_data" in button)
        return next(matching, None)


@dataclass(slots=True)
class Screen:
    """One chat, read from top to bottom: each reading goes on behind the one before."""

    wire: Wire
    chat_id: int
    read_up_to: int = 0

    async def reads(self, text: str, *, within: float = 10, anywhere: bool = False, topic: int | None = None) -> Seen:
        """Wait until the bot says or shows something with this text, and read up to there."""

        async def look() -> tuple[int, Seen] | None:
            page = await self._page(0 if anywhere else self.read_up_to)
            for entry in page["entries"]:
                if entry["by_bot"] and not entry["deleted"] and topic in (None, entry["thread_id"]):
                    for seq, shown in _stages(entry):
                        if text in shown and (anywhere or seq > self.read_up_to):
                            return seq, _seen(self.chat_id, entry, shown)
            return None

        found = await until(look, within=within)
        if found is None:
            raise UnreadError(f"{text!r} did not come within {within} s\n{await self.transcript()}")
        self.read_up_to = max(self.read_up_to, found[0])
        return found[1]

    async def catches_up(self) -> None:
        """Take everything until now as read."""
        self.read_up_to = (await self._page(self.read_up_to))["seq"]

    async def messages(self) -> list[Seen]:
        """Return what the bot shows in this chat now, oldest first."""
        entries = [entry for entry in (await self._page(0))["entries"] if entry["by_bot"] and not entry["deleted"]]
        return [_seen(self.chat_id, one, one["text"]) for one in sorted(entries, key=lambda one: one["message_id"])]

    async def last(self) -> Seen:
        """Return the newest message of the bot."""
        messages = await self.messages()
        if not messages:
            raise UnreadError(f"the bot has said nothing\n{await self.transcript()}")
        return messages[-1]

    async def keyboard(self) -> list[Json]:
        """Return the buttons below the writing line, none when there is no keyboard."""
        keyboard = (await self._page(0))["keyboard"] or {}
        return [button for row in keyboard.get("keyboard", []) for button in row]

    async def topics(self) -> dict[int, Json]:
        """Return the topics of a forum: id → name, closed."""
        return {int(number): topic for number, topic in (await self._page(0))["topics"].items()}

    async def transcript(self) -> str:
        """Return the chat as text: `>` people, `<` the bot."""
        page = await self._page(0)
        face = page["chat"]
        lines = [f"chat {face['id']} ({face.get('title') or face.get('first_name')})"]
        entries = sorted(page["entries"], key=lambda entry: int(entry["message_id"]))
        lines += [_line(entry, fresh=entry["seq"] > self.read_up_to) for entry in entries]
        if labels := [button["text"] for button in await self.keyboard()]:
            lines.append("  keyboard: " + " | ".join(labels))
        return "\n".join(lines)

    async def _page(self, after: int) -> Any:
        return await self.wire.ask("transcript", chat_id=self.chat_id, after=after)


def _stages(entry: Json) -> list[tuple[int, str]]:
    return [(edit["seq"], edit["text"]) for edit in entry["edits"]] + [(entry["seq"], entry["text"])]


def _seen(chat_id: int, entry: Json, shown: str) -> Seen:
    buttons = tuple(button for row in entry["buttons"] for button in row)
    return Seen(
        chat_id,
        entry["message_id"],
        shown,
        entry["kind"],
        buttons,
        entry["thread_id"],
        entry["reply_to"],
        entry["message"],
    )


def _line(entry: Json, *, fresh: bool) -> str:
    parts = ["  <" if entry["by_bot"] else f"  > {entry['from']}:"]
    if entry["kind"] != "text":
        parts.append(f"({entry['kind']})")
    parts.append(entry["text"].replace("\n", "\n    "))
    parts += [f"[{button['text']}]" for row in entry["buttons"] for button in row]
    parts += [f"(was: {edit['text'][:60]!r})" for edit in entry["edits"]]
    if entry["deleted"]:
        parts.append("(deleted)")
    if entry["by_bot"] and fresh:
        parts.append("← not read yet")
    return " ".join(parts)
