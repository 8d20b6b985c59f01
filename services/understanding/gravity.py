"""Words that make a complaint serious: somebody hurt, the police, the press, a lawyer, an office, a strike of fees."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from services.understanding import vocabulary
from services.understanding.danger import sayings, spell, spell_word
from services.understanding.lexicon import MASK, Hit, Lexicon, Word, build

BEFORE, BEFORE_LATIN = 2, 4  # signs


class Gravity(StrEnum):
    """What the words threaten or tell of, the gravest first."""

    INJURY = "injury"
    POLICE = "police"
    PRESS = "press"
    LAWYER = "lawyer"
    OFFICE = "office"  # 12345, the street, the housing bureau
    GROUP = "group"  # several owners together
    REFUSES_TO_PAY = "refuses_to_pay"


@cache
def lexicon() -> Lexicon:
    """Compile the shipped words, once."""
    words = vocabulary.shipped()
    entries = [Word(word, kind) for kind in Gravity for word in words.list("serious", kind)]
    entries += [Word(word, MASK) for word in words.list("serious", "masks")]
    return build(entries, words.words["groups"], spell_word)


def serious_in(text: str) -> Gravity | None:
    """Name the gravest thing that a text threatens or tells of; what is denied does not count."""
    spelled = spell(text)
    found = {Gravity(hit.label) for hit in lexicon().hits(spelled) if not _denied(spelled, hit)}
    return next((kind for kind in Gravity if kind in found), None)


def _denied(text: str, hit: Hit) -> bool:
    """Whether the very words before it deny it; "if you don't mend it, I call a lawyer" denies no lawyer."""
    reach = BEFORE_LATIN if text[hit.start].isascii() and text[hit.start].isalpha() else BEFORE
    return bool(sayings().negation.search(text[max(0, hit.start - reach) : hit.start]))
