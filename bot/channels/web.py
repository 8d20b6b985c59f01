"""The web page as a channel: letters go into the page's mailbox, and its open sockets are woken."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy.exc import DBAPIError

from bot.channels.port import FetchFailed, File, Letter, Outcome, Sent
from services import mailbox
from services.db import Database, Session, is_trouble
from services.messages import Attachment, Channel, Choice, Happening, Inbound, Keyboard, MediaKind, T

ACCOUNT = "web"
SLOTS = 16
LINKS = ("tel:", "https://", "http://", "mailto:", "/")
UNKNOWN_MESSAGE = "unknown_message"


class Where(NamedTuple):
    """Whose mailbox: a page's or a demo phone's."""

    channel: Channel
    account: str
    external: str


@dataclass(frozen=True, slots=True)
class Shout:
    """A toast on its way to the socket whose frame it answers."""

    frame: str
    text: str
    alert: bool


class OpenPage:
    """One open socket, as seen by those who have news for it."""

    def __init__(self) -> None:
        """Begin with nothing to tell."""
        self._rung = asyncio.Event()
        self._ids: set[int] = set()
        self._shouts: list[Shout] = []

    def ring(self, message_id: int) -> None:
        """Say that a message is new or changed."""
        self._ids.add(message_id)
        self._rung.set()

    def shout(self, shout: Shout) -> None:
        """Hand over a toast."""
        self._shouts.append(shout)
        self._rung.set()

    async def news(self, *, within: float) -> tuple[frozenset[int], tuple[Shout, ...]]:
        """Wait for news, at most so many seconds, and take it."""
        try:
            async with asyncio.timeout(within):
                await self._rung.wait()
        except TimeoutError:
            pass
        taken = frozenset(self._ids), tuple(self._shouts)
        self._rung.clear()
        self._ids.clear()
        self._shouts.clear()
        return taken


class Pages:
    """The pages that are open in this process, by mailbox."""

    def __init__(self) -> None:
        """Begin with none open."""
        self._open: defaultdict[Where, set[OpenPage]] = defaultdict(set)

    @contextmanager
    def opened(self, where: Where) -> Iterator[OpenPage]:
        """Count a socket among the open ones while the block runs."""
        page = OpenPage()
        self._open[where].add(page)
        try:
            yield page
        finally:
            self._open[where].discard(page)
            if not self._open[where]:
                del self._open[where]

    def count(self, where: Where) -> int:
        """How many sockets of the mailbox are open here."""
        return len(self._open.get(where, ()))

    def wake(self, where: Where, message_id: int) -> None:
        """Tell the mailbox's open sockets that a message is new or changed."""
        for page in self._open.get(where, ()):
            page.ring(message_id)

    def shout(self, where: Where, shout: Shout) -> None:
        """Hand a toast to the mailbox's open sockets."""
        for page in self._open.get(where, ()):
            page.shout(shout)


