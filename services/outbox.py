"""The outbox: one row is one thing to say to one address. Enqueue, claim, settle, reap are all here.

Desk time decides from when and until when a row may leave (`desk_due`, `expires_at`); machine time decides leases,
back-off and pace. Per address one row is in flight, the oldest of the highest priority present. Who claims for an
account holds its bucket's row until the commit, so that two replicas never see different heads of one address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import aliased

from services import buckets, inlined, wire
from services.db import Session, insert_once, machine_now, wake
from services.models import Address, Outgoing
from services.outrows import OPEN, Account, Claimed, Draft, Pace, Priority, Result, State, To

__all__ = ["OPEN", "Account", "Claimed", "Draft", "Pace", "Priority", "Result", "State", "To"]

MOST_ATTEMPTS = 8
MOST_CODE = 255  # what the column holds


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
class _Hand:
    """Who claims, for which account, for how long, at what time of the desk."""

    account: Account
    owner: str
    lease: timedelta
    desk_now: datetime


async def claim(
    session: Session, account: Account, *, owner: str, lease: timedelta, slots: int, desk_now: datetime
) -> Sequence[Claimed]:
    """Take at most `slots` heads of addresses, within the account's tokens; replies before bulk, alarms on credit."""
    if slots <= 0:
        return []
    grant = await buckets.grant(session, account.name, account.limit, most=slots)
    hand = _Hand(account, owner, lease, desk_now)
    taken = await _take(session, hand, Outgoing.priority <= Priority.WORK, grant.replies)
    if len(taken) >= grant.replies:
        taken += await _take(session, hand, Outgoing.priority == Priority.ALARM, grant.alarms - len(taken))
    taken += await _take(session, hand, Outgoing.priority >= Priority.NOTICE, grant.bulk - len(taken))
    await buckets.spend(session, grant, len(taken))
    rows = await _load(session, taken)
    if account.pace:
        await _pace(session, account.pace, rows)
    return rows


async def _take(session: Session, hand: _Hand, which: ColumnElement[bool], limit: int) -> list[int]:
    if limit <= 0:
        return []
    # A CTE, because PostgreSQL may run a subquery with LIMIT and SKIP LOCKED several times and so take too many.
    heads = (
        select(Outgoing.id)
        .where(
            inlined.among(Outgoing.state, OPEN),
            inlined.equal(Outgoing.state, State.PENDING),
            which,
            or_(Outgoing.due_at.is_(None), Outgoing.due_at <= machine_now(session)),
            _leaves(Outgoing, hand.desk_now),
            _reaches(session, hand.account),
            ~_in_flight(),
            ~_held_back(hand.desk_now),
        )
        .order_by(Outgoing.priority, Outgoing.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("heads")
    )
    result = await session.execute(
        update(Outgoing)
        .where(Outgoing.id.in_(select(heads.c.id)))
        .values(
            state=State.SENDING,
            owner=hand.owner,
            lease_until=machine_now(session, hand.lease),
            attempts=Outgoing.attempts + 1,
        )
        .returning(Outgoing.id)
        .execution_options(synchronize_session=False)
    )
    return list(result.scalars())


def _reaches(session: Session, account: Account) -> ColumnElement[bool]:
    """Whether the row's address is the account's and may be written to now, its pace considered."""
    pace = account.pace or Pace(0, 0, 0, 0)
    burst = case(
        (Address.is_group, machine_now(session, pace.burst(is_group=True))),
        else_=machine_now(session, pace.burst(is_group=False)),
    )
    return exists().where(
        Address.id == Outgoing.address_id,
        Address.channel == account.channel,
        Address.account == account.account,
        or_(Address.next_at.is_(None), Address.next_at <= burst),
    )


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
def _flying() -> Any:  # noqa: ANN401
    return aliased(Outgoing)


@cache
def _earlier() -> Any:  # noqa: ANN401
    return aliased(Outgoing)


def _in_flight() -> ColumnElement[bool]:
    flying = _flying()
    return exists().where(flying.address_id == Outgoing.address_id, inlined.equal(flying.state, State.SENDING))


def _held_back(desk_now: datetime) -> ColumnElement[bool]:
    before = _earlier()
    return exists().where(
        before.address_id == Outgoing.address_id,
        inlined.among(before.state, OPEN),
        inlined.equal(before.state, State.PENDING),
        before.priority <= Outgoing.priority,
        or_(before.priority < Outgoing.priority, before.id < Outgoing.id),
        _leaves(before, desk_now),
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
            "next_at": max(row.next_at or row.machine_now, row.machine_now) + pace.step(is_group=row.is_group),
        }
        for row in sorted(rows, key=lambda row: row.address_id)  # one order for everybody who locks several
    ]
    if steps:
        await session.execute(update(Address), steps)


