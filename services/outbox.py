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
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, and_, bindparam, case, literal, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.sql.dml import ReturningUpdate

from services import buckets, direct, inlined, outheads, wire
from services.db import Session, insert_once, machine_now, machine_time, wake
from services.models import Address, Outgoing, table_of
from services.outrows import OPEN, Account, Claimed, Draft, Pace, Priority, Result, State, To
from services.sqltypes import Moment

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
            "topic": draft.to.topic,
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


async def known(session: Session, *, key: str) -> bool:
    """Whether something was said under a key, or is about to be."""
    return await direct.scalar(session, _known(), {"key": key}) is not None


@cache
def _known() -> Select[Any]:
    row = table_of(Outgoing).c
    return select(row.id).where(row.key == bindparam("key"))


@dataclass(frozen=True, slots=True)
class _Hand:
    """Who claims, for which account, for how long, at what time of the desk."""

    account: Account
    owner: str
    lease: timedelta
    desk_now: datetime

    def asked(self, which: tuple[Priority, Priority], limit: int) -> Mapping[str, Any]:
        """Return what the claim's statement is given."""
        pace = self.account.pace or Pace(0, 0, 0, 0)
        return {
            "most_urgent": int(which[0]),
            "least_urgent": int(which[1]),
            "most": limit,
            "claimer": self.owner,
            "lease": self.lease.total_seconds(),
            "desk_now": self.desk_now,
            "on_channel": self.account.channel,
            "by_account": self.account.account,
            "group_burst": pace.burst(is_group=True).total_seconds(),
            "chat_burst": pace.burst(is_group=False).total_seconds(),
        }


REPLIES = Priority.ALARM, Priority.WORK
ALARMS = Priority.ALARM, Priority.ALARM
ALL = Priority.ALARM, Priority.SURVEY


async def waiting(session: Session) -> frozenset[tuple[str, str]] | None:
    """Return the channel accounts for which something waits; None when too much waits to tell at a glance."""
    rows = (await direct.execute(session, outheads.glance(), {})).all()
    return frozenset((row.channel, row.account) for row in rows) if len(rows) < outheads.GLANCE else None


async def claim(
    session: Session, account: Account, *, owner: str, lease: timedelta, slots: int, desk_now: datetime
) -> Sequence[Claimed]:
    """Take at most `slots` heads of addresses, within the account's tokens; replies before bulk, alarms on credit."""
    if slots <= 0:
        return []
    grant = await buckets.grant(session, account.name, account.limit, most=slots)
    hand = _Hand(account, owner, lease, desk_now)
    taken = await _take(session, hand, ALL, min(grant.bulk, slots))
    if len(taken) == grant.bulk:  # what is kept back from bulk
        taken += await _take(session, hand, REPLIES, grant.replies - len(taken))
        if len(taken) == grant.replies:
            taken += await _take(session, hand, ALARMS, grant.alarms - len(taken))
    await buckets.spend(session, grant, len(taken))
    if account.pace:
        await _pace(session, account.pace, taken)
    return sorted(taken, key=lambda row: (row.priority, row.id))


async def _take(session: Session, hand: _Hand, which: tuple[Priority, Priority], limit: int) -> list[Claimed]:
    if limit <= 0:
        return []
    return [Claimed(*row) for row in await direct.execute(session, outheads.taking(), hand.asked(which, limit))]


async def _pace(session: Session, pace: Pace, rows: Sequence[Claimed]) -> None:
    steps = [
        {
            "paced": row.address_id,
            "later": max(row.next_at or row.machine_now, row.machine_now) + pace.step(is_group=row.is_group),
        }
        for row in sorted(rows, key=lambda row: row.address_id)  # one order for everybody who locks several
    ]
    if steps:
        await direct.execute_many(session, _pacing(), steps)


@cache
def _pacing() -> Update:
    address = table_of(Address)
    return update(address).where(address.c.id == bindparam("paced")).values(next_at=bindparam("later"))


