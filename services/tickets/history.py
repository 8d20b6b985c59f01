"""The history of a ticket: rows that can't be changed, chained by hash; heads sealed into one company chain.

A row holds ids, codes, times and the digest of (salt + words). The words lie in content rows that retention and
erasure may empty together with their salt; then `verify` says "erased", not "broken".
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Insert, Select, bindparam, func, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from services import direct
from services.actors import Actor
from services.db import Session
from services.models import Content, History, Seal, Ticket, table_of

GENESIS = ""
SALT_BYTES = 16
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Said:
    """Words and files that go with an action."""

    words: str = ""
    media: tuple[int, ...] = ()


async def append(
    session: Session,
    actor: Actor,
    *,
    ticket: Ticket,
    action: str,
    now: datetime,
    codes: Mapping[str, Any] | None = None,
    said: Said | None = None,
) -> None:
    """Add a row to the ticket's chain; the ticket is locked by the caller."""
    content_id, digest = await _keep(session, actor, ticket, action, said, now) if said else (None, "")
    stays = {"from": ticket.state, "to_state": ticket.state}  # what is no action of the table changes no state
    row: dict[str, Any] = {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "seq": ticket.seq + 1,
        "action": action,
        "person_id": actor.person_id,
        "system": actor.system,
        "channel": actor.channel or "",
        "event_id": actor.event_id,
        "at": now,
        "codes": dict(codes or {}) if codes and "to_state" in codes else {**stays, **(codes or {})},
        "content_id": content_id,
        "digest": digest,
        "prev": ticket.head,
    }
    row["hash"] = link(row)
    await direct.execute(session, _add(), row)
    ticket.seq, ticket.head = row["seq"], row["hash"]


async def _keep(
    session: Session, actor: Actor, ticket: Ticket, kind: str, said: Said, now: datetime
) -> tuple[int, str]:
    salt = secrets.token_hex(SALT_BYTES)
    row = {
        "community_id": ticket.community_id,
        "ticket_id": ticket.id,
        "kind": kind,
        "words": said.words,
        "salt": salt,
        "media": list(said.media),
        "person_id": actor.person_id,
        "created_at": now,
    }
    content_id: int = (await direct.execute(session, _add_content(), row)).scalar_one()
    return content_id, digest_of(salt, said.words)


@cache
def _add() -> Insert:
    return insert(table_of(History))


@cache
def _add_content() -> ReturningInsert[Any]:
    content = table_of(Content)
    return insert(content).returning(content.c.id)


def digest_of(salt: str, words: str) -> str:
    """Return the digest that history keeps of somebody's words."""
    return hashlib.sha256((salt + words).encode()).hexdigest()


def link(row: Mapping[str, Any]) -> str:
    """Return the hash of a row, over everything but the hash itself; times to the microsecond in UTC."""
    body = {name: value for name, value in row.items() if name not in {"hash", "id"}}
    body["at"] = row["at"].isoformat()
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def seal(session: Session, *, now: datetime) -> bool:
    """Seal the heads of the chains that grew since the last seal; False when none did."""
    grown = (
        await session.scalars(
            select(Ticket)
            .where(Ticket.seq > Ticket.sealed_seq)
            .order_by(Ticket.id)
            .limit(BATCH)
            .with_for_update(key_share=True)
        )
    ).all()
    if not grown:
        return False
    last = await session.scalar(select(Seal.hash).order_by(Seal.id.desc()).limit(1))
    row: dict[str, Any] = {
        "at": now,
        "heads": [[ticket.id, ticket.seq, ticket.head] for ticket in grown],
        "prev": last or GENESIS,
    }
    row["hash"] = link(row)
    await session.execute(insert(Seal).values(row))
    for ticket in grown:
        ticket.sealed_seq = ticket.seq
    return True


@dataclass(slots=True)
class Verdict:
    """What `verify` found."""

    rows: int = 0
    tickets: int = 0
    seals: int = 0
    erased: int = 0
    newest: str = ""  # the newest seal's hash: written down elsewhere, it also shows a rewritten chain
    broken: list[str] = field(default_factory=list)


async def verify(session: Session) -> Verdict:
    """Walk every chain and the company chain; say what is broken and how much was lawfully erased."""
    verdict = Verdict()
    after = 0
    while True:
        tickets = (
            await session.scalars(select(Ticket).where(Ticket.id > after).order_by(Ticket.id).limit(BATCH))
        ).all()
        if not tickets:
            break
        for ticket in tickets:
            await _verify_ticket(session, ticket, verdict)
        after = tickets[-1].id
        session.expunge_all()
    await _verify_seals(session, verdict)
    return verdict


