"""The figures of fees: for finance, low balances, proving a number, how one pays, when who owes is reminded."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from services.sections import Hours, Section


def _listed(found: object) -> object:
    """Take figures as one text, as well as a list."""
    return [part for part in re.split(r"[\s,]+", found.strip("[] ")) if part] if isinstance(found, str) else found


def _months(found: tuple[int, ...]) -> tuple[int, ...]:
    if not found or len(set(found)) < len(found) or not set(found) <= set(range(1, 13)):
        raise ValueError("months of the year, each once, such as [1, 3, 5, 7, 9, 11]")
    return tuple(sorted(found))


Months = Annotated[
    tuple[int, ...],
    BeforeValidator(_listed),
    AfterValidator(_months),
    Field(description="months of the year such as [1, 3, 5, 7, 9, 11]"),
]
Yuan = Annotated[
    tuple[int, ...], BeforeValidator(_listed), Field(description="whole figures of yuan such as [50, 20, 0]")
]


class Fees(Section):
    """What owners ask about fees, and how long finance has to answer."""

    answer_days: int = Field(2, ge=0, le=30)  # working days of the office; until then nobody is dunned for it
    low_balance: Yuan = (50, 20, 0)  # who pays is warned once at each
    code_minutes: int = Field(10, ge=1, le=60)  # a code by text message holds so long
    code_tries: int = Field(5, ge=1, le=20)  # wrong ones, then a rest
    code_rest_minutes: int = Field(60, ge=1, le=24 * 60)
    codes_per_day: int = Field(5, ge=1, le=50)


class Payments(Section):
    """How fees are paid, in the operator's words, and his own page for it."""

    how: str = ""
    how_zh_hant: str = ""  # empty: as `how`
    how_en: str = ""
    link: str = ""

    @model_validator(mode="after")
    def _link_can_be_filled(self) -> Self:
        try:
            self.link.format(community="a", unit="1-1-101", cents=1)
        except (KeyError, IndexError, ValueError) as wrong:
            raise ValueError("link may hold {community}, {unit} and {cents}, and no other braces") from wrong
        if self.link and not self.link.startswith("https://"):
            raise ValueError("link must begin with https://")
        return self

    def said(self, locale: str) -> str:
        """Return the operator's words for a reader."""
        return {"zh_Hant": self.how_zh_hant, "en": self.how_en}.get(locale, "") or self.how


class Dunning(Section):
    """When and how often those who owe are reminded, and what they may promise."""

    file: str = Field("", description='"" for the shipped steps, or a file of your own')
    at: time = time(10, 0)  # the daily round
    between_hours: int = Field(24, ge=24, le=24 * 14)  # one message at most, for all bills of a payer
    night_starts: time = time(20, 30)
    night_ends: time = time(9, 0)
    nap_starts: time = time(12, 30)
    nap_ends: time = time(14, 0)
    promise_days: int = Field(30, ge=1, le=365)  # a promise of one day may lie so far ahead
    instalments: int = Field(6, ge=2, le=24)  # at most, one a month
    legal_months: Months = (1, 3, 5, 7, 9, 11)  # managers and finance get the legal list summed up
    legal_day: int = Field(5, ge=1, le=28)
    legal_at: time = time(9, 30)
    visit_evenings: Hours = "18:30-20:00 mon-fri"  # when collectors meet people
    visit_weekends: Hours = "10:00-12:00 14:30-17:00 sat,sun"
    visit_minutes: int = Field(45, ge=15, le=120)
