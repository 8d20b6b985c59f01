"""The outbox: one row is one thing to say to one address. Enqueue, claim, settle, reap are all here.

Desk time decides from when and until when a row may leave (`desk_due`, `expires_at`); machine time decides leases,
back-off and pace. Per address one row is in flight, the oldest of the highest priority present.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import aliased

from services import buckets, wire
from services.db import Session, insert_once, machine_now, wake
from services.messages import Say
from services.models import Address, Outgoing

MOST_ATTEMPTS = 8
OPEN = ("pending", "sending")


class Priority(IntEnum):
    """What goes first."""

    ALARM = 0
    REPLY = 1
    WORK = 2
    NOTICE = 3
    SURVEY = 4


class State(StrEnum):
    """Where a row is; states move forward."""

    HELD = "held"
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class To:
    """An address as a sender of messages needs it."""

    address_id: int
    locale: str
    community_id: int | None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row to be enqueued."""

    key: str
    to: To
    priority: Priority
    say: Say | None = None
    kind: str = "say"
    prompt_id: int | None = None
    card_id: int | None = None
    after_id: int | None = None
    still_wanted: str = ""
    desk_due: datetime | None = None
    expires_at: datetime | None = None


async def enqueue(session: Session, *drafts: Draft, now: datetime) -> Sequence[int]:
    """Add rows whose keys are new, in the order given; return the ids of those added."""
    if not drafts:
        return []
    rows = [
        {
            "key": draft.key,
            "community_id": draft.to.community_id,
            "address_id": draft.to.address_id,
            "kind": draft.kind,
            "priority": int(draft.priority),
            "payload": wire.pack_say(draft.say) if draft.say else {},
            "locale": draft.to.locale,
            "prompt_id": draft.prompt_id,
            "card_id": draft.card_id,
            "after_id": draft.after_id,
            "still_wanted": draft.still_wanted,
            "desk_due": draft.desk_due,
            "expires_at": draft.expires_at,
            "created_at": now,
        }
        for draft in drafts
    ]
    added = await insert_once(session, Outgoing, rows, Outgoing.id)
    wake(session, "outbox")
    return list(added.scalars())


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row in this sender's hands, with what its address tells."""

    id: int
    key: str
    community_id: int | None
    address_id: int
    external: str
    is_group: bool
    topic: str
    kind: str
    priority: int
    payload: Mapping[str, Any]
    locale: str
    prompt_id: int | None
    card_id: int | None
    still_wanted: str
    attempts: int
    parts_sent: int
    next_at: datetime | None
    machine_now: datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one private chat and one group may be written to: seconds per message, seconds of burst."""

    chat: float = 1.0
    chat_burst: float = 4.0
    group: float = 4.0
    group_burst: float = 16.0


@dataclass(frozen=True, slots=True)
class Account:
    """A channel account as the claim sees it: what it may send how fast."""

    channel: str
    account: str
    limit: buckets.Limit | None = None
    pace: Pace | None = None

    @property
    def name(self) -> str:
        """The bucket's name."""
        return f"{self.channel}:{self.account}"


async def claim(
    session: Session, account: Account, *, owner: str, lease: timedelta, slots: int, desk_now: datetime
) -> Sequence[Claimed]:
    """Take at most `slots` heads of addresses, within the account's tokens; replies before bulk."""
    grant = await buckets.grant(session, account.name, account.limit, most=slots)
    taken = await _take(session, account, _urgent(grant), owner, lease, grant.urgent, desk_now)
    bulk = min(grant.bulk - len(taken), slots - len(taken))
    if bulk > 0:
        taken += await _take(session, account, Outgoing.priority >= Priority.NOTICE, owner, lease, bulk, desk_now)
    await buckets.spend(session, grant, len(taken))
    rows = await _load(session, taken)
    if account.pace:
        await _pace(session, account.pace, rows)
    return rows


def _urgent(grant: buckets.Grant) -> ColumnElement[bool]:
    return Outgoing.priority <= (Priority.ALARM if grant.only_alarms else Priority.WORK)


async def _take(
    session: Session,
    account: Account,
    which: ColumnElement[bool],
    owner: str,
    lease: timedelta,
    limit: int,
    desk_now: datetime,
) -> list[int]:
    if limit <= 0:
        return []
    now, pace = machine_now(session), account.pace or Pace(0, 0, 0, 0)
    burst = case(
        (Address.is_group, machine_now(session, timedelta(seconds=pace.group_burst))),
        else_=machine_now(session, timedelta(seconds=pace.chat_burst)),
    )
    heads = (
        select(Outgoing.id)
        .join(Address, Address.id == Outgoing.address_id)
        .where(
            Outgoing.state == State.PENDING,
            which,
            Address.channel == account.channel,
            Address.account == account.account,
            or_(Outgoing.due_at.is_(None), Outgoing.due_at <= now),
            _leaves(Outgoing, desk_now),
            or_(Address.next_at.is_(None), Address.next_at <= burst),
            ~_held_back(desk_now),
        )
        .order_by(Outgoing.priority, Outgoing.id)
        .limit(limit)
        .with_for_update(of=Outgoing, skip_locked=True)
    )
    result = await session.execute(
        update(Outgoing)
        .where(Outgoing.id.in_(heads.scalar_subquery()))
        .values(
            state=State.SENDING,
            owner=owner,
            lease_until=machine_now(session, lease),
            attempts=Outgoing.attempts + 1,
        )
        .returning(Outgoing.id)
        .execution_options(synchronize_session=False)
    )
    return list(result.scalars())