async def settle(session: Session, results: Sequence[Result], *, owner: str) -> frozenset[int]:
    """Write results down; return the ids of those that were still ours: the others are left alone."""
    ours: set[int] = set()
    for result in results:
        again = result.state is State.PENDING
        settled = await session.scalar(
            update(Outgoing)
            .where(Outgoing.id == result.id, Outgoing.owner == owner, inlined.equal(Outgoing.state, State.SENDING))
            .values(_again(session, result) if again else _ended(session, result))
            .returning(Outgoing.id)
            .execution_options(synchronize_session=False)
        )
        if settled is not None:
            ours.add(settled)
    wake(session, "outbox")
    return frozenset(ours)


def _ended(session: Session, result: Result) -> Mapping[str, Any]:
    return {
        "state": result.state,
        "provider_id": result.provider_id,
        "parts_sent": result.parts,
        "code": result.code[:MOST_CODE],
        "settled_at": machine_now(session),
    }


def _again(session: Session, result: Result) -> Mapping[str, Any]:
    return {
        "state": State.PENDING,
        "due_at": machine_now(session, result.wait),
        "parts_sent": result.parts,
        "code": result.code[:MOST_CODE],
        "attempts": Outgoing.attempts - (0 if result.counts else 1),
    }


async def reap(session: Session, *, desk_now: datetime, all_leases: bool = False) -> int:
    """Decide rows whose sender died: alarms, replies and work again, notices and surveys unknown. Expire the late.

    A row that was in flight at every crash is perhaps why: after its last attempt it is unknown too.
    """
    gone = inlined.equal(Outgoing.state, State.SENDING)
    if not all_leases:
        gone = and_(gone, Outgoing.lease_until < machine_now(session))
    again = and_(Outgoing.priority <= Priority.WORK, Outgoing.attempts < MOST_ATTEMPTS)
    result = await session.execute(
        update(Outgoing)
        .where(gone)
        .values(state=case((again, State.PENDING), else_=State.UNKNOWN), possibly_twice=again, code="crash")
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Outgoing)
        .where(_waiting(), Outgoing.expires_at <= desk_now)
        .values(state=State.EXPIRED)
        .execution_options(synchronize_session=False)
    )
    count = _count(result)
    if count:
        wake(session, "outbox")
    return count


def _waiting() -> ColumnElement[bool]:
    return and_(inlined.among(Outgoing.state, OPEN), inlined.equal(Outgoing.state, State.PENDING))


async def leaving(session: Session, *, desk_now: datetime) -> bool:
    """Whether something may leave now or is on its way."""
    found = await session.scalar(
        select(Outgoing.id)
        .where(
            inlined.among(Outgoing.state, OPEN),
            or_(
                Outgoing.state == State.SENDING,
                and_(Outgoing.due_at.is_(None), _leaves(Outgoing, desk_now)),
            ),
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
        .where(_waiting(), Outgoing.key.startswith(key_prefix, autoescape=True))
        .values(state=State.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    return _count(result)


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
