"""Sums are worked out and split without losing a cent."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.money import cents
from services.money.spending import shares

AMOUNTS = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=60)


@given(AMOUNTS, WEIGHTS)
def test_parts_make_the_whole(total: int, weights: list[int]) -> None:
    assert sum(cents.split(total, weights)) == total


@given(AMOUNTS, WEIGHTS)
def test_no_part_is_a_cent_away_from_its_exact_share(total: int, weights: list[int]) -> None:
    whole = sum(weights)
    for part, weight in zip(cents.split(total, weights), weights, strict=True):
        exact = Fraction(total * weight, whole) if whole else Fraction(total, len(weights))
        assert abs(part - exact) < 1


@given(AMOUNTS, WEIGHTS)
def test_who_has_more_area_never_pays_less(total: int, weights: list[int]) -> None:
    parts = cents.split(abs(total), weights)
    by_weight = sorted(zip(weights, parts, strict=True))
    for (less, one), (more, other) in itertools.pairwise(by_weight):
        assert less == more or one <= other


def test_a_sum_is_not_split_among_nobody() -> None:
    with pytest.raises(ValueError, match="weights"):
        cents.split(100, [])


def test_an_area_for_a_quarter_costs_what_the_contract_says() -> None:
    assert cents.by_area(28_000, 896_000, Fraction(3)) == 75_264  # 89.60 m² at 2.80 for three months


def test_half_a_cent_is_rounded_away_from_nothing() -> None:
    assert [cents.rounded(Fraction(n, 2)) for n in (-3, -1, 0, 1, 3)] == [-2, -1, 0, 1, 2]


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900), st.integers(0, 900))
def test_months_of_two_spans_that_meet_add_up(first: date, one: int, two: int) -> None:
    middle = first + timedelta(days=one)
    last = middle + timedelta(days=two + 1)
    parts = cents.months_between(first, middle) + cents.months_between(middle + timedelta(days=1), last)
    assert parts == cents.months_between(first, last)


def test_whole_months_are_whole() -> None:
    assert cents.months_between(date(2026, 2, 1), date(2026, 4, 30)) == 3


SUMS = st.lists(st.integers(0, 500), max_size=8)


@given(SUMS, SUMS)
def test_money_is_spent_once_and_no_bill_is_paid_twice(sums: list[int], wants: list[int]) -> None:
    parts = shares(sums, wants)
    for at, want in enumerate(wants):
        assert sum(part for _, bill, part in parts if bill == at) <= want
    for nth, total in enumerate(sums):
        assert sum(part for payment, _, part in parts if payment == nth) <= total
    assert sum(part for *_, part in parts) == min(sum(sums), sum(wants))


@given(SUMS, SUMS)
def test_a_bill_is_paid_in_whole_before_the_next_gets_anything(sums: list[int], wants: list[int]) -> None:
    parts = shares(sums, wants)
    got = [sum(part for _, bill, part in parts if bill == at) for at in range(len(wants))]
    short = next((at for at, (have, want) in enumerate(zip(got, wants, strict=True)) if have < want), len(wants))
    assert not any(got[short + 1 :])
