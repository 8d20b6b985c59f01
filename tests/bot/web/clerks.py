"""Employees before the desk's page: browsers with cookies, on a house with the demo's estate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.channels.web import Pages
from bot.settings import WebSection
from bot.web import desksign
from bot.web.site import Estate, Site, build
from handlers.turn import World
from services import deskpass
from services.actors import Actor
from services.db import Session
from services.messages import Channel
from services.models import Address, Person, Ticket
from tests.bot.web.fakes import SECRET, ZONE, Inbox
from tests.support import estate
from tests.support.line import Line, Writer

CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')
KEY = re.compile(r'name="key" value="([\w-]+)"')
LINK = re.compile(r"https?://\S+(/desk/enter/\S+)")
PICTURE = b"a picture"


def with_links(world: World) -> World:
    """Return the world whose links lead to a site of these tests."""
    return replace(world, desk_link=lambda token: desksign.address(WebSection(), SECRET, token))


def site_on(line: Line) -> Site:
    """Return a site on the house."""

    async def whose(external: str) -> Estate:
        return Estate("阳光花园", "0571-8888 0000")

    async def keep(external: str, name: str, mime: str, content: bytes) -> str:
        return ""

    async def opened(external: str, file_id: str) -> None:
        return None

    async def stored(digest: str) -> bytes:
        return PICTURE

    return Site(
        db=line.db,
        texts=line.world.texts,
        store=Inbox().store,
        secret=SECRET,
        keep=keep,
        open=opened,
        now=lambda: line.now,
        estate=whose,
        zone=ZONE,
        pages=Pages(),
        world=line.world,
        stored=stored,
    )


async def link_for(line: Line, name: str) -> str:
    """Return the path of the link that somebody gets for `/desk`."""
    shown = await line.write(await chat_of(line, name), "/desk")
    found = LINK.search(shown[-1].text)
    assert found is not None, shown[-1].text
    return found[1]


async def chat_of(line: Line, name: str) -> Writer:
    """Return somebody's own chat, which the desk's page is none of."""
    async with line.db.reading() as session:
        his = select(Address).join(Person, Person.id == Address.person_id).where(Person.name == name)
        found = (await session.scalars(his.where(Address.account != deskpass.ACCOUNT))).one()
        return Writer(Channel(found.channel), found.external, name)


class Clerk:
    """Somebody's browser."""

    def __init__(self, line: Line, *, device: str = "a computer at the desk") -> None:
        """Take the house; nothing is served before `async with`."""
        self.line = line
        self.page = ""
        self.status = 0
        server = TestServer(build(site_on(line)))
        self.client: TestClient[Any, Any] = TestClient(server, headers={"User-Agent": device})

    async def __aenter__(self) -> Self:
        """Serve."""
        await self.client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self.client.close()

    @property
    def origin(self) -> dict[str, str]:
        """What a browser says of the page that sends a form."""
        return {"Origin": f"http://{self.client.host}:{self.client.port}"}

    async def comes_in(self, name: str) -> Self:
        """Ask for a link in the chat, open it and press its button."""
        assert await self.sends(await link_for(self.line, name)) == 200
        return self

    async def sees(self, path: str) -> int:
        """Open a page."""
        async with self.client.get(path) as answer:
            self.status, self.page = answer.status, await answer.text()
        return self.status

    async def sends(self, path: str, *, headers: Mapping[str, str] | None = None, **form: str | int) -> int:
        """Send a form as the page that is open would; `csrf` and `key` come from it unless they are given."""
        found = {"csrf": CSRF.search(self.page), "key": KEY.search(self.page)}
        known = {name: match[1] for name, match in found.items() if match}
        data = {name: str(value) for name, value in {**known, **form}.items()}
        async with self.client.post(path, data=data, headers=self.origin if headers is None else headers) as answer:
            self.status, self.page = answer.status, await answer.text()
            self.path = answer.url.path
        return self.status

    def button(self, label: str) -> str:
        """Return what a button sends."""
        found = re.search(rf'name="tap" value="([^"]+)"[^>]*>{re.escape(label)}<', self.page)
        assert found is not None, self.page
        return found[1]


async def filed_by(line: Line, name: str, **more: Any) -> int:
    """File a ticket for a resident; return its id."""

    async def file(session: Session) -> int:
        owner = await actor(session, line, name)
        ticket: Ticket = await estate.filed(session, line, owner, **more)
        return ticket.id

    return await line.db.run(file)


async def actor(session: Session, line: Line, name: str) -> Actor:
    """Return the actor whom a person of the register is."""
    return await estate.actor_of(session, line, await estate.web_of(session, name))
