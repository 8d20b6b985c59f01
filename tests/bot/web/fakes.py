"""A site with fakes around it: an inbox in memory, files in memory, a clock at will, people of a small lab."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from aiohttp import ClientWebSocketResponse, FormData
from aiohttp.test_utils import TestClient, TestServer

from bot.channels.port import Letter, RawEvent
from bot.channels.web import ACCOUNT, Pages, WebChannel, Where
from bot.web import words
from bot.web.site import Estate, Kind, Lab, Persona, Site, build
from services.db import Database
from services.messages import Channel, Choice, Inbound, Keyboard, Say, T, plain
from services.texts import LOCALES, Reader, Texts

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 4, 12, 4, 0, tzinfo=UTC)
SECRET = "only for tests"
MENU = (plain("🔧 报修"), plain("📋 我的进度"))
OWNER = Persona("owner", plain("王女士"), plain("业主"), Kind.CHAT, Channel.WEB, ACCOUNT, "lab-owner")
PHONE = Persona("phone", plain("王大爷"), plain("短信"), Kind.PHONE, Channel.SMS, "line", "+8613800138000")
TEMPLATES = Path(words.__file__).parent / "templates"


class KeyTexts(Texts):
    """Says a key as itself with its language in front, so that tests know no sentence."""

    def __init__(self) -> None:
        """Know a few sentences with markup; any other key is its own sentence."""
        super().__init__({locale: {("", "bold"): "<b>好</b> {words}"} for locale in LOCALES})

    def label(self, text: Any, locale: str, zone: ZoneInfo | None = None, now: datetime | None = None) -> str:
        """Say a key as `locale:key`, and what is known as it is."""
        if isinstance(text, T) and text.key not in {"plain", "bold"}:
            return ":".join((locale, text.key, *(str(value) for value in text.params.values())))
        return super().label(text, locale, zone, now)


@dataclass
class Inbox:
    """Stores events in memory, or is away."""

    events: list[RawEvent] = field(default_factory=list)
    is_away: bool = False

    async def store(self, event: RawEvent) -> bool:
        if self.is_away:
            raise ConnectionRefusedError
        new = event.event_id not in {known.event_id for known in self.events}
        if new:
            self.events.append(event)
        return new


@dataclass
class Files:
    """Keeps files in memory, each for the page that sent it."""

    kept: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)

    async def keep(self, external: str, name: str, mime: str, content: bytes) -> str:
        file_id = str(len(self.kept) + 1)
        self.kept[file_id] = (external, mime, content)
        return file_id

    async def open(self, external: str, file_id: str) -> tuple[str, bytes] | None:
        owner, mime, content = self.kept.get(file_id, ("", "", b""))
        return (mime, content) if owner == external else None

    async def bytes_of(self, file_id: str) -> bytes | None:
        return self.kept[file_id][2] if file_id in self.kept else None


class World:
    """A site and what stands around it."""

    def __init__(self, db: Database) -> None:
        """Build the site without a lab; nothing serves before `serve`."""
        self.db = db
        self.inbox = Inbox()
        self.files = Files()
        self.pages = Pages()
        self.at = NOON
        self.texts = KeyTexts()
        self.channel = WebChannel(db=db, pages=self.pages, menu=MENU, bytes_of=self.files.bytes_of)
        self.site = Site(
            db=db,
            texts=self.texts,
            store=self.inbox.store,
            secret=SECRET,
            keep=self.files.keep,
            open=self.files.open,
            now=self.now,
            estate=self.estate,
            zone=ZONE,
            pages=self.pages,
            poll_seconds=0.05,
        )

    @property
    def lab(self) -> Lab:
        return Lab((OWNER, PHONE), self.advance)

    def with_lab(self) -> World:
        self.site = replace(self.site, lab=self.lab)
        return self

    def now(self) -> datetime:
        return self.at

    async def advance(self, seconds: int) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at

    async def estate(self, external: str) -> Estate:
        return Estate("阳光花园", "0571-8888 0000")

    def read(self) -> list[Inbound]:
        return [self.channel.read(event.payload) for event in self.inbox.events]

    def letter(self, to: str, say: Say, **more: Any) -> Letter:
        reader = Reader("zh_Hans", ZONE, self.at, Channel.WEB)
        given: dict[str, Any] = {"key": "letter:1", "to": to, "say": say, "reader": reader, "texts": self.texts} | more
        return Letter(**given)

    def browser(self, site: Site | None = None) -> Browser:
        return Browser(TestClient(TestServer(build(site or self.site))))


class Browser:
    """A browser with its cookies, on one site."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        """Take the client; it serves inside `async with`."""
        self.client = client

    async def __aenter__(self) -> Self:
        await self.client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    @property
    def origin(self) -> dict[str, str]:
        return {"Origin": f"http://{self.client.host}:{self.client.port}"}

    async def visit(self, path: str = "/chat", **headers: str) -> str:
        answer = await self.client.get(path, headers=headers)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def socket(self, query: str = "") -> ClientWebSocketResponse:
        return await self.client.ws_connect(f"/chat/ws{query}", headers=self.origin)

    async def post(self, path: str, **given: Any) -> Any:
        return await self.client.post(path, headers=self.origin, **given)

    async def upload(self, content: bytes, mime: str, *, field: str = "file") -> Any:
        form = FormData()
        form.add_field(field, io.BytesIO(content), filename="p.jpg", content_type=mime)
        return await self.post("/chat/media", data=form)


async def until(socket: ClientWebSocketResponse, name: str) -> Mapping[str, Any]:
    """Return the next frame that has the field."""
    while True:
        frame: dict[str, Any] = await socket.receive_json(timeout=5)
        if name in frame:
            return frame


def where(external: str) -> Where:
    """Return the mailbox of a page."""
    return Where(Channel.WEB, ACCOUNT, external)


def question() -> Say:
    """Something with two buttons and the menu."""
    return Say(
        T("bold", words="<i>"), ((Choice(plain("对"), "yes"), Choice(plain("打"), url="tel:119")),), Keyboard.MENU
    )