async def _verify_ticket(session: Session, ticket: Ticket, verdict: Verdict) -> None:
    verdict.tickets += 1
    rows = (
        await session.execute(
            select(History, Content)
            .outerjoin(Content, Content.id == History.content_id)
            .where(History.ticket_id == ticket.id)
            .order_by(History.seq)
        )
    ).all()
    prev = GENESIS
    for number, (row, content) in enumerate(rows, 1):
        verdict.rows += 1
        if row.seq != number or row.prev != prev or link(_body(row)) != row.hash:
            verdict.broken.append(f"ticket {ticket.number} ({ticket.id}): row {number} does not follow")
        _verify_words(ticket, row, content, verdict)
        prev = row.hash
    if (ticket.seq, ticket.head) != (len(rows), prev):
        verdict.broken.append(f"ticket {ticket.number} ({ticket.id}): the tail is missing")


def _verify_words(ticket: Ticket, row: History, content: Content | None, verdict: Verdict) -> None:
    if row.content_id is None:
        return
    if content is None:
        verdict.broken.append(f"ticket {ticket.number} ({ticket.id}): the words of row {row.seq} were removed")
    elif content.erased_at is not None:
        verdict.erased += 1
    elif digest_of(content.salt or "", content.words or "") != row.digest:
        verdict.broken.append(f"ticket {ticket.number} ({ticket.id}): the words of row {row.seq} were changed")


def _body(row: History) -> dict[str, Any]:
    names = History.__table__.columns.keys()
    return {name: getattr(row, name) for name in names}


async def _verify_seals(session: Session, verdict: Verdict) -> None:
    prev = GENESIS
    covered = dict[int, int]()
    for row in (await session.scalars(select(Seal).order_by(Seal.id))).all():
        verdict.seals += 1
        body = {name: getattr(row, name) for name in Seal.__table__.columns.keys()}  # noqa: SIM118 - not a dict
        if row.prev != prev or link(body) != row.hash:
            verdict.broken.append(f"seal {row.id} does not follow")
        prev = row.hash
        verdict.newest = row.hash
        for ticket_id, seq, head in row.heads:
            covered[ticket_id] = seq
            found = await session.scalar(select(History.hash).where(History.ticket_id == ticket_id, History.seq == seq))
            if found != head:
                verdict.broken.append(f"seal {row.id}: ticket {ticket_id} or its tail vanished")
    sealed = await session.execute(select(Ticket.id, Ticket.sealed_seq).where(Ticket.sealed_seq > 0))
    lost = sum(covered.get(ticket_id) != seq for ticket_id, seq in sealed)
    if lost:
        verdict.broken.append(f"the newest seals vanished: {lost} tickets were sealed further than they are")


@dataclass(frozen=True, slots=True)
class Happened:
    """A row of the history with its words, if they are still there."""

    action: str
    person_id: int | None
    at: datetime
    codes: Mapping[str, Any]
    words: str | None


async def timeline(session: Session, ticket: Ticket) -> Sequence[Happened]:
    """Return what happened to the ticket, oldest first."""
    return [Happened(*row) for row in await direct.execute(session, _timeline(), {"ticket_id": ticket.id})]


@cache
def _timeline() -> Select[Any]:
    row, content = table_of(History), table_of(Content)
    return (
        select(row.c.action, row.c.person_id, row.c.at, row.c.codes, content.c.words)
        .select_from(row.outerjoin(content, content.c.id == row.c.content_id))
        .where(row.c.ticket_id == bindparam("ticket_id"))
        .order_by(row.c.seq)
    )


async def files(session: Session, ticket: Ticket, *, most: int = 10) -> tuple[int, ...]:
    """Return the ids of the files that came with the ticket, newest words last."""
    rows = await direct.execute(session, _files(), {"ticket_id": ticket.id})
    return tuple(media_id for (media,) in rows for media_id in media)[-most:]


@cache
def _files() -> Select[Any]:
    content = table_of(Content).c
    kept = content.ticket_id == bindparam("ticket_id"), content.erased_at.is_(None)
    return select(content.media).where(*kept).order_by(content.id)


async def count(session: Session) -> int:
    """Return how many rows history has."""
    return await session.scalar(select(func.count()).select_from(History)) or 0
