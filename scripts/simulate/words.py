"""What is said in the simulated estate, and how often which matter comes up, as the file has it."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("words.toml")
MATTERS = ("homes", "public", "complaints", "inquiries", "suggestions", "praises", "emergencies")


@dataclass(frozen=True, slots=True)
class Matters:
    """The matters of one sort: category keys, their weights, what is said of each."""

    keys: Sequence[str]
    weights: Sequence[int]
    said: Mapping[str, Sequence[str]]

    def pick(self, dice: random.Random) -> tuple[str, str]:
        """Return a category and what somebody says about it."""
        (key,) = dice.choices(self.keys, self.weights)
        return key, dice.choice(self.said[key])


@dataclass(frozen=True, slots=True)
class Words:
    """The file."""

    texts: Mapping[str, Any]
    matters: Mapping[str, Matters]

    def __getitem__(self, key: str) -> str:
        """Return a text."""
        return str(self.texts[key])


def read() -> Words:
    """Read the file."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return Words(found, {name: _matters(found.pop(name)) for name in MATTERS})


def _matters(rows: Mapping[str, Sequence[Any]]) -> Matters:
    return Matters(
        list(rows), [int(row[0]) for row in rows.values()], {key: [*map(str, row[1:])] for key, row in rows.items()}
    )
