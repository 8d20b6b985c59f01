"""Cut long texts where a reader would pause: at a paragraph, a line, a sentence; never in a tag or a sign.

Lengths are counted as Telegram counts them: UTF-16 units of what people see, so a tag counts nothing and
`&lt;` counts one.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MARKED = re.compile(r"</?b>|&[a-z#0-9]+;|.", re.DOTALL)
_TAG = re.compile(r"</?b>")
_OPEN, _CLOSE = "<b>", "</b>"
_ASTRAL = 0xFFFF
_SENTENCE_ENDS = "。！？；!?;…"
_PAUSES = "，、,：: \t"
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class _Atom:
    """What is never cut: a sign, an entity or a tag."""

    source: str
    units: int
    is_tag: bool = False


def units(text: str) -> int:
    """Count UTF-16 units."""
    return len(text) + sum(ord(sign) > _ASTRAL for sign in text)


def visible(text: str) -> str:
    """Return what people see of a marked-up text."""
    return html.unescape(_TAG.sub("", text))


def fits(text: str, limit: int, *, marked: bool) -> bool:
    """Whether the text needs no cut."""
    return units(visible(text) if marked else text) <= limit


def split(text: str, *, limit: int, marked: bool) -> list[str]:
    """Cut a text into pieces of at most `limit` units; bold that spans a cut is closed and opened again."""
    if fits(text, limit, marked=marked):
        return [text]
    atoms = list(_atoms(text, marked=marked))
    pieces, start, depth = [], 0, 0
    while start < len(atoms):
        end = _cut(atoms, start, limit)
        piece, depth_after = _piece(atoms[start:end], depth)
        pieces.append(piece)
        start, depth = end, depth_after
    return pieces


def clip(text: str, *, limit: int, marked: bool) -> str:
    """Return the text, or as much of its beginning as fits with an ellipsis."""
    if fits(text, limit, marked=marked):
        return text
    return split(text, limit=limit - 1, marked=marked)[0] + _ELLIPSIS


def _atoms(text: str, *, marked: bool) -> Iterator[_Atom]:
    for source in _MARKED.findall(text) if marked else text:
        if marked and source in (_OPEN, _CLOSE):
            yield _Atom(source, 0, is_tag=True)
        else:
            yield _Atom(source, units(html.unescape(source) if marked else source))


def _cut(atoms: Sequence[_Atom], start: int, limit: int) -> int:
    """Return where the piece that begins at `start` ends."""
    end, used, half = start, 0, start
    while end < len(atoms) and used + atoms[end].units <= limit:
        used += atoms[end].units
        end += 1
        if used * 2 <= limit:
            half = end
    if end == len(atoms):
        return end
    return _best_place(atoms, half + 1, end) or max(end, start + 1)


def _best_place(atoms: Sequence[_Atom], low: int, high: int) -> int | None:
    """Return the last good place to cut in the second half of a piece, by kind of pause."""
    for is_pause in (_is_paragraph, _is_line, _is_sentence, _is_word):
        for place in range(high, low - 1, -1):
            if is_pause(atoms, place):
                return place
    return None


def _is_paragraph(atoms: Sequence[_Atom], place: int) -> bool:
    return _is_line(atoms, place) and place > 1 and atoms[place - 2].source == "\n"


def _is_line(atoms: Sequence[_Atom], place: int) -> bool:
    return atoms[place - 1].source == "\n"


def _is_sentence(atoms: Sequence[_Atom], place: int) -> bool:
    before = atoms[place - 1].source
    return before in _SENTENCE_ENDS or (before == " " and place > 1 and atoms[place - 2].source == ".")


def _is_word(atoms: Sequence[_Atom], place: int) -> bool:
    return atoms[place - 1].source in _PAUSES


def _piece(atoms: Sequence[_Atom], depth: int) -> tuple[str, int]:
    """Return the source of a piece with its tags closed, and how deep in bold the next one begins."""
    after = depth
    for atom in atoms:
        if atom.is_tag:
            after += 1 if atom.source == _OPEN else -1
    return _OPEN * depth + "".join(atom.source for atom in atoms) + _CLOSE * after, after
