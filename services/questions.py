"""What all owners are asked: the operator's file of questions, each about a line of service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from services.catalog_file import LOCALES, Table, opened

SHIPPED = Path(__file__).with_name("questions.toml")
MOST = 20
LONGEST_KEY = 30


class Line(StrEnum):
    """The lines of service that satisfaction is counted by."""

    RECEPTION = "reception"
    PHONE = "phone"
    REPAIR = "repair"
    FOLLOW_UP = "follow_up"
    CLEANING = "cleaning"
    GREENING = "greening"
    SECURITY = "security"
    GENERAL = "general"


class Kind(StrEnum):
    """How a question is answered."""

    SCORE = "score"  # 1 to 5, with words beside them
    YES_NO = "yes_no"
    WORDS = "words"  # free words, may be left out; at the end


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in every language."""

    key: str
    line: Line
    kind: Kind
    text: Mapping[str, str]


Questions: TypeAlias = "Sequence[Question]"


def load(path: Path | None = None) -> Questions:
    """Read a file of questions, by default the shipped one; `CatalogError` names what is wrong in it."""
    top = opened(path or SHIPPED)
    top.only(required={"questions"})
    found = [_question(key, table) for key, table in top.tables("questions")]
    if not 0 < len(found) <= MOST:
        raise top.wrong("questions", len(found), f"1 to {MOST} questions")
    free = [one.kind is Kind.WORDS for one in found]
    if sorted(free) != free:
        raise top.wrong("questions", "free words before another question", "free words at the end")
    return tuple(found)


def _question(key: str, table: Table) -> Question:
    table.only(required={"line", "kind", "text"})
    if len(key) > LONGEST_KEY or not key.replace("_", "").isalnum():
        raise table.wrong("key", key, f"up to {LONGEST_KEY} letters, digits and _")
    return Question(key, table.code("line", Line), table.code("kind", Kind), table.texts("text", required=True))


def pack(found: Questions) -> list[dict[str, Any]]:
    """Turn questions into what the row of a survey keeps."""
    return [{"key": one.key, "line": one.line, "kind": one.kind, "text": dict(one.text)} for one in found]


def read(packed: Sequence[Mapping[str, Any]]) -> Questions:
    """Turn what the row keeps back into questions."""
    return tuple(
        Question(one["key"], Line(one["line"]), Kind(one["kind"]), {name: one["text"][name] for name in LOCALES})
        for one in packed
    )
