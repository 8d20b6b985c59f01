"""Sums of money worked out and split, in integer cents: pure, and nothing gets lost in rounding."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

CM2 = 10_000  # in a square metre
RATE = 100  # a tariff's rate counts hundredths of a cent


def rounded(value: Fraction) -> int:
    """Round half up, away from nothing: 0.5 is 1, -0.5 is -1."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def by_area(rate: int, area_cm2: int, months: Fraction) -> int:
    """Return what an area costs for so many months, `rate` in hundredths of a cent per m² and month."""
    return rounded(Fraction(rate, RATE) * Fraction(area_cm2, CM2) * months)


def fixed(rate: int, months: Fraction) -> int:
    """Return what something costs for so many months, `rate` in hundredths of a cent per month."""
    return rounded(Fraction(rate, RATE) * months)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Split a sum by weights so that the parts are whole cents and make exactly the sum.

    Each part is its exact share rounded down or up; what rounding leaves goes to the largest remainders, the first of
    equal ones first. Without any weight the parts are equal. `total` may be negative. Raises `ValueError` for no or
    negative weights.
    """
    if not weights or min(weights) < 0:
        msg = f"a sum is split by weights of 0 or more, not {list(weights)}"
        raise ValueError(msg)
    if sum(weights) == 0:
        weights = [1] * len(weights)
    whole, sign = sum(weights), -1 if total < 0 else 1
    exact = [divmod(abs(total) * weight, whole) for weight in weights]
    left = abs(total) - sum(part for part, _ in exact)
    first = sorted(range(len(exact)), key=lambda at: (-exact[at][1], at))[:left]
    extra = set(first)
    return [sign * (part + (at in extra)) for at, (part, _) in enumerate(exact)]


def months_between(first: date, last: date) -> Fraction:
    """Return how many months a span of days is, both days counted; some days of a month are a part of that month."""
    total, day = Fraction(0), first
    while day <= last:
        days = monthrange(day.year, day.month)[1]
        end = min(last, day.replace(day=days))
        total += Fraction((end - day).days + 1, days)
        day = following(day)
    return total


def following(day: date) -> date:
    """Return the first day of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def portion(total: int, before: int, upto: int, whole: int) -> int:
    """Return the part of a sum for a stretch of weights from `before` to `upto` out of `whole`.

    Stretches that follow each other make the sum, however many there are, each within a cent of its exact share: so a
    sum is split among many without all of them at hand.
    """
    return rounded(Fraction(total * upto, whole)) - rounded(Fraction(total * before, whole))
