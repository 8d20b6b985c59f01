"""The room above, by numbers alone."""

from __future__ import annotations

import pytest

from services.understanding.floors import rooms_above


@pytest.mark.parametrize(
    ("room", "above"),
    [
        ("1502", ("1602",)),
        ("502", ("602",)),
        ("901", ("1001",)),
        ("102", ("202",)),
        ("302", ("402", "502")),  # many buildings have no fourth floor
        ("1202", ("1302", "1402", "1502")),
        ("15A", ("16A",)),
        ("3b", ("4B", "5B")),
        ("商铺3", ()),
        ("S12", ()),
        ("B102", ()),
        ("7", ()),
        ("10502", ()),
        ("", ()),
    ],
)
def test_the_room_above_has_the_same_position_on_the_next_floor_there_is(room: str, above: tuple[str, ...]) -> None:
    assert rooms_above(room) == above
