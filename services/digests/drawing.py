"""Statements and receipts drawn as PNG pictures; slow, so never inside a transaction nor in the loop's thread."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from services.digests.charts import FONT, FONT_OF, FONTS, INK, PALE, signs
from services.digests.pages import Paper
from services.messages import Text

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

Words = Callable[[Text], str]

WIDTH, EDGE, GAP = 1080, 72, 22
TITLE, SUBTITLE, STRONG, PLAIN, SMALL = 54, 30, 38, 36, 28
LEADING = 1.42
RULE, PAPER = "#D1D5DB", "#FFFFFF"
RIGHT = 320  # kept free for sums


@dataclass(frozen=True, slots=True)
class Piece:
    """Words at their place: above them so much room, so big, in which colour, the sum beside them, a rule above."""

    words: str
    size: int
    colour: str
    beside: str = ""
    above: int = 0
    rule: bool = False


def draw(paper: Paper, *, say: Words, locale: str) -> bytes | None:
    """Return the picture's bytes; None when a sign of it can't be written by our fonts: the text must do."""
    from PIL import Image  # noqa: PLC0415 - heavy, and most processes draw none
    from PIL.ImageDraw import Draw  # noqa: PLC0415

    pieces, pens = list(_pieces(paper, say)), _Pens.of(locale)
    if not all(pens.can_write(piece.words + piece.beside) for piece in pieces):
        return None
    laid = [(piece, _wrapped(piece, pens)) for piece in pieces]
    height = 2 * EDGE + sum(piece.above + _height(piece) * len(found) for piece, found in laid)
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    sheet, at = Draw(picture), EDGE
    for piece, found in laid:
        at += piece.above
        if piece.rule:
            sheet.line((EDGE, at - piece.above // 2, WIDTH - EDGE, at - piece.above // 2), fill=RULE, width=2)
        pens.write(sheet, WIDTH - EDGE - pens.length(piece.beside, piece.size), at, piece.beside, piece)
        for words in found:
            pens.write(sheet, EDGE, at, words, piece)
            at += _height(piece)
    kept = io.BytesIO()
    picture.save(kept, format="png", optimize=True)
    return kept.getvalue()


def _pieces(paper: Paper, say: Words) -> Iterator[Piece]:
    yield Piece(say(paper.title), TITLE, INK)
    yield Piece(say(paper.subtitle), SUBTITLE, PALE, above=GAP // 2)
    for row in paper.rows:
        size = STRONG if row.strong else PLAIN
        beside = say(row.right) if row.right is not None else ""
        above = 2 * GAP if row.strong else GAP
        yield Piece(say(row.left), size, INK, beside, above, rule=row.strong)
        below = say(row.below) if row.below is not None else ""
        for line in filter(None, below.split("\n")):
            yield Piece(line.strip(), SMALL, PALE, above=4)
    for at, line in enumerate(say(paper.foot).split("\n")):
        yield Piece(line, SMALL, PALE, above=8 if at else 2 * GAP, rule=not at)


@dataclass(frozen=True, slots=True)
class _Pens:
    """The fonts of a reader, his own first: operators' words may be in another script than his."""

    fonts: Sequence[tuple[str, frozenset[str]]]

    @classmethod
    def of(cls, locale: str) -> _Pens:
        """Take the reader's font, and those of the others for what it lacks."""
        return cls(list({FONT_OF.get(one, FONT): signs(one) for one in (locale, "zh_Hans", "zh_Hant")}.items()))

    def can_write(self, words: str) -> bool:
        """Whether every sign is in one of the fonts."""
        return all(sign.isspace() or any(sign in known for _, known in self.fonts) for sign in words)

    def runs(self, words: str) -> Iterator[tuple[str, str]]:
        """Cut words where the font changes: a font's name and what it writes."""
        for name, run in groupby(words, key=self._font_of):
            yield name, "".join(run)

    def _font_of(self, sign: str) -> str:
        return next((name for name, known in self.fonts if sign in known), self.fonts[0][0])

    def length(self, words: str, size: int) -> float:
        """Return how wide words are."""
        return sum(_font(name, size).getlength(run) for name, run in self.runs(words))

    def write(self, sheet: ImageDraw, left: float, top: int, words: str, piece: Piece) -> None:
        """Write words at a place."""
        for name, run in self.runs(words):
            font = _font(name, piece.size)
            sheet.text((left, top), run, font=font, fill=piece.colour)
            left += font.getlength(run)


@lru_cache(maxsize=32)
def _font(name: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.truetype(str(FONTS / name), size)


def _height(piece: Piece) -> int:
    return round(piece.size * LEADING)


def _wrapped(piece: Piece, pens: _Pens) -> Sequence[str]:
    """Cut words into lines that fit, at spaces where there are any."""
    room = WIDTH - 2 * EDGE - (RIGHT if piece.beside else 0)
    found, line = list[str](), ""
    for part in _parts(piece.words):
        if line and pens.length(line + part.rstrip(), piece.size) > room:
            found.append(line.rstrip())
            line = part.lstrip()
        else:
            line += part
    return [*found, line.rstrip()]


def _parts(words: str) -> Iterator[str]:
    """Yield what may not be cut: a Latin word with its space, else every sign."""
    word = ""
    for sign in words:
        if sign.isascii() and not sign.isspace():
            word += sign
            continue
        if word:
            yield word
            word = ""
        yield sign
    if word:
        yield word
