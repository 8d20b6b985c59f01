"""What every command does first: read the settings, set the log up, bring the database up to date, open it."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from unicodedata import east_asian_width

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bot import logs
from bot import settings as settings_of
from bot.settings import Settings
from scripts.trouble import CommandError
from services import houses, migrate
from services.actors import House
from services.clock import DeskClock
from services.db import Database, Session
from services.models import Community

R = TypeVar("R")

DEFAULT_FILE = Path("config.toml")
SWITCH_SECONDS = 0.0005  # threads wait for disks and pictures here: what they bring back should not wait for its turn


def file_of(config: Path | None) -> Path | None:
    """Return the settings file: the one named, else `config.toml` here, if there is one."""
    return config or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)


def settings(config: Path | None) -> Settings:
    """Read the settings from the file named, or from `config.toml` here, and set the log up."""
    found = settings_of.load(file_of(config), os.environ)
    logs.configure(found.log.level, found.log.format)
    return found


def migrated(found: Settings) -> None:
    """Bring the database up to date."""
    try:
        migrate.ensure_current(found.database_url())
    except migrate.TooNewError as error:
        raise CommandError(str(error)) from error
    except (OSError, SQLAlchemyError) as error:
        raise away(found, error) from error


def away(found: Settings, error: BaseException) -> CommandError:
    """Say that the database can't be worked with, in one line and without the password."""
    why = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    return CommandError(f"database {found.shown_database()} can't be used: {why}; see `ownerline doctor`")


@asynccontextmanager
async def opened(found: Settings, *, up_to_date: bool = True) -> AsyncIterator[Database]:
    """Open the database, brought up to date unless told otherwise, and close it in the end."""
    if up_to_date:
        await asyncio.to_thread(migrated, found)
    db = Database(found.database_url(), connections=found.database.connections)
    try:
        yield db
    except (ConnectionError, SQLAlchemyError) as error:
        raise away(found, error) from error
    finally:
        await db.dispose()


async def house(session: Session, slug: str) -> House:
    """Return the community named, or the only one there is."""
    known = (await session.execute(select(Community.id, Community.slug).order_by(Community.id))).all()
    meant = [row.id for row in known if slug in {"", row.slug}]
    if len(meant) == 1:
        return await houses.by_id(session, community_id=meant[0])
    allowed = ", ".join(row.slug for row in known) or "none yet"
    what = f"unknown community {slug!r}" if slug else "name a --community"
    raise CommandError(f"{what}; allowed: {allowed}")


async def desk_now(db: Database) -> datetime:
    """Return desk time as it stands in the database."""
    clock = DeskClock(machine=machine)
    async with db.reading() as session:
        await clock.load(session)
    return clock.now()


def machine() -> datetime:
    """Return machine time."""
    return datetime.now(UTC)


def run(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine, on uvloop where there is one."""
    gc.enable()
    sys.setswitchinterval(SWITCH_SECONDS)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def table(*rows: tuple[object, ...]) -> str:
    """Lay rows out in columns; Chinese signs are two columns wide."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*texts, strict=True)]
    lines = (
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)) for row in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not there on every platform
    except ImportError:
        return None
    return uvloop.new_event_loop