def _leaves(row: Any, desk_now: datetime) -> ColumnElement[bool]:  # noqa: ANN401 - the table or its alias
    waits_for = _waited_for()
    return and_(
        or_(row.desk_due.is_(None), row.desk_due <= desk_now),
        or_(row.expires_at.is_(None), row.expires_at > desk_now),
        or_(row.after_id.is_(None), ~exists().where(waits_for.id == row.after_id, waits_for.state.in_(OPEN))),
    )


@cache
def _waited_for() -> Any:  # noqa: ANN401 - an alias of the table; making one costs milliseconds
    return aliased(Outgoing)


@cache
def _earlier() -> Any:  # noqa: ANN401
    return aliased(Outgoing)


def _held_back(desk_now: datetime) -> ColumnElement[bool]:
    before = _earlier()
    earlier = or_(
        before.priority < Outgoing.priority,
        and_(before.priority == Outgoing.priority, before.id < Outgoing.id),
    )
    return exists().where(
        before.address_id == Outgoing.address_id,
        or_(
            before.state == State.SENDING,
            and_(before.state == State.PENDING, earlier, _leaves(before, desk_now)),
        ),
    )


async def _load(session: Session, ids: Sequence[int]) -> list[Claimed]:
    if not ids:
        return []
    found = await session.execute(
        select(
            Outgoing.id,
            Outgoing.key,
            Outgoing.community_id,
            Outgoing.address_id,
            Address.external,
            Address.is_group,
            Address.topic,
            Outgoing.kind,
            Outgoing.priority,
            Outgoing.payload,
            Outgoing.locale,
            Outgoing.prompt_id,
            Outgoing.card_id,
            Outgoing.still_wanted,
            Outgoing.attempts,
            Outgoing.parts_sent,
            Address.next_at,
            machine_now(session),
        )
        .join(Address, Address.id == Outgoing.address_id)
        .where(Outgoing.id.in_(ids))
        .order_by(Outgoing.priority, Outgoing.id)
    )
    return [Claimed(*row) for row in found]


async def _pace(session: Session, pace: Pace, rows: Sequence[Claimed]) -> None:
    steps = [
        {
            "id": row.address_id,
            "next_at": max(row.next_at or row.machine_now, row.machine_now)
            + timedelta(seconds=pace.group if row.is_group else pace.chat),
        }
        for row in rows
    ]
    if steps:
        await session.execute(update(Address), steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a claimed row. A state of PENDING means: again, after `wait`."""

    id: int
    state: State
    provider_id: str = ""
    parts: int = 0
    code: str = ""
    wait: timedelta = timedelta()
    counts: bool = True  # False: no attempt was spent


async def settle(session: Session, results: Sequence[Result], *, owner: str) -> None:
    """Write results down; a row that is no longer ours is left alone."""
    ended = [result for result in results if result.state is not State.PENDING]
    for result in ended:
        await session.execute(
            update(Outgoing)
            .where(Outgoing.id == result.id, Outgoing.owner == owner, Outgoing.state == State.SENDING)
            .values(
                state=result.state,
                provider_id=result.provider_id,
                parts_sent=result.parts,
                code=result.code,
                settled_at=machine_now(session),
            )
            .execution_options(synchronize_session=False)
        )
    for result in results:
        if result.state is State.PENDING:
            await _again(session, result, owner)
    wake(session, "outbox")


async def _again(session: Session, result: Result, owner: str) -> None:
    await session.execute(
        update(Outgoing)
        .where(Outgoing.id == result.id, Outgoing.owner == owner, Outgoing.state == State.SENDING)
        .values(
            state=State.PENDING,
            due_at=machine_now(session, result.wait),
            parts_sent=result.parts,
            code=result.code,
            attempts=Outgoing.attempts - (0 if result.counts else 1),
        )
        .execution_options(synchronize_session=False)
    )


async def reap(session: Session, *, desk_now: datetime, all_leases: bool = False) -> int:
    """Decide rows whose sender died: alarms, replies and work again, notices and surveys unknown. Expire the late."""
    gone = Outgoing.state == State.SENDING
    if not all_leases:
        gone = and_(gone, Outgoing.lease_until < machine_now(session))
    repeated = Outgoing.priority <= Priority.WORK
    result = await session.execute(
        update(Outgoing)
        .where(gone)
        .values(state=case((repeated, State.PENDING), else_=State.UNKNOWN), possibly_twice=repeated, code="crash")
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Outgoing)
        .where(Outgoing.state == State.PENDING, Outgoing.expires_at <= desk_now)
        .values(state=State.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    count = _count(result)
    if count:
        wake(session, "outbox")
    return count


async def leaving(session: Session, *, desk_now: datetime) -> bool:
    """Whether something may leave now or is on its way."""
    found = await session.scalar(
        select(Outgoing.id)
        .where(
            or_(
                Outgoing.state == State.SENDING,
                and_(Outgoing.state == State.PENDING, Outgoing.due_at.is_(None), _leaves(Outgoing, desk_now)),
            )
        )
        .limit(1)
    )
    return found is not None


async def revive(session: Session, *, keys: Sequence[str]) -> None:
    """Give rows that ended without being shown another chance, as new attempts."""
    ended = (State.FAILED, State.SKIPPED, State.EXPIRED, State.CANCELLED, State.UNKNOWN)
    await session.execute(
        update(Outgoing)
        .where(Outgoing.key.in_(keys), Outgoing.state.in_(ended))
        .values(state=State.PENDING, attempts=0, due_at=None, code="")
        .execution_options(synchronize_session=False)
    )


async def cancel(session: Session, *, key_prefix: str) -> int:
    """Cancel what has not left yet under keys that begin so."""
    result = await session.execute(
        update(Outgoing)
        .where(Outgoing.state == State.PENDING, Outgoing.key.startswith(key_prefix, autoescape=True))
        .values(state=State.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    return _count(result)


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
