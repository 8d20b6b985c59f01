"""`ownerline survey`: count, begin, print."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.conftest import Call


@pytest.mark.usefixtures("migrated")
def test_the_operator_counts_begins_and_reads_what_came(call: Call) -> None:
    assert call("seed").exit_code == 0
    dry = call("survey", "start", "--dry-run")
    assert (dry.exit_code, "8 questions: it would go to" in dry.output) == (0, True)
    assert "no survey of all owners has been sent yet" in call("survey", "results").output
    assert "it goes to" in call("survey", "start").output
    again = call("survey", "start")
    assert (again.exit_code, "still open" in str(again.exception)) == (1, True)
    found = call("survey", "results").output
    assert "still open" in found
    assert "answered 0 (0 %)" in found
    assert "reception" in found


@pytest.mark.usefixtures("migrated")
def test_an_unknown_community_is_named(call: Call) -> None:
    assert call("seed").exit_code == 0
    wrong = call("survey", "start", "--community", "moon")
    assert "unknown community 'moon'; allowed: " in str(wrong.exception)


def test_questions_that_do_not_fit_stop_it(call: Call, tmp_path: Path) -> None:
    place = tmp_path / "questions.toml"
    place.write_text("[questions]\n", encoding="utf-8")
    wrong = call("survey", "start", OWNERLINE_QUESTIONS__FILE=str(place))
    assert "1 to 20 questions" in str(wrong.exception)
