"""What a message is about: the category of the catalogue that its words point to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from services.catalog import Catalog, Category
from services.understanding.danger import Sayings, is_another, spell_word
from services.understanding.lexicon import MASK, THEN, Hit, Lexicon, Word, build
from services.understanding.vocabulary import Vocabulary

LOCATED = 0.4  # "in the lift" tells less of the matter than "the lift"


@dataclass(frozen=True, slots=True)
class Matters:
    """The compiled words of a catalogue; build it with `compile_matters`."""

    catalog: Catalog
    lexicon: Lexicon
    located: tuple[str, ...]
    said: Sayings

    def find(self, text: str) -> Category | None:
        """Name the category that a text spelled for matching points to, if any."""
        scores: defaultdict[str, float] = defaultdict(float)
        for (key, _), weight in self._evidence(text).items():
            scores[key] += weight
        if not scores:
            return None
        return self.catalog.categories[max(scores, key=lambda key: scores[key])]

    def _evidence(self, text: str) -> dict[tuple[str, str], float]:
        """Weigh every word once per category; what is denied does not count."""
        found: dict[tuple[str, str], float] = {}
        for hit in self.lexicon.hits(text):
            if not is_another(text, hit.start, self.said):
                named = (hit.label, hit.pattern)
                found[named] = max(found.get(named, 0.0), self._weight(text, hit))
        return found

    def _weight(self, text: str, hit: Hit) -> float:
        """Let a place that only locates the matter weigh less."""
        return hit.weight * (LOCATED if text.startswith(self.located, hit.end) else 1.0)


def compile_matters(catalog: Catalog, vocabulary: Vocabulary, said: Sayings) -> Matters:
    """Compile the words of a catalogue; a word of many categories tells less of each."""
    shared = Counter(spell_word(word) for category in catalog.categories.values() for word in category.words)
    entries = [
        Word(word, category.key, _telling(word) / shared[spell_word(word)])
        for category in catalog.categories.values()
        for word in category.words
    ]
    entries += [Word(word, MASK) for word in vocabulary.list("matter_masks", "words")]
    return Matters(
        catalog=catalog,
        lexicon=build(entries, vocabulary.words["groups"], spell_word),
        located=vocabulary.list("located", "after"),
        said=said,
    )


def _telling(word: str) -> float:
    """Weigh a word by its length: the longer, the more it tells."""
    if THEN in word:
        return 4.0
    if word.isascii():
        return 1.5 + 0.8 * word.count(" ")
    return 0.8 + 0.5 * min(len(word), 6)