class WebChannel:
    """Letters for web pages. `bytes_of` finds a kept file by its id; `menu` is the keyboard of six."""

    channel = Channel.WEB
    edits = True

    def __init__(
        self,
        *,
        db: Database,
        pages: Pages,
        menu: Sequence[T],
        bytes_of: Callable[[str], Awaitable[bytes | None]],
        account: str = ACCOUNT,
        slots: int = SLOTS,
    ) -> None:
        """Take the database of mailboxes and the pages that are open here."""
        self.account = account
        self.slots = slots
        self._db = db
        self._pages = pages
        self._menu = tuple(menu)
        self._bytes_of = bytes_of

    def read(self, payload: str) -> Inbound:
        """Read a frame as it was stored."""
        return read(payload, self.account)

    async def send(self, letter: Letter) -> Sent:
        """Put the letter into the mailbox, or change the message that it edits, and wake the page."""
        where = Where(Channel.WEB, self.account, letter.to)
        body = render(letter, self._menu)

        async def write(session: Session) -> int | None:
            return await _write(session, where, letter, body)

        try:
            number = await self._db.run(write)
        except (DBAPIError, OSError) as error:
            if not is_trouble(error):
                raise
            return Sent(Outcome.TRANSIENT, code=type(error).__name__)
        if number is None:
            return Sent(Outcome.NEEDS_FIX, code=UNKNOWN_MESSAGE)
        self._pages.wake(where, number)
        return Sent(Outcome.ACCEPTED, provider_id=str(number), parts=1)

    async def toast(self, tap_id: str, text: str, *, alert: bool) -> None:
        """Show a toast on the page whose tap it answers, if that page is open in this process."""
        external, _, frame = tap_id.rpartition(":")
        self._pages.shout(Where(Channel.WEB, self.account, external), Shout(frame, text, alert))

    async def fetch(self, file_id: str) -> bytes:
        """Get the bytes of an uploaded file."""
        found = await self._bytes_of(file_id)
        if found is None:
            raise FetchFailed(f"no upload {file_id}", final=True)
        return found

    async def close(self) -> None:
        """Nothing to let go of: sockets belong to the site."""


async def _write(session: Session, where: Where, letter: Letter, body: Mapping[str, Any]) -> int | None:
    if not letter.edit:
        at = letter.reader.now
        return await mailbox.put(session, **where._asdict(), mine=False, body=body, key=letter.key, at=at)
    number = int(letter.edit) if letter.edit.isdecimal() else 0
    known = await mailbox.edit(session, **where._asdict(), message_id=number, body=body)
    return number if known else None


def render(letter: Letter, menu: Sequence[T]) -> dict[str, Any]:
    """Return what the page shows for a letter: text with `<b>` only, buttons, files, the keyboard below."""
    say, texts, reader = letter.say, letter.texts, letter.reader
    body: dict[str, Any] = {"text": texts.say(say.text, reader)}
    if say.choices:
        body["rows"] = [[_button(choice, letter) for choice in row] for row in say.choices]
    if say.keyboard is Keyboard.MENU:
        body["keyboard"] = [texts.label(label, reader.locale) for label in menu]
    elif say.keyboard is Keyboard.CONTACT:
        body["keyboard"] = Keyboard.CONTACT.value
    if letter.files:
        body["media"] = [_picture(file) for file in letter.files]
    return body


def _button(choice: Choice, letter: Letter) -> dict[str, str]:
    reader = letter.reader
    label = letter.texts.label(choice.label, reader.locale, reader.zone, reader.now)
    if choice.url:
        return {"label": label, "url": choice.url} if choice.url.startswith(LINKS) else {"label": label}
    return {"label": label, "tap": choice.tap}


def _picture(file: File) -> dict[str, str]:
    return {"url": f"/chat/media/{file.media_id}", "kind": file.kind.value, "name": file.name}


def read(payload: str, account: str) -> Inbound:
    """Turn a stored frame into what its person did; a start is also the command /start."""
    frame = orjson.loads(payload)
    external = frame["from"]
    event_id = f"{external}:{frame['id']}"
    tap = frame.get("tap", "")
    media = tuple(_attachment(one) for one in frame.get("media", ()))
    text = "/start" if "start" in frame else frame.get("text", "")
    return Inbound(
        channel=Channel.WEB,
        account=account,
        event_id=event_id,
        sender=external,
        address=external,
        happening=Happening.MESSAGE if tap or text or media else Happening.IGNORED,
        text=text,
        tap=tap,
        tap_id=event_id if tap else "",
        message_id=str(frame.get("message", "")) if tap else frame["id"],
        start=frame.get("start", ""),
        media=media,
        language=frame.get("language", ""),
    )


def _attachment(one: Mapping[str, Any]) -> Attachment:
    return Attachment(
        kind=MediaKind(one["kind"]),
        file_id=one["file_id"],
        unique_id=one["file_id"],
        mime=one["mime"],
        size=one["size"],
        name=one["name"],
    )
