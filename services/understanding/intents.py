"""What a message wants: evidence for each intent, and how sure that makes us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.catalog import Category
from services.understanding.danger import Danger, Sayings, is_denied, spell_word
from services.understanding.lexicon import MASK, Hit, Lexicon, Word, build
from services.understanding.vocabulary import Vocabulary

TIERS = ("sure", "strong", "hint", "against")
WHOLE_MESSAGE = 0.97  # the whole message is one of the listed words
RUNNERS_UP = 3
DENIABLE = frozenset({"repair", "praise"})  # "not leaking" is no repair, "not polite" no praise


class Intent(StrEnum):
    """What people want when they write."""

    REPAIR = "repair"
    COMPLAINT = "complaint"
    FEE_QUERY = "fee_query"
    PRICE_QUESTION = "price_question"
    INVOICE = "invoice"
    PAID_ALREADY = "paid_already"
    NOTICE_QUERY = "notice_query"
    PROGRESS_QUERY = "progress_query"
    URGE = "urge"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    ACKNOWLEDGE = "acknowledge"
    JOIN = "join"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    THANKS = "thanks"
    INQUIRY = "inquiry"
    MOVE_CAR = "move_car"
    RELEASE_SLIP = "release_slip"
    HUMAN_AGENT = "human_agent"
    UNSUBSCRIBE = "unsubscribe"
    GREETING = "greeting"
    OUT_OF_SCOPE = "out_of_scope"


# Of several short words in one message the weightiest says what it is: "hello, thanks" is thanks.
WEIGHTIEST = (
    Intent.UNSUBSCRIBE,
    Intent.HUMAN_AGENT,
    Intent.CANCEL,
    Intent.URGE,
    Intent.COMPLAINT,
    Intent.JOIN,
    Intent.PRAISE,
    Intent.PROGRESS_QUERY,
    Intent.FEE_QUERY,
    Intent.NOTICE_QUERY,
    Intent.INVOICE,
    Intent.RELEASE_SLIP,
    Intent.MOVE_CAR,
    Intent.SUGGESTION,
    Intent.REPAIR,
    Intent.INQUIRY,
    Intent.THANKS,
    Intent.ACKNOWLEDGE,
    Intent.GREETING,
)

Ranked = tuple[tuple[Intent, float], ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else is known of a message when its intent is weighed."""

    category: Category | None
    danger: Danger | None
    ours: bool  # a word of the house was found: a place, a room, a category


