"""What the site is made of: the world that its pages are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.channels.port import Store
from bot.channels.web import ACCOUNT, Pages, Where
from bot.web.limits import Pace
from handlers.turn import World
from services.db import Database
from services.messages import Channel, Text
from services.texts import Texts

Keep = Callable[[str, str, str, bytes], Awaitable[str]]  # external id, file name, mime, bytes → file id
Open = Callable[[str, str], Awaitable[tuple[str, bytes] | None]]  # external id, file id → mime, bytes


@dataclass(frozen=True, slots=True)
class Estate:
    """Whose line this is, as the page's head shows it."""

    name: str
    phone: str = ""  # the 24-hour number, as people write it


class Kind(StrEnum):
    """What a pane of the lab shows."""

    CHAT = "chat"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody whom a visitor of the lab may play."""

    slug: str
    title: Text
    subtitle: Text
    kind: Kind
    channel: Channel
    account: str
    external: str

    @property
    def where(self) -> Where:
        """Return the persona's mailbox."""
        return Where(self.channel, self.account, self.external)


@dataclass(frozen=True, slots=True)
class Lab:
    """The demo: people to play, and a clock to move."""

    personas: tuple[Persona, ...]
    advance: Callable[[int], Awaitable[datetime]]  # seconds → desk time afterwards

    def persona(self, slug: str) -> Persona | None:
        """Find a persona by slug."""
        return next((persona for persona in self.personas if persona.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Site:
    """Everything the pages need; `now` is desk time, `estate` answers for a page's external id."""

    db: Database
    texts: Texts
    store: Store
    secret: str
    keep: Keep
    open: Open
    now: Callable[[], datetime]
    estate: Callable[[str], Awaitable[Estate]]
    zone: ZoneInfo
    pages: Pages
    account: str = ACCOUNT
    lab: Lab | None = None
    world: World | None = None  # with it the desk has its page
    stored: Callable[[str], Awaitable[bytes]] | None = None  # a kept file, by its digest
    secure: bool = False  # cookies over https only
    origin: str = ""  # the public address, when a proxy changes the host that we see
    poll_seconds: float = 2.0  # how often a socket looks for what another replica wrote


@dataclass(frozen=True, slots=True)
class Paces:
    """How fast a page may go before it is asked to wait."""

    frames: Pace
    uploads: Pace


SITE = web.AppKey("site", Site)
PACES = web.AppKey("paces", Paces)
