"""The checker of the kills finds what it is there to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.models import Card, Outgoing
from tests.botapi.shapes import Json
from tests.processes.checker import DOUBT, SLOTS, Evidence, check_sending

CHAT = 11
KILL = 1000.0


def _call(message: int, *, at: float = 10.0, method: str = "sendMessage") -> Json:
    return {"method": method, "chat_id": CHAT, "message_id": message, "text": f"text {message}", "time": at}


def _row(message: int, *, state: str = "accepted", parts: int = 1, twice: bool = False, priority: int = 1) -> Outgoing:
    return Outgoing(
        key=f"row:{message}",
        kind="say",
        state=state,
        priority=priority,
        provider_id=str(message) if state == "accepted" else "",
        parts_sent=parts,
        attempts=2 if twice else 1,
        possibly_twice=twice,
        code="",
    )


def _wrong(calls: Sequence[Json], *rows: Outgoing, deaths: Sequence[float] = (KILL,)) -> list[str]:
    blank = Evidence(calls, deaths, {}, frozenset(), {}, [(row, CHAT) for row in rows], [])
    return check_sending(blank).wrong


def test_what_fits_is_left_alone() -> None:
    """A message of one part, one of two, an edit, an answer to a tap, and one repeated after a kill."""
    calls = [
        _call(1),
        _call(2),
        _call(3),
        _call(1, method="editMessageText"),
        {**_call(0, method="answerCallbackQuery"), "message_id": None},
        _call(4, at=KILL - 0.1),
        _call(5, at=KILL + 3),
    ]
    assert _wrong(calls, _row(1), _row(3, parts=2), _row(5, twice=True)) == []


@pytest.mark.parametrize("state", ["pending", "sending", "failed", "expired", "unknown"])
def test_a_row_that_came_to_no_good_end_is_lost(state: str) -> None:
    assert "lost" in _wrong([], _row(1, state=state))[0]


def test_a_survey_whose_fate_is_unknown_after_a_crash_is_allowed() -> None:
    assert _wrong([_call(1, at=KILL - 1)], _row(1, state="unknown", priority=4)) == []


def test_a_row_that_names_a_message_nobody_made_is_lost() -> None:
    assert "nobody made" in _wrong([_call(1)], _row(2))[0]


def test_two_rows_do_not_share_a_message() -> None:
    assert "another row" in _wrong([_call(1)], _row(1), _row(1))[0]


@pytest.mark.parametrize(
    ("at", "twice"), [(KILL - DOUBT - 1, True), (KILL + 1, True), (KILL - 0.1, False)], ids=["early", "late", "sure"]
)
def test_a_repetition_without_a_kill_or_without_a_doubt_is_found(at: float, twice: bool) -> None:
    assert _wrong([_call(1, at=at), _call(2, at=KILL + 3)], _row(2, twice=twice))


def test_more_repetitions_than_slots_at_one_kill_are_found() -> None:
    calls = [_call(number, at=KILL - 1) for number in range(SLOTS + 1)] + [
        _call(100 + number, at=KILL + 1) for number in range(SLOTS + 1)
    ]
    rows = [_row(100 + number, twice=True) for number in range(SLOTS + 1)]
    assert f"{SLOTS + 1} messages at one kill" in _wrong(calls, *rows)[-1]


def test_a_card_that_does_not_show_the_end_is_found() -> None:
    """It is behind what is wanted of it, or its message shows something else."""
    late = Card(id=1, message_id="1", wanted=3, shown=2)
    evidence = Evidence([_call(1)], [], {}, frozenset(), {CHAT: {1: "处理中"}}, [(_row(1), CHAT)], [(late, CHAT)])
    assert len(check_sending(evidence).wrong) == 2
    card = Card(id=1, message_id="1", wanted=3, shown=3)
    assert check_sending(replace(evidence, shown={CHAT: {1: "已结单"}}, cards=[(card, CHAT)])).wrong == []
