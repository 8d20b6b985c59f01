"""Objects by kept statements: what a turn reads and changes is loaded and written the direct way.

An object that the session has already is returned as it stands, whatever the row says, as the engine does it; `fresh`
brings it up to date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ClauseElement, Executable, bindparam, insert, inspect, update
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import instance_dict, instance_state, manager_of_class, set_committed_value
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from services import direct
from services.direct import Given
from services.models.base import Base, table_of

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
    names, key = _shape(kind)
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


@cache
def _shape(kind: type[Base]) -> tuple[Sequence[str], int]:
    """Return the names of a kind's columns, which are its attributes', and where its key is among them."""
    names = [str(column.key) for column in table_of(kind).columns]
    (key,) = inspect(kind).primary_key
    return names, names.index(str(key.key))


async def add(session: Session, new: Base) -> None:
    """Insert a new object at once and keep it in the session, complete: what adding and flushing it comes to."""
    given = {name: value for name, value in instance_dict(new).items() if name in _shape(type(new))[0]}
    row = (await direct.execute(session, _inserting(type(new)), given)).one()
    instance_dict(new).update(zip(_shape(type(new))[0], row, strict=True))
    make_transient_to_detached(new)
    session.add(new)


@cache
def _inserting(kind: type[Base]) -> ReturningInsert[Any]:
    table = table_of(kind)
    return insert(table).returning(*table.columns)


async def save(session: Session, objects: Iterable[Base]) -> bool:
    """Write what changed of objects; False, and nothing is written, when a value is for the database to work out."""
    changed = [(each, changes) for each in objects if (changes := _changes(each))]
    if any(isinstance(value, ClauseElement) for _, changes in changed for value in changes.values()):
        return False
    alike = defaultdict[tuple[type[Base], tuple[str, ...]], list[Base]](list)
    for each, changes in changed:
        alike[type(each), tuple(changes)].append(each)
    for (kind, names), several in sorted(alike.items(), key=lambda item: (item[0][0].__tablename__, item[0][1])):
        await _write(session, kind, names, sorted(several, key=attrgetter(_key(kind))))
    return True


def _changes(changed: Base) -> Mapping[str, Any]:
    """Return the attributes that are not as they were loaded, in the order of the table's columns."""
    values, before = instance_dict(changed), instance_state(changed).committed_state
    return {name: values[name] for name in _shape(type(changed))[0] if name in before and values[name] != before[name]}


async def _write(session: Session, kind: type[Base], names: tuple[str, ...], several: Sequence[Base]) -> None:
    """Write the same columns of several objects, in the order of their keys: one order for everybody."""
    rows = [{name: getattr(each, name) for name in names} | {"its_key": getattr(each, _key(kind))} for each in several]
    found = await direct.execute_many(session, _updating(kind, names), rows)
    if len(found.all()) != len(several):
        msg = f"a row of {kind.__tablename__} is gone"
        raise StaleDataError(msg)
    for each in several:
        for name in names:
            set_committed_value(each, name, getattr(each, name))


@cache
def _updating(kind: type[Base], names: tuple[str, ...]) -> ReturningUpdate[Any]:
    table, key = table_of(kind), table_of(kind).c[_key(kind)]
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return update(table).where(key == bindparam("its_key")).values(values).returning(key)


def _key(kind: type[Base]) -> str:
    names, index = _shape(kind)
    return names[index]
