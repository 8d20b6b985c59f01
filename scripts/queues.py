"""`ownerline inbox`, `ownerline outbox`: look at what was set aside, try it again, give it up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from scripts import running
from scripts.trouble import CommandError
from services import deadletters, inbox
from services.db import Session

LONGEST = 100  # of an error's last line

Move: TypeAlias = Callable[[Session, int], Awaitable[bool]]


def list_inbox(config: Path | None, *, limit: int, show: bool) -> None:
    """Print the events that were set aside; what people wrote only when asked for."""
    running.run(_list_inbox(config, limit, show=show))


def retry_inbox(config: Path | None, *, event_id: int) -> None:
    """Put an event back at the head of its lane."""
    running.run(_move(config, inbox.retry, event_id, "event"))


def drop_inbox(config: Path | None, *, event_id: int) -> None:
    """Give an event up for good."""
    running.run(_move(config, inbox.drop, event_id, "event"))


def list_outbox(config: Path | None, *, limit: int) -> None:
    """Print the messages that could not be sent."""
    running.run(_list_outbox(config, limit))


def retry_outbox(config: Path | None, *, row_id: int) -> None:
    """Send a message again."""
    running.run(_move(config, deadletters.retry, row_id, "message"))


def drop_outbox(config: Path | None, *, row_id: int) -> None:
    """Give a message up for good."""
    running.run(_move(config, deadletters.drop, row_id, "message"))


def release_outbox(config: Path | None) -> None:
    """Let the messages go that a restore put on hold."""
    running.run(_release(config))


async def _list_inbox(config: Path | None, limit: int, *, show: bool) -> None:
    async with running.opened(running.settings(config)) as db, db.reading() as session:
        rows = await inbox.dead(session, limit=limit)
    if not rows:
        print("nothing is set aside")
        return
    head = ("id", "received", "lane", "tries", "error")
    print(
        running.table(
            head, *((row.id, _at(row.received_at), row.lane, row.tries, _last_line(row.error)) for row in rows)
        )
    )
    for row in rows if show else ():
        print(f"\n{row.id}: {row.payload}")


async def _list_outbox(config: Path | None, limit: int) -> None:
    async with running.opened(running.settings(config)) as db, db.reading() as session:
        rows = await deadletters.dead(session, limit=limit)
    if not rows:
        print("nothing is set aside")
        return
    head = ("id", "written", "key", "state", "attempts", "why")
    print(
        running.table(
            head, *((row.id, _at(row.created_at), row.key, row.state, row.attempts, row.code) for row in rows)
        )
    )


async def _move(config: Path | None, how: Move, row_id: int, what: str) -> None:
    async with running.opened(running.settings(config)) as db, db.transaction() as session:
        moved = await how(session, row_id)
    if not moved:
        raise CommandError(f"no {what} {row_id} is set aside; see `list`")
    print("done")


async def _release(config: Path | None) -> None:
    async with running.opened(running.settings(config)) as db, db.transaction() as session:
        count = await deadletters.release(session)
    print(f"{count} released")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _last_line(text: str) -> str:
    return text.strip().split("\n")[-1][:LONGEST]
