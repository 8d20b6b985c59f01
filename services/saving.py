"""Changed objects written by kept statements: the columns that changed, one statement for each kind of change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Table, bindparam, inspect, update
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm.attributes import instance_dict, instance_state, set_committed_value
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.sql.dml import ReturningUpdate

from services import direct

if TYPE_CHECKING:
    from services.connections import Session

Kind = type[DeclarativeBase]


@cache
def shape(kind: Kind) -> tuple[Sequence[str], int]:
    """Return the names of a kind's columns, which are its attributes', and where its key is among them."""
    names = [str(column.key) for column in _table(kind).columns]
    (key,) = inspect(kind).primary_key
    return names, names.index(str(key.key))


def _table(kind: Kind) -> Table:
    table = kind.__table__
    if not isinstance(table, Table):
        raise TypeError(kind)
    return table


async def save(session: Session, objects: Iterable[DeclarativeBase]) -> bool:
    """Write what changed of objects; False, and nothing is written, when a value is for the database to work out."""
    changed = [(each, changes) for each in objects if (changes := _changes(each))]
    if any(_is_worked_out(value) for _, changes in changed for value in changes.values()):
        return False
    alike = defaultdict[tuple[Kind, tuple[str, ...]], list[DeclarativeBase]](list)
    for each, changes in changed:
        alike[type(each), tuple(changes)].append(each)
    for (kind, names), several in sorted(alike.items(), key=lambda item: (item[0][0].__tablename__, item[0][1])):
        await _write(session, kind, names, sorted(several, key=attrgetter(_key(kind))))
    return True


def _changes(changed: DeclarativeBase) -> Mapping[str, Any]:
    """Return the attributes that are not as they were loaded, in the order of the table's columns."""
    values, before = instance_dict(changed), instance_state(changed).committed_state
    touched = (name for name in shape(type(changed))[0] if name in before)
    return {name: values[name] for name in touched if _is_worked_out(values[name]) or values[name] != before[name]}


def _is_worked_out(value: object) -> bool:
    """Whether the database is to work a value out."""
    return isinstance(value, ClauseElement)


async def _write(session: Session, kind: Kind, names: tuple[str, ...], several: Sequence[DeclarativeBase]) -> None:
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
def _updating(kind: Kind, names: tuple[str, ...]) -> ReturningUpdate[Any]:
    table, key = _table(kind), _table(kind).c[_key(kind)]
    values = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return update(table).where(key == bindparam("its_key")).values(values).returning(key)


def _key(kind: Kind) -> str:
    names, index = shape(kind)
    return names[index]
