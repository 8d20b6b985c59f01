"""The operator's file of questions: what does not fit is refused in a line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import questions
from services.catalog_file import CatalogError
from services.questions import Kind, Line

TEXT = 'text = { zh_Hans = "好吗？", zh_Hant = "好嗎？", en = "Good?" }\n'
ONE = f'[questions.desk]\nline = "reception"\nkind = "score"\n{TEXT}'
FREE = f'[questions.more]\nline = "general"\nkind = "words"\n{TEXT}'


def test_the_shipped_questions_ask_about_every_line_and_come_back_from_the_row_as_they_went() -> None:
    found = questions.load()
    assert {one.line for one in found} == set(Line)
    assert [one.kind for one in found][-1] is Kind.WORDS
    assert questions.read(questions.pack(found)) == found


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "questions: found 'nothing'"),
        ("[other]\n", "questions: found 'nothing'"),
        ("[questions]\n", "1 to 20 questions"),
        ("".join(ONE.replace("desk", f"desk{n}") for n in range(21)), "1 to 20 questions"),
        (FREE + ONE, "free words at the end"),
        (ONE.replace("reception", "kitchen"), "questions.desk.line: found 'kitchen'"),
        (ONE.replace("score", "stars"), "questions.desk.kind: found 'stars'"),
        (ONE.replace(', en = "Good?"', ""), "questions.desk.text"),
        (ONE.replace("questions.desk", f"questions.{'d' * 31}"), "up to 30 letters"),
        (ONE + "weight = 2\n", "questions.desk.weight"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    place = tmp_path / "questions.toml"
    place.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"questions\.toml") as error:
        questions.load(place)
    assert wrong in str(error.value)
    assert "\n" not in str(error.value)
