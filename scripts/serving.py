"""`ownerline serve`, `ownerline demo`: the service, until somebody ends it."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

from bot import app, logs
from bot import settings as settings_of
from bot.settings import Settings
from scripts import running
from scripts import seed as seeding
from scripts.trouble import CommandError

Service: TypeAlias = Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]]


def serve(config: Path | None) -> None:
    """Serve with the settings of the operator."""
    settings = running.settings(config)
    running.run(_until_told(_serve, settings))


def demo(config: Path | None, *, port: int, data: Path) -> None:
    """Serve the demo: its own folder, its own people, the lab."""
    settings = demo_settings(settings_of.load(config, os.environ), port=port, data=data)
    logs.configure(settings.log.level, settings.log.format)
    running.run(_until_told(_demo, settings))


def demo_settings(settings: Settings, *, port: int, data: Path) -> Settings:
    """Return the settings with everything kept in one folder and nothing sent out of the house."""
    database = settings.database.model_copy(update={"url": f"sqlite:///{data / 'ownerline.db'}"})
    web = settings.web.model_copy(update={"port": port, "secret_file": str(data / "web-secret")})
    return settings.model_copy(
        update={
            "database": database,
            "web": web,
            "telegram": settings.telegram.model_copy(update={"enabled": False}),
            "sms": settings.sms.model_copy(update={"enabled": True, "gateway": "demo"}),
            "media": settings.media.model_copy(update={"folder": str(data / "media")}),
        }
    )


async def _serve(settings: Settings, stop: asyncio.Event) -> None:
    async with running.opened(settings) as db, db.transaction() as session:
        await seeding.ensure_community(session, settings, now=running.machine())
    await app.serve(settings, stop=stop)


async def _demo(settings: Settings, stop: asyncio.Event) -> None:
    async with running.opened(settings) as db:
        await seeding.seed(db, settings, now=await running.desk_now(db))
    print(f"The lab: http://{settings.web.host}:{settings.web.port}/lab  (Ctrl+C ends it)", flush=True)
    await app.serve(settings, personas=tuple(seeding.personas(settings)), stop=stop)


async def _until_told(work: Service, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then end in good order; a second signal ends at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told)
    try:
        await work(settings, stop)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        place = f"{settings.web.host}:{settings.web.port}"
        raise CommandError(f"web.port: {place} is taken by another program; choose another port") from error
