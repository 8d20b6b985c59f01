"""Statements and receipts drawn as PNG pictures; slow, so never inside a transaction nor in the loop's thread."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from services.digests.charts import FONT, FONT_OF, FONTS, INK, PALE, signs
from services.digests.pages import Paper
from services.messages import Text

if TYPE_CHECKING:
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
    from PIL import Image, ImageDraw  # noqa: PLC0415 - heavy, and most processes draw none

    pieces = list(_pieces(paper, say))
    name = _font_for("".join(piece.words + piece.beside for piece in pieces), locale)
    if name is None:
        return None
    laid = [(piece, _wrapped(piece, name)) for piece in pieces]
    height = 2 * EDGE + sum(piece.above + _height(piece) * len(found) for piece, found in laid)
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    pen, at = ImageDraw.Draw(picture), EDGE
    for piece, found in laid:
        at += piece.above
        if piece.rule:
            pen.line((EDGE, at - piece.above // 2, WIDTH - EDGE, at - piece.above // 2), fill=RULE, width=2)
        font = _font(name, piece.size)
        if piece.beside:
            left = WIDTH - EDGE - font.getlength(piece.beside)
            pen.text((left, at), piece.beside, font=font, fill=piece.colour)
        for words in found:
            pen.text((EDGE, at), words, font=font, fill=piece.colour)
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


def _font_for(words: str, locale: str) -> str | None:
    """Return the font that has all signs, the reader's own first."""
    own = FONT_OF.get(locale, FONT)
    known = {FONT_OF.get(one, FONT): signs(one) for one in (locale, "zh_Hans", "zh_Hant")}
    wanted = {sign for sign in words if not sign.isspace()}
    return next((name for name in (own, *known) if wanted <= known[name]), None)


@lru_cache(maxsize=32)
def _font(name: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415

    return ImageFont.truetype(str(FONTS / name), size)


def _height(piece: Piece) -> int:
    return round(piece.size * LEADING)


def _wrapped(piece: Piece, name: str) -> Sequence[str]:
    """Cut words into lines that fit, at spaces where there are any."""
    font = _font(name, piece.size)
    room = WIDTH - 2 * EDGE - (RIGHT if piece.beside else 0)
    found, line = list[str](), ""
    for part in _parts(piece.words):
        if line and font.getlength(line + part.rstrip()) > room:
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
