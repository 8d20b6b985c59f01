"""What all tables share: naming of constraints, ids, the column shorthands."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import Date, Index, MetaData, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column

from services.sqltypes import BigId, JsonText, Moment

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

Id = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]
Ref = Annotated[int, mapped_column(BigId)]
Code = Annotated[str, mapped_column(String(64))]
Words = Annotated[str, mapped_column(Text)]


class Base(DeclarativeBase):
    """The mapped classes; relationships are few and `lazy="raise"`."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        date: Date,
        Any: JsonText,
        str: String(255),
        int: BigId,
    }


def table_of(mapped: type[Base]) -> Table:
    """Return a class's table: what is asked of it in every turn costs a third of what asking the class does."""
    table = mapped.__table__
    if not isinstance(table, Table):
        raise TypeError(mapped)
    return table


def partial(name: str, *columns: str, where: Any, unique: bool = False) -> Index:  # noqa: ANN401 - a clause
    """Return an index over the rows for which the clause holds, on both databases."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
