"""Digests that are to be made, as rows: asked for once, taken by one maker at a time, said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from services import conversations, inlined, media, people
from services.db import Session, insert_once, machine_now, wake
from services.media import Made
from services.messages import Channel, Choice, Text
from services.models import Digest
from services.outbox import Priority, To
from services.stretches import Stretch

LEASE = timedelta(minutes=3)
MOST_TRIES = 3
PUSHED = "digest."  # how the keys of the rounds begin; what somebody asked for himself goes first


@dataclass(frozen=True, slots=True)
class Ready:
    """A page with its files."""

    text: Text
    rows: Sequence[Sequence[Choice]]
    files: Sequence[Made] = ()


async def ask(
    session: Session,
    *,
    key: str,
    kind: str,
    community_id: int,
    address_id: int,
    at: datetime,
    span: Stretch,
    team: str = "",
) -> None:
    """Ask for a digest; the same key is asked for once."""
    row = {
        "key": key,
        "kind": kind,
        "community_id": community_id,
        "address_id": address_id,
        "team": team,
        "at": at,
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "state": "wanted",
    }
    await insert_once(session, Digest, row)
    wake(session, "digests")


async def take(session: Session) -> Digest | None:
    """Take the oldest that is wanted and that nobody is at; who dies over it lets go after a while."""
    found = await session.scalars(
        select(Digest)
        .where(
            inlined.equal(Digest.state, "wanted"),
            or_(Digest.lease_until.is_(None), Digest.lease_until <= machine_now()),
        )
        .order_by(Digest.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = found.one_or_none()
    if taken is not None:
        values = {"lease_until": machine_now(LEASE), "tries": Digest.tries + 1}
        await session.execute(
            update(Digest).where(Digest.id == taken.id).values(values).execution_options(synchronize_session=False)
        )
    return taken


async def failed(session: Session, *, digest_id: int) -> None:
    """Count a failure: given up after some tries, else tried again when the lease is over."""
    await session.execute(
        update(Digest)
        .where(Digest.id == digest_id, Digest.tries >= MOST_TRIES)
        .values(state="failed")
        .execution_options(synchronize_session=False)
    )


async def say(session: Session, *, digest_id: int, pages: Sequence[Ready], now: datetime) -> None:
    """Say what was made, once, however often it was made."""
    digest = await session.get(Digest, digest_id, with_for_update=True)
    if digest is None or digest.state != "wanted":
        return
    digest.state = "done"
    to = await _reader(session, digest)
    if to is None:
        return
    for count, page in enumerate(pages, start=1):
        texts_only = to.channel == Channel.SMS
        if texts_only and page.files and count > 1:  # what is but a picture or a workbook says nothing there
            continue
        files = (
            ()
            if texts_only
            else [
                await media.keep_made(session, one, community_id=digest.community_id, key=digest.key, now=now)
                for one in page.files
            ]
        )
        await conversations.tell(
            session,
            to=to,
            key=f"{digest.key}:{count}",
            text=page.text,
            rows=() if texts_only else page.rows,
            media=tuple(files),
            priority=Priority.NOTICE if digest.key.startswith(PUSHED) else Priority.REPLY,
            now=now,
        )


async def _reader(session: Session, digest: Digest) -> To | None:
    if digest.team:
        return await people.group_of(session, community_id=digest.community_id, team=digest.team)
    return await people.to_of(session, address_id=digest.address_id)
