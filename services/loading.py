"""Objects from kept statements: what a turn reads and changes, loaded the direct way; `saving` writes it.

An object that the session has already is returned as it stands, whatever the row says, as the engine does it; `fresh`
brings it up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Executable, insert
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict, manager_of_class, set_committed_value
from sqlalchemy.sql.dml import ReturningInsert

from services import direct
from services.direct import Given
from services.models.base import Base, table_of
from services.saving import shape

if TYPE_CHECKING:
    from services.connections import Session

E = TypeVar("E", bound=Base)


async def objects(
    session: Session, statement: Executable, given: Given, kind: type[E], *, fresh: bool = False
) -> Sequence[E]:
    """Return the objects of a kind that a kept statement selects: its columns are the kind's table's."""
    rows = await direct.execute(session, statement, given)
    return [put(session, kind, row, fresh=fresh) for row in rows]


def put(session: Session, kind: type[E], row: Sequence[Any], *, fresh: bool = False) -> E:
    """Return the object that the first columns of a row are, as the session has it or new in it."""
    names, key = shape(kind)
    known: E | None = session.sync_session.identity_map.get((kind, (row[key],), None))
    if known is None:
        known = manager_of_class(kind).new_instance()
        instance_dict(known).update(zip(names, row, strict=False))
        make_transient_to_detached(known)  # as if the engine had loaded it
        session.add(known)
    elif fresh:
        for name, value in zip(names, row, strict=False):
            set_committed_value(known, name, value)
    return known


async def add(session: Session, new: Base) -> None:
    """Insert a new object at once and keep it in the session, complete: what adding and flushing it comes to."""
    given = {name: value for name, value in instance_dict(new).items() if name in shape(type(new))[0]}
    row = (await direct.execute(session, _inserting(type(new)), given)).one()
    instance_dict(new).update(zip(shape(type(new))[0], row, strict=True))
    make_transient_to_detached(new)
    session.add(new)


@cache
def _inserting(kind: type[Base]) -> ReturningInsert[Any]:
    table = table_of(kind)
    return insert(table).returning(*table.columns)
