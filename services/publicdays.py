"""The public holidays of a country and its make-up working days, year by year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

NOWHERE = ""  # a community that counts by its own days only


@dataclass(frozen=True, slots=True)
class PublicDays:
    """What a country says about the days of a year: off, or worked although it is a weekend."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


@lru_cache(maxsize=512)
def of(country: str, region: str, year: int) -> PublicDays:
    """Return the public days of a year; of years that are not proclaimed yet, what the law says by itself.

    China's make-up days are proclaimed each November for the next year, and come with an update of the library.
    """
    if country == NOWHERE:
        return PublicDays()
    found = _library(country, region, year)
    worked = frozenset(day for day in found.weekend_workdays if day.year == year)
    return PublicDays(frozenset(day for day in found if day.year == year) - worked, worked)


@lru_cache(maxsize=64)
def check(country: str, region: str) -> None:
    """Refuse a country or region that nobody keeps holidays of; ValueError says what is allowed."""
    if country == NOWHERE:
        if region:
            raise ValueError(f"a region {region!r} without a country")
        return
    regions = _regions(country)
    if regions is None:
        allowed = 'a two-letter code of a country whose holidays are known, or "" for none'
        raise ValueError(f"no holidays are known of {country!r}; allowed: {allowed}")
    if region and region not in regions:
        allowed = ", ".join(regions) or "none"
        raise ValueError(f"{country} has no region {region!r}; allowed: {allowed}")


def _regions(country: str) -> Sequence[str] | None:
    """Return the regions of a country; None of one that nobody keeps holidays of."""
    if not re.fullmatch("[A-Z]{2}", country):
        return None
    try:
        return _library(country, "").subdivisions
    except NotImplementedError:
        return None


def _library(country: str, region: str, year: int | None = None) -> HolidayBase:
    """Ask the library, which is heavy: it is loaded when the first question comes."""
    from holidays import country_holidays  # noqa: PLC0415

    # A year may be told a part of its days by the next one: New Year's Day that is kept on 31 December.
    years = [year, year + 1] if year else None
    return country_holidays(country, subdiv=region or None, years=years)
