"""What an engineer types on a job, read into the lines of a quote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services import pricelist
from services.catalog import Price, said
from services.pricelist import LABOUR, MATERIAL, NO_ITEMS, TOTAL, PriceList
from services.understanding.figures import Sort, Token, reading, tokens

MOST_PIECES = 20  # a bare number up to here counts pieces of a listed item, above it is a sum
LONGEST_NAME = 40
_FIGURES = frozenset({Sort.COUNT, Sort.MONEY, Sort.NUMBER})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a quote; the sums are for all its pieces."""

    key: str  # of the price list; empty when it is not on it
    label: str
    count: int
    material_cents: int
    labour_cents: int
    listed: bool = True

    @property
    def cents(self) -> int:
        """Give what the line costs."""
        return self.material_cents + self.labour_cents


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines read, what was not understood, and the total if the engineer gave one himself."""

    lines: tuple[Line, ...]
    unread: tuple[str, ...]
    stated_cents: int | None = None

    @property
    def total_cents(self) -> int:
        """Give what all lines cost."""
        return sum(line.cents for line in self.lines)


@dataclass(slots=True)
class _Draft:
    """An item while its figures are gathered."""

    name: str
    key: str | None
    count: int | None = None
    material: int | None = None
    labour: int | None = None
    each: bool = False


@dataclass(slots=True)
class _Sheet:
    """What has been read so far."""

    items: PriceList
    drafts: list[_Draft] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    run: list[tuple[str, str]] = field(default_factory=list)  # words of a name, as shown and as compared
    pending: int | None = None  # a count whose item is still to come
    each: bool = False
    plus: bool = False


def read(text: str, prices: Mapping[str, Price], locale: str) -> Reading:
    """Read a text such as "two hoses, angle valve x2, labour 20"; labels are in the locale.

    A sum beside an item is for all its pieces unless "each" stands by it; it takes the place of the list's price.
    Where labour is named by itself, it takes the place of the labour of the items that also need material.
    """
    sheet = _Sheet(PriceList(prices))
    parts = tokens(text)
    for place, token in enumerate(parts):
        _take(sheet, token, parts, place)
    _finish_name(sheet)
    if sheet.pending is not None:
        sheet.unread.append(str(sheet.pending))
    return _reading(sheet, prices, locale)


def written(lines: Iterable[Line], locale: str) -> str:
    """Write lines so that reading them gives the same lines: material, and after a plus the labour."""
    del locale  # labels are in it already; figures read alike in every language
    return "\n".join(_written(line) for line in lines)


def _written(line: Line) -> str:
    count = "" if line.count == 1 else f" ×{line.count}"
    if line.key == LABOUR:
        return f"{line.label} ¥{_sum(line.labour_cents)}"
    labour = f"+¥{_sum(line.labour_cents)}" if line.labour_cents else ""
    return f"{line.label}{count} ¥{_sum(line.material_cents)}{labour}"


def _sum(cents: int) -> str:
    return f"{cents // 100}" if cents % 100 == 0 else f"{cents // 100}.{cents % 100:02d}"


def _reading(sheet: _Sheet, prices: Mapping[str, Price], locale: str) -> Reading:
    """Turn the drafts into lines."""
    unread = list(sheet.unread)
    sums = {draft.key: draft.material for draft in sheet.drafts if draft.material is not None}
    drafts = [draft for draft in sheet.drafts if draft.key != TOTAL]
    if MATERIAL in sums:
        drafts = _with_material(drafts, unread)
    lines = list[Line]()
    for draft in drafts:
        line = _line(draft, prices, locale, labour_alone=LABOUR in sums)
        if line is None:
            unread.append(draft.name)
        else:
            lines.append(line)
    return Reading(tuple(lines), tuple(unread), sums.get(TOTAL))


def _with_material(drafts: Sequence[_Draft], unread: list[str]) -> list[_Draft]:
    """Give a sum for "material" to the one item it can mean; where it may mean several, say so."""
    material = [draft for draft in drafts if draft.key == MATERIAL]
    others = [draft for draft in drafts if draft.key != MATERIAL]
    items = [draft for draft in others if draft.key not in NO_ITEMS]
    if not items:
        return list(drafts)
    one = len(items) == len(material) == 1 and items[0].material is None
    if one:
        items[0].material = material[0].material
    else:
        unread.extend(draft.name for draft in material)
    return others


def _line(draft: _Draft, prices: Mapping[str, Price], locale: str, *, labour_alone: bool) -> Line | None:
    """Make the line of a draft; None when nothing can be said of its price."""
    count = 1 if draft.count is None else draft.count
    times = count if draft.each else 1
    given = None if draft.material is None else draft.material * times
    extra = None if draft.labour is None else draft.labour * times
    if count < 1 or (draft.key in (None, LABOUR, MATERIAL) and given is None):
        return None
    if draft.key in (None, MATERIAL):
        return Line("", draft.name, count, given or 0, extra or 0, listed=False)
    price = prices[draft.key]
    line = Line(draft.key, said(price.labels, locale), count, price.material_cents * count, price.labour_cents * count)
    if draft.key == LABOUR:
        return replace(line, count=1, material_cents=0, labour_cents=(given or 0) + (extra or 0))
    return _priced(line, given, extra, labour_alone=labour_alone)


def _priced(line: Line, given: int | None, extra: int | None, *, labour_alone: bool) -> Line:
    """Put what the engineer said in the place of what the list says."""
    by_labour = line.material_cents == 0 and line.labour_cents > 0
    if given is not None and not extra and by_labour:
        return replace(line, labour_cents=given)
    if given is not None:
        return replace(line, material_cents=given, labour_cents=extra or 0)
    if extra is not None:
        return replace(line, labour_cents=extra)
    return replace(line, labour_cents=0) if labour_alone and not by_labour else line


def _take(sheet: _Sheet, token: Token, parts: Sequence[Token], place: int) -> None:
    """Put a token to what it belongs to."""
    if token.sort is Sort.NAME:
        sheet.run.append((token.shown, token.plain))
        return
    if token.sort is Sort.BLANK:
        return
    _finish_name(sheet)
    if token.sort is Sort.EACH:
        sheet.each = True
    elif token.sort is Sort.PLUS:
        after = _next(parts, place)
        sheet.plus = after is not None and after.sort in _FIGURES
    elif token.sort in _FIGURES:
        if _leads(sheet, parts, place):
            sheet.pending = token.figure if token.sort is Sort.COUNT else token.figure // 100
        elif not sheet.drafts or not _put(sheet, sheet.drafts[-1], token):
            sheet.unread.append(token.shown)
        sheet.plus = sheet.each = False


def _leads(sheet: _Sheet, parts: Sequence[Token], place: int) -> bool:
    """Tell whether a count stands before its item rather than behind it."""
    token, after = parts[place], _next(parts, place)
    if token.sort is Sort.MONEY or sheet.plus or after is None or after.sort is not Sort.NAME or not _whole(token):
        return False
    before = _before(parts, place)
    if before is None or before.sort is Sort.CUT:
        return True
    apart = parts[place - 1].sort is not Sort.NAME
    touches = parts[place + 1].sort is Sort.NAME
    return (apart and touches) or not sheet.drafts or sheet.drafts[-1].count is not None


def _whole(token: Token) -> bool:
    return token.sort is Sort.COUNT or (token.figure % 100 == 0 and token.figure // 100 <= MOST_PIECES)


def _next(parts: Sequence[Token], place: int) -> Token | None:
    return next((token for token in parts[place + 1 :] if token.sort is not Sort.BLANK), None)


def _before(parts: Sequence[Token], place: int) -> Token | None:
    return next((token for token in reversed(parts[:place]) if token.sort is not Sort.BLANK), None)


def _put(sheet: _Sheet, draft: _Draft, token: Token) -> bool:
    """Give a figure to an item; False when it has no place for it."""
    if token.sort is Sort.COUNT or (token.sort is Sort.NUMBER and _counts(sheet, draft, token)):
        if draft.count is not None:
            return False
        draft.count = token.figure if token.sort is Sort.COUNT else token.figure // 100
        return True
    draft.each = draft.each or sheet.each or token.each
    if sheet.plus and draft.labour is None:
        draft.labour = token.figure
    elif draft.material is None and not sheet.plus:
        draft.material = token.figure
    else:
        return False
    return True


def _counts(sheet: _Sheet, draft: _Draft, token: Token) -> bool:
    """Tell whether a bare number counts the pieces of a listed item."""
    listed = draft.key is not None and draft.key not in NO_ITEMS
    fresh = draft.count is None and draft.material is None and not (sheet.plus or sheet.each)
    return listed and fresh and _whole(token)


def _finish_name(sheet: _Sheet) -> None:
    """Cut the words gathered into names, and begin an item for each."""
    run, sheet.run = sheet.run, []
    unknown = list[str]()
    while run:
        size, key = sheet.items.first([plain for _, plain in run])
        name, tail = " ".join(shown for shown, _ in run[:size]), ""
        if key is None:
            rest, tail = pricelist.with_tail(name)
            key = sheet.items.find(pricelist.folded(rest)) if tail and rest else None
            name = rest if key else name
        if key is None:
            unknown.append(name)
        else:
            _begin_unknown(sheet, unknown)
            unknown = []
            _begin(sheet, name, key)
            _put_tail(sheet, tail)
        run = run[size:]
    _begin_unknown(sheet, unknown)


def _put_tail(sheet: _Sheet, tail: str) -> None:
    """Give an item the number in words that stood at the end of its name."""
    figure = reading(tail) if tail else None
    if figure is not None:
        _put(sheet, sheet.drafts[-1], Token(Sort.NUMBER, tail, tail, figure * 100))


def _begin_unknown(sheet: _Sheet, shown: Sequence[str]) -> None:
    """Begin an item that is not on the list."""
    name = pricelist.label(" ".join(shown))
    if not pricelist.bare(name):
        return
    if len(name) > LONGEST_NAME or any(token.sort not in {Sort.NAME, Sort.BLANK} for token in tokens(name)):
        sheet.unread.append(name)
    else:
        _begin(sheet, name, sheet.items.find(pricelist.folded(name)))


def _begin(sheet: _Sheet, name: str, key: str | None) -> None:
    sheet.drafts.append(_Draft(name, key, sheet.pending))
    sheet.pending = None
