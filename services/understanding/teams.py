"""Which team's people somebody speaks of: the guard, the front desk, the man who came to repair."""

from __future__ import annotations

from functools import cache

from services.understanding import vocabulary
from services.understanding.danger import spell, spell_word
from services.understanding.lexicon import Lexicon, Word, build


@cache
def lexicon() -> Lexicon:
    """Compile the shipped words, once."""
    words = vocabulary.shipped()
    teams = words.words["teams"]
    entries = [Word(word, team) for team in teams for word in teams[team]]
    return build(entries, words.words["groups"], spell_word)


def team_in(text: str) -> str:
    """Name the team that a text speaks of first; empty when it speaks of none."""
    first = min(lexicon().hits(spell(text)), key=lambda hit: hit.start, default=None)
    return first.label if first is not None else ""
