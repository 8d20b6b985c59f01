"""Stretches of time as pure values: laid together without doubling, cut out of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """From a moment to a later one; the end belongs to what comes after."""

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        """See that it lasts at all; raises ValueError."""
        if self.starts_at >= self.ends_at:
            msg = f"a stretch ends after it starts, not {self.starts_at} to {self.ends_at}"
            raise ValueError(msg)


def together(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Lay stretches together: those that overlap or touch become one; in order of time, none doubled."""
    found: list[Stretch] = []
    for one in sorted(stretches):
        if found and one.starts_at <= found[-1].ends_at:
            found[-1] = Stretch(found[-1].starts_at, max(found[-1].ends_at, one.ends_at))
        else:
            found.append(one)
    return found


def without(stretches: Iterable[Stretch], cut: Stretch) -> list[Stretch]:
    """Cut a stretch out of others: what lies before and after it stays."""
    return [left for one in together(stretches) for left in _left(one, cut)]


def _left(one: Stretch, cut: Stretch) -> Iterator[Stretch]:
    if cut.ends_at <= one.starts_at or one.ends_at <= cut.starts_at:
        yield one
        return
    if one.starts_at < cut.starts_at:
        yield Stretch(one.starts_at, cut.starts_at)
    if cut.ends_at < one.ends_at:
        yield Stretch(cut.ends_at, one.ends_at)
