"""The terminal as a channel: letters are printed, choices get numbers, typed lines become events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TextIO

import orjson

from bot.channels.port import FetchFailed, Letter, Outcome, RawEvent, Sent
from services.messages import Channel, Happening, Inbound, Keyboard, T

ACCOUNT = "console"
INDENT = "  "


class ConsoleChannel:
    """Prints to a stream; `menu` is shown as one line of words that may be typed."""

    channel = Channel.CONSOLE
    edits = False
    slots = 1  # lines of two letters must not mix

    def __init__(self, out: TextIO, *, menu: Sequence[T] = (), account: str = ACCOUNT) -> None:
        """Take the stream to print to."""
        self.account = account
        self._out = out
        self._menu = tuple(menu)
        self._printed = 0

    def typed(self, external: str, event_id: str, text: str) -> RawEvent:
        """Turn a typed line into the event to store."""
        payload = orjson.dumps({"id": event_id, "from": external, "text": text}).decode()
        lane = f"console:{self.account}:{external}"
        return RawEvent(Channel.CONSOLE, self.account, f"{external}:{event_id}", lane, payload)

    def read(self, payload: str) -> Inbound:
        """Read a typed line as it was stored; `/start CODE` carries the payload of a deep link."""
        line = orjson.loads(payload)
        external, text = line["from"], line["text"].strip()
        command, _, rest = text.partition(" ")
        return Inbound(
            channel=Channel.CONSOLE,
            account=self.account,
            event_id=f"{external}:{line['id']}",
            sender=external,
            address=external,
            happening=Happening.MESSAGE if text else Happening.IGNORED,
            text=text,
            message_id=line["id"],
            start=rest.strip() if command == "/start" else "",
        )

    async def send(self, letter: Letter) -> Sent:
        """Print the letter; an edit is printed anew, with a mark."""
        self._printed += 1
        for line in self._lines(letter):
            print(line, file=self._out)
        self._out.flush()
        return Sent(Outcome.ACCEPTED, provider_id=letter.edit or str(self._printed), parts=1)

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:  # noqa: ARG002 - taps are typed
        """Print the toast: nothing is tapped here, but nothing said gets lost either."""
        print(f"{INDENT}({text})", file=self._out, flush=True)

    async def fetch(self, file_id: str) -> bytes:
        """Refuse: nobody sends files over a terminal."""
        raise FetchFailed(f"no file {file_id} in a terminal", final=True)

    async def close(self) -> None:
        """Leave the stream to whoever opened it."""

    def _lines(self, letter: Letter) -> Iterator[str]:
        say, texts, reader = letter.say, letter.texts, letter.reader
        mark = "✎ " if letter.edit else ""
        yield mark + texts.say(say.text, reader)
        for file in letter.files:
            yield f"{INDENT}<{file.name or file.kind.value}>"
        for number, choice in enumerate(chain.from_iterable(say.choices), 1):
            label = texts.label(choice.label, reader.locale, reader.zone, reader.now)
            yield f"{INDENT}[{number}] {label} {choice.url}".rstrip()
        if say.keyboard is Keyboard.MENU and self._menu:
            yield INDENT + " · ".join(texts.label(label, reader.locale) for label in self._menu)
