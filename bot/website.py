"""The web server of the house: pages, webhook, health, figures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.channels.web import Pages
from bot.files import Files
from bot.intake import Intake
from bot.metrics import Metrics
from bot.settings import Settings, web_secret
from bot.web import operations, site
from bot.web.operations import Operations
from bot.web.parts import Estate, Lab, Persona, Site
from handlers.turn import World
from services import houses
from services.clock import DeskClock
from services.db import Database
from services.messages import Channel


class House(Protocol):
    """What the pages need of the house."""

    settings: Settings
    db: Database
    world: World
    clock: DeskClock
    metrics: Metrics
    pages: Pages
    intake: Intake
    files: Files

    async def advance(self, seconds: int) -> datetime:
        """Move the demo's clock."""

    async def loops(self) -> Sequence[tuple[str, bool]]:
        """Say which loops are alive."""


@asynccontextmanager
async def opened(
    house: House, *, personas: tuple[Persona, ...], hooks: Sequence[web.RouteDef] = ()
) -> AsyncIterator[None]:
    """Serve the pages and the providers' hooks while the block runs; `personas` opens the lab."""
    settings = house.settings
    app = web.Application(client_max_size=settings.media.photo_mb * 1024 * 1024 * 2)
    operations.mount(app, Operations(house.db, house.metrics, house.loops))
    site.mount(app, _site(house, personas))
    app.router.add_routes(hooks)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.web.host, settings.web.port).start()
        yield
    finally:
        await runner.cleanup()


def _site(house: House, personas: tuple[Persona, ...]) -> Site:
    settings = house.settings

    async def estate(external: str) -> Estate:
        return await _estate(house, external)

    return Site(
        db=house.db,
        texts=house.world.texts,
        store=house.intake.store,
        secret=web_secret(settings),
        keep=house.files.keep,
        open=house.files.open,
        now=house.clock.now,
        estate=estate,
        zone=ZoneInfo(settings.community.zone),
        pages=house.pages,
        world=house.world,
        stored=house.files.stored,
        lab=Lab(personas, house.advance) if personas else None,
        secure=settings.web.public_url.startswith("https://"),
        origin=settings.web.public_url,
    )


async def _estate(house: House, external: str) -> Estate:
    """Return whose line it is: the page's community, else the first one."""
    async with house.db.reading() as session:
        found = await houses.at(session, channel=Channel.WEB, external=external)
    community = house.settings.community
    return Estate(found.name, found.phone) if found else Estate(community.name, community.phone)
