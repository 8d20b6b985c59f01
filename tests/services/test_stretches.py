"""Stretches of duty: laid together and cut, they cover what they should and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stretches import Stretch, together, without

EPOCH = datetime(2026, 4, 12, tzinfo=UTC)
HOURS = 60


def _stretch(first: int, lasts: int) -> Stretch:
    return Stretch(EPOCH + timedelta(hours=first), EPOCH + timedelta(hours=first + lasts))


stretches = st.builds(_stretch, st.integers(0, HOURS), st.integers(1, 24))


def _covered(*found: Stretch) -> set[int]:
    """Return the hours in which somebody is on duty."""
    moments = ((hour, EPOCH + timedelta(hours=hour)) for hour in range(HOURS + 30))
    return {hour for hour, at in moments if any(one.starts_at <= at < one.ends_at for one in found)}


@given(st.lists(stretches))
def test_laid_together_they_cover_the_same_hours_and_none_twice(some: list[Stretch]) -> None:
    merged = together(some)
    assert _covered(*merged) == _covered(*some)
    assert all(one.ends_at < following.starts_at for one, following in pairwise(merged))


@given(st.lists(stretches), st.randoms())
def test_their_order_and_doing_it_again_change_nothing(some: list[Stretch], chance: object) -> None:
    mixed = [*some, *some]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert together(mixed) == together(some) == together(together(some))


@given(st.lists(stretches), stretches)
def test_what_is_cut_out_is_gone_and_the_rest_stays(some: list[Stretch], cut: Stretch) -> None:
    left = without(some, cut)
    assert _covered(*left) == _covered(*some) - _covered(cut)
    assert without(left, cut) == left == together(left)


@given(st.lists(stretches), stretches)
def test_what_is_put_back_is_there_again(some: list[Stretch], cut: Stretch) -> None:
    assert together([*without(some, cut), cut]) == together([*some, cut])


def test_a_stretch_lasts() -> None:
    with pytest.raises(ValueError, match="ends after"):
        Stretch(EPOCH, EPOCH)
