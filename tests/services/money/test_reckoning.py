"""What a unit is charged: by area or fixed, for part of a period, at a lower rate, at a price that changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from services.money import cents, reckoning
from services.money.reckoning import Charge, Less, Payer, Price, Reduction, Way

QUARTER = date(2026, 4, 1)
MANAGEMENT = Price("management", "物业费", Way.AREA, 28_000, 3, 29, date(2020, 1, 1))
PARKING = Price("parking", "车位费", Way.FIXED, 800_000, 1, 29, date(2020, 1, 1), unit_kind="parking")
HOME = Payer(1, "flat", "3", "一期", 896_000)
SPACE = Payer(2, "parking", "B1", "", 0)


def one(unit: Payer, *prices: Price, less: tuple[Reduction, ...] = (), month: date = QUARTER) -> Charge:
    found = reckoning.charges(unit, prices, less, month=month)
    assert len(found) == 1
    return found[0]


def test_a_quarter_by_area() -> None:
    charge = one(HOME, MANAGEMENT)
    assert (charge.cents, charge.period, charge.due_on) == (75_264, "2026-04..2026-06", date(2026, 4, 30))
    assert (charge.from_on, charge.to_on) == (QUARTER, date(2026, 6, 30))
    assert [(step.months, step.cents) for step in charge.steps] == [("3", 75_264)]


def test_a_month_that_begins_no_quarter_has_no_charge() -> None:
    assert reckoning.charges(HOME, [MANAGEMENT], [], month=date(2026, 5, 1)) == []


def test_a_parking_space_pays_its_own_price_and_not_that_of_homes() -> None:
    assert one(SPACE, MANAGEMENT, PARKING).name == "车位费"
    assert [charge.name for charge in reckoning.charges(HOME, [MANAGEMENT, PARKING], [], month=QUARTER)] == ["物业费"]


def test_who_took_over_in_the_middle_pays_from_that_day() -> None:
    charge = one(replace(HOME, handover_on=date(2026, 5, 16)), MANAGEMENT)
    assert (charge.from_on, charge.steps[0].months) == (date(2026, 5, 16), "1+16/31")
    assert charge.cents == cents.rounded(Fraction(28_000 * 896_000, 100 * 10_000) * Fraction(47, 31))


def test_who_takes_over_later_pays_nothing_yet() -> None:
    assert reckoning.charges(replace(HOME, handover_on=date(2026, 7, 1)), [MANAGEMENT], [], month=QUARTER) == []


def test_an_empty_flat_pays_less_after_the_months_of_waiting() -> None:
    price = replace(MANAGEMENT, vacant_percent=70, vacant_after_months=6)
    charge = one(replace(HOME, vacant_since=date(2025, 11, 1)), price)
    assert [(step.months, step.percent, step.why) for step in charge.steps] == [("1", 100, ""), ("2", 70, Less.VACANT)]
    assert charge.cents == cents.rounded(Fraction(25_088) + Fraction(50_176 * 70, 100))


def test_of_two_reductions_the_better_one_holds() -> None:
    price = replace(MANAGEMENT, vacant_percent=70)
    paid = Reduction("management", Less.PREPAID, 95, date(2026, 1, 1), date(2026, 12, 31))
    charge = one(replace(HOME, vacant_since=date(2026, 6, 1)), price, less=(paid,))
    assert [(step.months, step.percent, step.why) for step in charge.steps] == [
        ("2", 95, "prepaid"),
        ("1", 70, "vacant"),
    ]


def test_a_price_that_changes_in_the_middle_is_two_steps() -> None:
    dearer = replace(MANAGEMENT, rate=30_000, since=date(2026, 6, 1))
    charge = one(HOME, MANAGEMENT, dearer)
    assert [(step.rate, step.months) for step in charge.steps] == [(28_000, "2"), (30_000, "1")]
    assert charge.cents == 50_176 + 26_880


def test_the_price_of_a_building_goes_before_that_of_all() -> None:
    assert one(HOME, MANAGEMENT, replace(MANAGEMENT, rate=35_000, building="3")).cents == 94_080
    assert one(HOME, MANAGEMENT, replace(MANAGEMENT, rate=35_000, building="4")).cents == 75_264


DAYS = st.dates(date(2025, 6, 1), date(2026, 12, 31))


@given(
    st.integers(1, 10**7),
    st.integers(1, 10**6),
    st.lists(st.tuples(DAYS, DAYS, st.integers(0, 100)), max_size=4),
    st.one_of(st.none(), DAYS),
)
def test_steps_make_the_charge_and_cover_its_days(
    area: int, rate: int, spans: list[tuple[date, date, int]], vacant: date | None
) -> None:
    less = tuple(Reduction("management", Less.AGREED, percent, min(a, b), max(a, b)) for a, b, percent in spans)
    unit = replace(HOME, area_cm2=area, vacant_since=vacant)
    for charge in reckoning.charges(unit, [replace(MANAGEMENT, rate=rate, vacant_percent=60)], less, month=QUARTER):
        assert sum(step.cents for step in charge.steps) == charge.cents
        assert sum(map(months, (step.months for step in charge.steps))) == 3
        assert charge.cents <= cents.by_area(rate, area, Fraction(3))


def months(written: str) -> Fraction:
    return sum((Fraction(part) for part in written.split("+")), Fraction(0))


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=50))
def test_portions_that_follow_each_other_make_the_sum(total: int, areas: list[int]) -> None:
    whole = sum(areas)
    if not whole:
        return
    before, parts = 0, []
    for area in areas:
        parts.append(cents.portion(total, before, before + area, whole))
        before += area
    assert sum(parts) == total
    assert all(abs(part - Fraction(total * area, whole)) <= 1 for part, area in zip(parts, areas, strict=True))
