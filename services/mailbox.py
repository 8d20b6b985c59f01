"""Mailboxes: the messages of channels that keep their own history (the web page, the demo's phone)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update

from services.db import Session, insert_once
from services.models import Mailbox


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the page shows it; an edit raises its revision."""

    id: int
    revision: int
    mine: bool  # written by the person
    body: Mapping[str, Any]
    at: datetime


async def put(
    session: Session,
    *,
    channel: str,
    account: str,
    external: str,
    mine: bool,
    body: Mapping[str, Any],
    key: str,
    at: datetime,
) -> int:
    """Put a message into the mailbox, once per key, and return its id."""
    row = {
        "channel": channel,
        "account": account,
        "external": external,
        "mine": mine,
        "body": body,
        "key": key,
        "at": at,
    }
    added = (await insert_once(session, Mailbox, row, Mailbox.id)).scalar_one_or_none()
    if added is None:
        added = (await session.execute(select(Mailbox.id).where(Mailbox.key == key))).scalar_one()
    return int(added)


async def edit(
    session: Session, *, channel: str, account: str, external: str, message_id: int, body: Mapping[str, Any]
) -> bool:
    """Change what a message shows; False when the mailbox has no such message."""
    changed = await session.execute(
        update(Mailbox)
        .where(_in_box(channel, account, external), Mailbox.id == message_id)
        .values(body=body, revision=Mailbox.revision + 1)
        .returning(Mailbox.id)
    )
    return changed.scalar_one_or_none() is not None


async def latest(
    session: Session, *, channel: str, account: str, external: str, limit: int, before_id: int | None = None
) -> list[Message]:
    """Return the newest messages, or the newest before the one given, the oldest first."""
    asked = select(Mailbox).where(_in_box(channel, account, external))
    if before_id is not None:
        asked = asked.where(Mailbox.id < before_id)
    rows = await session.scalars(asked.order_by(Mailbox.id.desc()).limit(limit))
    return [_message(row) for row in reversed(rows.all())]


async def revisions(session: Session, *, channel: str, account: str, external: str, limit: int) -> dict[int, int]:
    """Return the revision of each of the newest messages, by id: a cheap look at what is new or changed."""
    asked = (
        select(Mailbox.id, Mailbox.revision)
        .where(_in_box(channel, account, external))
        .order_by(Mailbox.id.desc())
        .limit(limit)
    )
    return {row.id: row.revision for row in await session.execute(asked)}


async def named(session: Session, *, channel: str, account: str, external: str, ids: Collection[int]) -> list[Message]:
    """Return the messages with these ids, the oldest first; ids of other mailboxes are left out."""
    asked = select(Mailbox).where(_in_box(channel, account, external), Mailbox.id.in_(ids)).order_by(Mailbox.id)
    return [_message(row) for row in await session.scalars(asked)]


def _in_box(channel: str, account: str, external: str) -> ColumnElement[bool]:
    # The partial index of the mailbox is used only by queries that repeat its condition.
    return and_(Mailbox.id > 0, Mailbox.channel == channel, Mailbox.account == account, Mailbox.external == external)


def _message(row: Mailbox) -> Message:
    return Message(row.id, row.revision, row.mine, row.body, row.at)
