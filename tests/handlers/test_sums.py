"""Sums as people type them."""

from __future__ import annotations

import pytest

from handlers.sums import cents_in


@pytest.mark.parametrize(
    ("said", "cents"),
    [
        ("752.64", 75_264),
        ("752.64元", 75_264),
        ("¥752.6", 75_260),
        ("1,200", 120_000),
        ("１，２００元", 120_000),
        ("收了300块", 30_000),
        ("10000", 1_000_000),
        ("0", None),
        ("-20", None),
        ("3-2-1502", None),
        ("1.234", None),
        ("99999999", None),
        ("现金", None),
    ],
)
def test_a_sum_is_read_in_every_spelling(said: str, cents: int | None) -> None:
    assert cents_in(said) == cents