async def settle(session: Session, results: Sequence[Result], *, owner: str) -> frozenset[int]:
    """Write results down; return the ids of those that were still ours: the others are left alone."""
    ours: set[int] = set()
    inorder = sorted(results, key=attrgetter("id"))  # one order for everybody who locks several
    for again, alike in groupby(inorder, lambda result: result.state is State.PENDING):
        statement = _putting_back() if again else _ending()
        ours.update((await direct.execute_many(session, statement, [_written(r, owner) for r in alike])).scalars())
    wake(session, "outbox")
    return frozenset(ours)


def _written(result: Result, owner: str) -> dict[str, Any]:
    told = {"row_id": result.id, "settler": owner, "parts": result.parts, "why": result.code[:MOST_CODE]}
    if result.state is State.PENDING:
        return {**told, "wait": result.wait.total_seconds(), "unspent": 0 if result.counts else 1}
    return {**told, "end": result.state, "provider": result.provider_id}


@cache
def _ending() -> ReturningUpdate[Any]:
    ended = {"state": bindparam("end"), "provider_id": bindparam("provider"), "settled_at": machine_time()}
    return _settling().values(**ended)


@cache
def _putting_back() -> ReturningUpdate[Any]:
    spent = table_of(Outgoing).c.attempts - bindparam("unspent")
    return _settling().values(state=State.PENDING, due_at=machine_time("wait"), attempts=spent)


def _settling() -> ReturningUpdate[Any]:
    out = table_of(Outgoing)
    ours = out.c.owner == bindparam("settler"), inlined.equal(out.c.state, State.SENDING)
    return (
        update(out)
        .where(out.c.id == bindparam("row_id"), *ours)
        .values(parts_sent=bindparam("parts"), code=bindparam("why"))
        .returning(out.c.id)
    )


async def reap(session: Session, *, desk_now: datetime, all_leases: bool = False) -> int:
    """Decide rows whose sender died: alarms, replies and work again, notices and surveys unknown. Expire the late.

    A row that was in flight at every crash is perhaps why: after its last attempt it is unknown too.
    """
    gone = inlined.equal(Outgoing.state, State.SENDING)
    if not all_leases:
        gone = and_(gone, Outgoing.lease_until < machine_now())
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
                inlined.equal(Outgoing.state, State.SENDING),
                and_(Outgoing.due_at.is_(None), outheads.leaves(table_of(Outgoing).c, literal(desk_now, Moment))),
            ),
        )
        .limit(1)
    )
    return found is not None


async def revive(session: Session, *, keys: Sequence[str]) -> None:
    """Give rows that ended without being shown another chance, as new attempts."""
    await direct.execute(session, _revive(), {"keys": list(keys)})


@cache
def _revive() -> Update:
    row = table_of(Outgoing)
    ended = (State.FAILED, State.SKIPPED, State.EXPIRED, State.CANCELLED, State.UNKNOWN)
    these = row.c.key.in_(bindparam("keys", expanding=True)), inlined.among(row.c.state, ended)
    return update(row).where(*these).values(state=State.PENDING, attempts=0, due_at=None, code="")


async def waits(session: Session, *, key_prefix: str) -> bool:
    """Whether something under keys that begin so has not left yet."""
    return await direct.scalar(session, _waits(), inlined.prefixed(key_prefix)) is not None


@cache
def _waits() -> Select[Any]:
    row = table_of(Outgoing).c
    return select(row.id).where(_waiting(), inlined.begins(row.key)).limit(1)


async def cancel(session: Session, *, key_prefix: str) -> int:
    """Cancel what has not left yet under keys that begin so."""
    return len((await direct.execute(session, _cancel(), inlined.prefixed(key_prefix))).all())


@cache
def _cancel() -> ReturningUpdate[Any]:
    row = table_of(Outgoing)
    under = _waiting(), inlined.begins(row.c.key)
    return update(row).where(*under).values(state=State.CANCELLED).returning(row.c.id)


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
