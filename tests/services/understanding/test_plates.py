"""Number plates as people type them."""

from __future__ import annotations

import pytest

from services.understanding.plates import plate_in


@pytest.mark.parametrize(
    ("said", "plate"),
    [
        ("浙A12345挡我车了", "浙A12345"),
        ("请挪一下 沪a 88888", "沪A88888"),
        ("浙AD12345 堵着", "浙AD12345"),  # new energy: eight signs
        ("粤B·88K66", "粤B88K66"),
        ("粤Z1234港", "粤Z1234港"),
        ("浙Ａ１２３４５", "浙A12345"),
        ("滬A12345", "沪A12345"),
        ("AB 1234 is blocking me", "AB1234"),
        ("ab1234", "AB1234"),
        ("有车堵我车库", ""),
        ("浙A1234567", ""),
        ("浙I12345", ""),  # no plate has an I
        ("3-2-1502漏水", ""),
        ("0412-07", ""),
    ],
)
def test_a_plate_is_read_as_it_stands_on_the_car(said: str, plate: str) -> None:
    assert plate_in(said) == plate
