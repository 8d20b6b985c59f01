"""When more comes in at once than can be worked, storing it goes first."""

from __future__ import annotations

from bot.work import Flood


def test_a_crowd_that_speaks_at_once_is_no_flood() -> None:
    flood = Flood()
    assert not flood.rises(stored=40)
    assert not flood.rises()


def test_crowd_after_crowd_is_a_flood() -> None:
    flood = Flood()
    assert not flood.rises(stored=40)
    assert flood.rises(stored=40)
    assert flood.rises()


def test_a_flood_fades() -> None:
    flood = Flood(lasts=1e-6)
    assert flood.rises(stored=500)
    assert not flood.rises()
