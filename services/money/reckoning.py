"""What a unit is charged for a period by the price list, step by step: pure.

A charge is worked out over days: whenever the price, a discount or what is counted changes, a new step begins. The
exact steps are added up and rounded once; the cents of the steps make the charge.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from services.actors import UnitKind
from services.money import cents
from services.money.cents import CM2, RATE

DAY = timedelta(days=1)
WHOLE = 100  # per cent
FINE = 1_000_000


class Way(StrEnum):
    """How a price is meant."""

    AREA = "area"  # per m² and month
    FIXED = "fixed"  # per month
    SHARED = "shared"  # a cost split by area


class Less(StrEnum):
    """Why less than the price is asked."""

    NOTHING = ""
    VACANT = "vacant"
    PREPAID = "prepaid"
    AGREED = "agreed"


@dataclass(frozen=True, slots=True)
class Price:
    """A tariff as reckoning needs it."""

    code: str
    name: str
    way: Way
    rate: int  # hundredths of a cent
    months: int
    due_days: int
    since: date
    until: date | None = None
    unit_kind: str = ""
    phase: str = ""
    building: str = ""
    vacant_percent: int = WHOLE
    vacant_after_months: int = 0

    def fits(self, unit: Payer) -> bool:
        """Whether the price is for such a unit; without a kind it is for all that people live or work in."""
        kinds = {self.unit_kind} if self.unit_kind else {UnitKind.FLAT, UnitKind.SHOP}
        return unit.kind in kinds and self.phase in {"", unit.phase} and self.building in {"", unit.building}

    @property
    def narrowness(self) -> int:
        """Give how much the price is meant for this unit: the narrowest one holds."""
        return bool(self.building) * 4 + bool(self.phase) * 2 + bool(self.unit_kind)


@dataclass(frozen=True, slots=True)
class Payer:
    """A unit as reckoning needs it."""

    unit_id: int
    kind: str
    building: str
    phase: str
    area_cm2: int
    handover_on: date | None = None
    vacant_since: date | None = None


@dataclass(frozen=True, slots=True)
class Reduction:
    """A stretch of days for which less is asked."""

    code: str
    why: str
    percent: int
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Step:
    """One line of how a charge was worked out."""

    way: str
    rate: int
    area_cm2: int
    months: str  # a whole number or a fraction, 2+17/31
    percent: int
    why: str
    cents: int
    whole_cents: int = 0  # of a cost that was split: all of it …
    whole_cm2: int = 0  # … among so much area


@dataclass(frozen=True, slots=True)
class Charge:
    """What a unit is charged for a period under one code."""

    unit_id: int
    code: str
    name: str
    period: str
    from_on: date
    to_on: date
    due_on: date
    cents: int
    steps: tuple[Step, ...]


def pack(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Turn steps into what a bill keeps."""
    return [asdict(step) for step in steps]


def cycle(first: date, months: int) -> tuple[date, date] | None:
    """Return the days of the period that begins with this month; None when none does."""
    if (first.month - 1) % months:
        return None
    last = after(first, months) - DAY
    return first, last


def after(day: date, months: int) -> date:
    """Return the day so many months later, the last of a shorter month."""
    at = day.year * 12 + day.month - 1 + months
    year, month = divmod(at, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def label(first: date, last: date) -> str:
    """Write a period as it is kept: a month, or the first and the last of several."""
    return f"{first:%Y-%m}" if (first.year, first.month) == (last.year, last.month) else f"{first:%Y-%m}..{last:%Y-%m}"


def charges(unit: Payer, prices: Sequence[Price], reductions: Sequence[Reduction], *, month: date) -> list[Charge]:
    """Return what a unit is charged in the run of a month (its first day), shared costs apart."""
    fitting = [price for price in prices if price.way is not Way.SHARED and price.fits(unit)]
    found = []
    for code in dict.fromkeys(price.code for price in fitting):
        same = [price for price in fitting if price.code == code]
        best = max(price.narrowness for price in same)
        charge = _charge(unit, [price for price in same if price.narrowness == best], reductions, month)
        if charge is not None:
            found.append(charge)
    return found


def _charge(unit: Payer, prices: Sequence[Price], reductions: Sequence[Reduction], month: date) -> Charge | None:
    """Work one code out; the prices follow each other in time."""
    by_day = _following(prices)
    now = next((price for price in reversed(by_day) if price.since <= after(month, price.months) - DAY), None)
    span = cycle(month, now.months) if now is not None else None
    if now is None or span is None:
        return None
    first, last = span
    start = max(first, unit.handover_on or first)
    exact = [(step, amount) for price in by_day for step, amount in _steps(unit, price, reductions, start, last)]
    total = cents.rounded(sum((amount for _, amount in exact), Fraction(0)))
    if total <= 0:
        return None
    parts = cents.split(total, [int(amount * FINE) for _, amount in exact])
    steps = tuple(Step(**(step | {"cents": part})) for (step, _), part in zip(exact, parts, strict=True))
    due_on = first + timedelta(days=now.due_days)
    return Charge(unit.unit_id, now.code, now.name, label(first, last), start, last, due_on, total, steps)


def _following(prices: Sequence[Price]) -> list[Price]:
    """Return prices in time, each until the day before the next begins."""
    by_day = sorted(prices, key=lambda price: price.since)
    ends = [price.since - DAY for price in by_day[1:]]
    cut = [replace(one, until=min(end, one.until or end)) for one, end in zip(by_day, ends, strict=False)]
    return [*cut, *by_day[-1:]]


def _steps(
    unit: Payer, price: Price, reductions: Sequence[Reduction], first: date, last: date
) -> list[tuple[dict[str, Any], Fraction]]:
    first, last = max(first, price.since), min(last, price.until or last)
    if first > last or (price.way is Way.AREA and not unit.area_cm2):
        return []
    found = []
    for start, end, percent, why in _stretches(unit, price, reductions, first, last):
        months = cents.months_between(start, end)
        amount = Fraction(price.rate, RATE) * months * Fraction(percent, WHOLE)
        area = unit.area_cm2 if price.way is Way.AREA else 0
        amount *= Fraction(area, CM2) if area else 1
        step = {"way": price.way.value, "rate": price.rate, "area_cm2": area, "percent": percent, "why": why}
        found.append((step | {"months": written(months)}, amount))
    return found


def written(months: Fraction) -> str:
    """Write a number of months: whole ones, and what is left as a fraction of one."""
    whole, rest = divmod(months, 1)
    if not rest:
        return str(int(whole))
    return f"{int(whole)}+{rest}" if whole else str(rest)


def _stretches(
    unit: Payer, price: Price, reductions: Sequence[Reduction], first: date, last: date
) -> list[tuple[date, date, int, str]]:
    """Cut a span where what is asked changes; of several reductions the best for the owner holds, never two."""
    less = [one for one in reductions if one.code == price.code and one.since <= last and one.until >= first]
    if unit.vacant_since is not None and price.vacant_percent < WHOLE:
        begins = after(unit.vacant_since, price.vacant_after_months)
        less.append(Reduction(price.code, Less.VACANT, price.vacant_percent, begins, last))
    cuts = {first, last + DAY}
    for one in less:
        cuts |= {day for day in (one.since, one.until + DAY) if first < day <= last}
    edges = sorted(cuts)
    found: list[tuple[date, date, int, str]] = []
    for start, end in pairwise(edges):
        holding = [one for one in less if one.since <= start and one.until >= end - DAY]
        best = min(holding, key=lambda one: one.percent, default=None)
        found.append((start, end - DAY, best.percent if best else WHOLE, best.why if best else Less.NOTHING.value))
    return found
