"""The reader's words and patterns: data files joined into one compiled, read-only vocabulary."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

FOLDER = Path(__file__).parent
WORD_FILES = ("vocabulary.zh.toml", "vocabulary.en.toml")
PATTERN_FILE = "patterns.toml"

Table = Mapping[str, Any]  # what a TOML file holds: lists of words, or tables of them

_PIECE = re.compile(r"\{([a-z]+)(?::(\d))?\}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The joined word lists and the patterns with their pieces filled in."""

    words: Table
    patterns: Table

    def list(self, *path: str) -> tuple[str, ...]:
        """Give one list of words by its path; an absent list is empty."""
        found: Any = self.words
        for name in path:
            found = found.get(name, {})
        return tuple(found)

    def regex(self, *path: str) -> re.Pattern[str]:
        """Compile one pattern by its path."""
        found: Any = self.patterns
        for name in path:
            found = found[name]
        return re.compile(fill(found, self.patterns["pieces"]))

    def regexes(self, *path: str) -> tuple[re.Pattern[str], ...]:
        """Compile a list of patterns by its path, in order."""
        found: Any = self.patterns
        for name in path:
            found = found[name]
        return tuple(re.compile(fill(form, self.patterns["pieces"])) for form in found)


@cache
def shipped() -> Vocabulary:
    """Read the shipped files, once."""
    return read(FOLDER)


def read(folder: Path) -> Vocabulary:
    """Read and join the word files and the pattern file of a folder."""
    words: dict[str, Any] = {}
    for name in WORD_FILES:
        words = joined(words, _toml(folder / name))
    return Vocabulary(MappingProxyType(words), MappingProxyType(_toml(folder / PATTERN_FILE)))


def joined(left: Table, right: Table) -> dict[str, Any]:
    """Join two tables: lists are appended, tables joined key by key, anything else is replaced."""
    result = dict(left)
    for key, value in right.items():
        held = result.get(key)
        if isinstance(held, Mapping) and isinstance(value, Mapping):
            result[key] = joined(held, value)
        elif isinstance(held, list) and isinstance(value, list):
            result[key] = [*held, *value]
        else:
            result[key] = value
    return result


def fill(pattern: str, pieces: Mapping[str, str]) -> str:
    """Put the named pieces into a pattern; `{floor:2}` also numbers the groups of the piece."""

    def piece(found: re.Match[str]) -> str:
        name, number = found.groups()
        if name not in pieces:
            return found.group()
        return fill(pieces[name].replace("{n}", number or ""), pieces)

    return _PIECE.sub(piece, pattern)


def groups_of(found: re.Match[str]) -> dict[str, str]:
    """Give the groups that matched, by name without its trailing digits."""
    return {name.rstrip("0123456789"): text for name, text in found.groupdict().items() if text}


def spread(words: Iterable[str], groups: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Write out the `{group}` placeholders of words as all the words they stand for."""
    done: list[str] = []
    for word in words:
        name = next((found.group(1) for found in re.finditer(r"\{([a-z_]+)\}", word)), None)
        if name is None:
            done.append(word)
        else:
            done.extend(spread((word.replace("{" + name + "}", each, 1) for each in groups[name]), groups))
    return tuple(done)


def _toml(path: Path) -> dict[str, Any]:
    """Read one data file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
