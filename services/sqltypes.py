"""Column types of the house: aware UTC moments and the time between two, JSON that can't be changed, portable ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeAlias

import orjson
from sqlalchemy import BigInteger, DateTime, Float, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

BigId = BigInteger().with_variant(Integer(), "sqlite")


class FrozenDict(dict[str, Any]):
    """A dict read from a JSON column; a change in place would be lost, so it is refused."""

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        msg = "a JSON column is replaced, never changed in place: assign a new dict"
        raise TypeError(msg)

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = __ior__ = _refuse


def frozen(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return the JSON value with lists as tuples and dicts as `FrozenDict`, all the way down."""
    if isinstance(value, dict):
        return FrozenDict({key: frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    return value


class JsonText(TypeDecorator[Any]):
    """JSON kept as text (orjson both ways), read back frozen."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002
        """Write the value as JSON text; None stays NULL."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002
        """Read the text back as frozen data."""
        return None if value is None else frozen(orjson.loads(value))


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime; a naive one is refused at the door."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Check that the moment is aware and move it to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"naive datetime {value!r}: moments in the database are aware"
            raise ValueError(msg)
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the moment back aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SecondsBetween(FunctionElement[float]):
    """The seconds between two moments."""

    name = "seconds_between"
    type = Float()
    inherit_cache = True


@compiles(SecondsBetween, "postgresql")
def _seconds_on_postgresql(element: SecondsBetween, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    start, end = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"extract(epoch FROM ({end} - {start}))::float"


@compiles(SecondsBetween, "sqlite")
def _seconds_on_sqlite(element: SecondsBetween, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    start, end = (compiler.process(clause, **kwargs) for clause in element.clauses)
    return f"(julianday({end}) - julianday({start})) * 86400"
