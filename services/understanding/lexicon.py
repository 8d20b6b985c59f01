"""Finding many words in one text at once: words, words in order, longest first, look-alikes hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.understanding.vocabulary import spread

THEN = "…"  # between two words: the second follows soon after the first
NEAR = 14  # how many characters may lie between, in Chinese
NEAR_LATIN = 40  # and in languages with letters
STOPS = frozenset("\u3002!?;\n")  # with the ideographic full stop
FULL_STOP = ". "
MASK = ""  # the label of words that only hide what lies inside them


class Word(NamedTuple):
    """One entry of a lexicon: how it is written, what it stands for, how much it tells."""

    pattern: str
    label: str
    weight: float = 1.0


class Hit(NamedTuple):
    """One place in a text where an entry was found."""

    start: int
    end: int
    label: str
    weight: float
    pattern: str
    last: int  # where its last part begins


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A compiled set of words; build it with `build`."""

    lengths: Mapping[str, tuple[int, ...]]  # first character → lengths of words, longest first
    parts: Mapping[str, tuple[int, ...]]  # word → numbers of the parts it is
    singles: Mapping[int, tuple[Word, ...]]  # part → entries that are just this part
    chains: tuple[tuple[tuple[int, ...], Word], ...]  # parts in order → entry
    leaders: Mapping[int, tuple[int, ...]]  # part → numbers of the chains that begin with it

    def hits(self, text: str) -> list[Hit]:
        """Find all entries in a text in lower case; a word inside a longer one does not count."""
        found = self._scan(text)
        singles = [
            Hit(start, end, word.label, word.weight, word.pattern, start)
            for start, end, part in found
            for word in self.singles.get(part, ())
        ]
        kept = _outermost(singles)
        masks = [hit for hit in kept if hit.label == MASK]
        free = [each for each in found if not any(_inside(each, mask) for mask in masks)] if masks else found
        return [hit for hit in kept if hit.label != MASK] + self._chained(text, free)

    def _scan(self, text: str) -> list[tuple[int, int, int]]:
        """Find every word at every position."""
        found: list[tuple[int, int, int]] = []
        for start, first in enumerate(text):
            for length in self.lengths.get(first, ()):
                end = start + length
                parts = self.parts.get(text[start:end])
                if parts and end <= len(text) and _whole(text, start, end):
                    found.extend((start, end, part) for part in parts)
        return found

    def _chained(self, text: str, found: list[tuple[int, int, int]]) -> list[Hit]:
        """Find the entries whose parts follow each other."""
        places: dict[int, list[tuple[int, int]]] = {}
        for start, end, part in found:
            places.setdefault(part, []).append((start, end))
        hits = []
        for part in places:
            for number in self.leaders.get(part, ()):
                parts, word = self.chains[number]
                if all(each in places for each in parts):
                    hits.extend(_follow(text, [places[each] for each in parts], word))
        return hits


def build(words: Iterable[Word], groups: Mapping[str, Iterable[str]], spell: Callable[[str], str]) -> Lexicon:
    """Compile words; each is spelled the way the texts will be."""
    parts: dict[str, list[int]] = {}
    numbers: dict[str, int] = {}
    singles: dict[int, list[Word]] = {}
    chains: list[tuple[tuple[int, ...], Word]] = []
    leaders: dict[int, list[int]] = {}

    def part(pattern: str) -> int:
        if pattern not in numbers:
            numbers[pattern] = len(numbers)
            for each in {spell(one) for one in spread([pattern], groups)} - {""}:
                parts.setdefault(each, []).append(numbers[pattern])
        return numbers[pattern]

    for word in words:
        steps = tuple(part(step) for step in word.pattern.split(THEN))
        if len(steps) == 1:
            singles.setdefault(steps[0], []).append(word)
        else:
            leaders.setdefault(steps[0], []).append(len(chains))
            chains.append((steps, word))
    return Lexicon(
        lengths=_lengths(parts),
        parts={word: tuple(found) for word, found in parts.items()},
        singles={number: tuple(found) for number, found in singles.items()},
        chains=tuple(chains),
        leaders={number: tuple(found) for number, found in leaders.items()},
    )


def _lengths(words: Iterable[str]) -> Mapping[str, tuple[int, ...]]:
    """Note for every first character how long its words are."""
    lengths: dict[str, set[int]] = {}
    for word in words:
        lengths.setdefault(word[0], set()).add(len(word))
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}


def _whole(text: str, start: int, end: int) -> bool:
    """Refuse a Latin word that is only a piece of a longer one."""
    return not (
        (start and _latin(text[start]) and _latin(text[start - 1]))
        or (end < len(text) and _latin(text[end - 1]) and _latin(text[end]))
    )


def _latin(sign: str) -> bool:
    """Tell letters and digits that run together into words."""
    return sign.isascii() and sign.isalnum()


def _outermost(hits: list[Hit]) -> list[Hit]:
    """Drop hits cut by a mask at least as long as they are, and hits strictly inside a longer one."""
    masks = [hit for hit in hits if hit.label == MASK]
    kept: list[Hit] = []
    furthest = last = -1  # the end of what was kept so far, and where that began
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.label != MASK and any(_cuts(mask, hit) for mask in masks):
            continue
        if hit.end > furthest:
            furthest, last = hit.end, hit.start
        elif (hit.start, hit.end) != (last, furthest):
            continue
        kept.append(hit)
    return kept


def _cuts(mask: Hit, hit: Hit) -> bool:
    """Tell whether a mask overlaps a hit that is no longer than itself."""
    overlaps = mask.start < hit.end and hit.start < mask.end
    return overlaps and mask.end - mask.start >= hit.end - hit.start


def _inside(part: tuple[int, int, int], mask: Hit) -> bool:
    """Tell whether a part lies in a longer mask."""
    start, end, _ = part
    return mask.start <= start and end <= mask.end and end - start < mask.end - mask.start


def _follow(text: str, places: list[list[tuple[int, int]]], word: Word) -> list[Hit]:
    """Find the parts of one entry in order, near each other, in one sentence."""
    hits = []
    for start, end in places[0]:
        begins, ends = start, end
        for later in places[1:]:
            near = next((at for at in later if ends <= at[0] <= ends + _reach(text, ends)), None)
            if near is None:
                break
            begins, ends = near
        else:
            hits.append(Hit(start, ends, word.label, word.weight, word.pattern, begins))
    return hits


def _reach(text: str, position: int) -> int:
    """How far the next part may be: to the end of the sentence, or as far as the script allows."""
    limit = NEAR_LATIN if position and text[position - 1].isascii() else NEAR
    for offset, sign in enumerate(text[position : position + limit]):
        if sign in STOPS or text.startswith(FULL_STOP, position + offset):
            return offset
    return limit
