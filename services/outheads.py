"""Which rows may leave: the statements by which the outbox claims, made once.

Putting one of them together takes longer than running it.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, case, exists, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from services import inlined
from services.db import machine_time
from services.models import Address, Outgoing, table_of
from services.outrows import OPEN, State
from services.sqltypes import Moment

GLANCE = 50
Columns = Any  # of the table, or of an alias of it


@cache
def taking() -> ReturningUpdate[Any]:
    """Return the statement that claims heads of addresses and tells what `Claimed` holds, in its order."""
    out, desk_now = table_of(Outgoing), bindparam("desk_now", type_=Moment)
    row = out.c
    # A CTE, because PostgreSQL may run a subquery with LIMIT and SKIP LOCKED several times and so take too many.
    heads = (
        select(row.id)
        .where(
            inlined.among(row.state, OPEN),
            inlined.equal(row.state, State.PENDING),
            row.priority.between(bindparam("most_urgent"), bindparam("least_urgent")),
            or_(row.due_at.is_(None), row.due_at <= machine_time()),
            leaves(row, desk_now),
            _reaches(row),
            ~_in_flight(row),
            ~_held_back(row, desk_now),
        )
        .order_by(row.priority, row.id)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("heads")
    )
    return (
        update(out)
        .where(row.id.in_(select(heads.c.id)))
        .values(
            state=State.SENDING,
            owner=bindparam("claimer"),
            lease_until=machine_time("lease"),
            attempts=row.attempts + 1,
        )
        .returning(
            *(row.id, row.key, row.community_id, row.address_id),
            *(_of_address(row, "external"), _of_address(row, "is_group"), row.topic),
            *(row.kind, row.priority, row.payload, row.locale, row.prompt_id, row.card_id, row.still_wanted),
            *(row.attempts, row.parts_sent, _of_address(row, "next_at"), machine_time().label("machine_now")),
        )
    )


def _of_address(row: Columns, name: str) -> ColumnElement[Any]:
    address = table_of(Address).c
    return select(address[name]).where(address.id == row.address_id).scalar_subquery().label(name)


def _reaches(row: Columns) -> ColumnElement[bool]:
    """Whether the row's address is the account's and may be written to now, its pace considered.

    Asked of the one address, found by its id: were account and pace conditions like the id, a database without
    statistics might go through all of the account's addresses for each row.
    """
    address = table_of(Address).c
    burst = case((address.is_group, machine_time("group_burst")), else_=machine_time("chat_burst"))
    of_account = and_(address.channel == bindparam("on_channel"), address.account == bindparam("by_account"))
    may = and_(of_account, or_(address.next_at.is_(None), address.next_at <= burst))
    return select(may).where(address.id == row.address_id).scalar_subquery()


def leaves(row: Columns, desk_now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether the desk lets the row go now."""
    waits_for = table_of(Outgoing).alias().c
    waits = exists().where(waits_for.id == row.after_id, inlined.among(waits_for.state, OPEN))
    return and_(
        or_(row.desk_due.is_(None), row.desk_due <= desk_now),
        or_(row.expires_at.is_(None), row.expires_at > desk_now),
        or_(row.after_id.is_(None), ~waits),
    )


def _in_flight(row: Columns) -> ColumnElement[bool]:
    flying = table_of(Outgoing).alias().c
    return exists().where(flying.address_id == row.address_id, inlined.equal(flying.state, State.SENDING))


def _held_back(row: Columns, desk_now: ColumnElement[datetime]) -> ColumnElement[bool]:
    before = table_of(Outgoing).alias().c
    return exists().where(
        before.address_id == row.address_id,
        inlined.among(before.state, OPEN),
        inlined.equal(before.state, State.PENDING),
        before.priority <= row.priority,
        or_(before.priority < row.priority, before.id < row.id),
        leaves(before, desk_now),
    )


@cache
def glance() -> Select[Any]:
    """Return the statement that names the accounts of the first rows that wait."""
    row, address = table_of(Outgoing).c, table_of(Address).c
    first = (
        select(row.address_id)
        .where(inlined.among(row.state, OPEN), inlined.equal(row.state, State.PENDING))
        .order_by(row.priority, row.id)
        .limit(GLANCE)
        .subquery()
    )
    return select(address.channel, address.account).select_from(
        first.join(table_of(Address), address.id == first.c.address_id)
    )