@dataclass(frozen=True, slots=True)
class IntentWords:
    """The compiled words of all intents; build it with `compile_words`."""

    lexicon: Lexicon
    whole: Mapping[str, tuple[Intent, ...]]
    particles: frozenset[str]
    longest: int
    weights: Mapping[str, float]
    by_kind: Mapping[str, Mapping[str, float]]
    by_category: Mapping[str, Mapping[str, float]]
    by_danger: Mapping[str, str]
    said: Sayings

    def rank(self, text: str, evidence: Evidence) -> Ranked:
        """Weigh a text spelled for matching; the surest intent first, each with its confidence."""
        alone = self._alone(text)
        if alone and evidence.danger is None:
            return ((alone, WHOLE_MESSAGE),)
        scores = self._scores(text, evidence)
        ordered = sorted(scores.items(), key=lambda item: -item[1])
        doubt = self.weights["doubt"]
        ranked = []
        for place, (intent, score) in enumerate(ordered[: RUNNERS_UP + 1]):
            rival = ordered[1 if place == 0 else 0][1] if len(ordered) > 1 else 0.0
            ranked.append((intent, round(score / (score + rival + doubt), 3)))
        return tuple(ranked) or ((Intent.OUT_OF_SCOPE, 0.0),)

    def _scores(self, text: str, evidence: Evidence) -> dict[Intent, float]:
        """Add up what speaks for each intent."""
        scores = {Intent.OUT_OF_SCOPE: self.weights["nothing"] + evidence.ours * self.weights["ours"]}
        seen: set[tuple[str, str]] = set()
        for hit in self.lexicon.hits(text):
            fresh = (hit.label, hit.pattern) not in seen
            seen.add((hit.label, hit.pattern))
            if fresh and not self._is_denied(text, hit):
                intent = Intent(hit.label)
                scores[intent] = scores.get(intent, 0.0) + hit.weight
        for name, weight in self._linked(evidence):
            scores[Intent(name)] = scores.get(Intent(name), 0.0) + weight
        return {intent: score for intent, score in scores.items() if score > 0}

    def _is_denied(self, text: str, hit: Hit) -> bool:
        """Tell whether a fault or a praise is denied ("not leaking", "not polite")."""
        if hit.label not in DENIABLE or hit.weight < 0:
            return False
        return is_denied(text, hit.start, self.said) or is_denied(text, hit.last, self.said)

    def _linked(self, evidence: Evidence) -> Iterable[tuple[str, float]]:
        """Tell what the category and the danger say of the intent."""
        if evidence.category is not None:
            own = self.by_category.get(evidence.category.key, self.by_kind[evidence.category.kind])
            yield from own.items()
        if evidence.danger is not None:
            yield self.by_danger.get(evidence.danger, self.by_danger["default"]), self.weights["danger"]

    def _alone(self, text: str) -> Intent | None:
        """Read a message that consists of nothing but listed words, marks and particles."""
        if text in self.whole:
            return _weightiest(self.whole[text])
        found: list[Intent] = []
        position = 0
        while position < len(text):
            step = self._step(text, position)
            if not step:
                return None
            piece = text[position : position + step]
            found.extend(self.whole.get(piece, ()) if any(map(str.isalnum, piece)) else ())
            position += step
        return _weightiest(found)

    def _step(self, text: str, position: int) -> int:
        """Give the length of the longest listed word, particle or mark at a position; 0 for none."""
        for length in range(min(self.longest, len(text) - position), 0, -1):
            piece = text[position : position + length]
            if (piece in self.whole or piece in self.particles) and _ends_whole(text, position + length):
                return length
        return 0 if text[position].isalnum() else 1


def compile_words(vocabulary: Vocabulary, said: Sayings) -> IntentWords:
    """Compile the intents' words of a vocabulary."""
    words, weights = vocabulary.words, vocabulary.words["weights"]
    entries = [
        Word(word, intent, weights[tier])
        for intent in Intent
        for tier in TIERS
        for word in vocabulary.list("intents", intent, tier)
    ]
    entries += [Word(word, MASK) for word in vocabulary.list("intent_masks", "words")]
    whole: dict[str, list[Intent]] = {}
    for intent, listed in words["whole"].items():
        for word in listed:
            whole.setdefault(spell_word(word) or word, []).append(Intent(intent))
    particles = frozenset(spell_word(word) for word in vocabulary.list("fillers", "particles")) - {""}
    return IntentWords(
        lexicon=build(entries, words["groups"], spell_word),
        whole={word: tuple(found) for word, found in whole.items()},
        particles=particles,
        longest=max(len(word) for word in (*whole, *particles)),
        weights=weights,
        by_kind=words["kind_intents"],
        by_category=words["category_intents"],
        by_danger=words["danger_intent"],
        said=said,
    )


def _weightiest(found: Iterable[Intent]) -> Intent | None:
    """Pick the weightiest of short words."""
    listed = set(found)
    return next((intent for intent in WEIGHTIEST if intent in listed), None)


def _ends_whole(text: str, end: int) -> bool:
    """Refuse to cut a Latin word in two."""
    return not (end < len(text) and text[end - 1].isascii() and text[end - 1].isalnum() and _latin(text[end]))


def _latin(sign: str) -> bool:
    """Tell letters and digits that run together into words."""
    return sign.isascii() and sign.isalnum()
