"""How items, sums and guarantees are said, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.turn import Turn
from services.catalog import said
from services.messages import T, Text, joined, lines, money
from services.pricing import Line

SHORT_ITEMS = 13  # signs: more do not fit into a text message
FEW = 3
MONTH, YEAR = 30, 365


def itemised(turn: Turn, found: Sequence[Line]) -> Text:
    """Say the lines below each other, each with its sum."""
    return lines(*(_line(turn, line) for line in found))


def _line(turn: Turn, line: Line) -> T:
    """Say a line: material, labour, and what they come to."""
    item, cents = _item(turn, line), money(line.cents)
    if not (line.material_cents and line.labour_cents):
        return T("quote.item.one", item=item, total=cents)
    material, labour = money(line.material_cents), money(line.labour_cents)
    return T("quote.item", item=item, material=material, labour=labour, total=cents)


def _item(turn: Turn, line: Line) -> T:
    """Name an item in the reader's language, as often as it is needed."""
    price = turn.world.catalog.prices.get(line.key)
    label = said(price.labels, turn.actor.locale) if price else line.label
    return T("quote.count", item=label, count=line.count) if line.count > 1 else T("plain", words=label)


def in_short(turn: Turn, found: Sequence[Line]) -> Text:
    """Name the items in a line for a text message; when they are many, only how many."""
    items = joined([_item(turn, line) for line in found], turn.label(T("quote.between")))
    if len(found) > FEW or (len(found) > 1 and len(turn.world.texts.label(items, turn.actor.locale)) > SHORT_ITEMS):
        return T("quote.many", count=len(found))
    return items


def total(total_cents: int, days: int) -> T:
    """Say what all comes to, and for how long it is guaranteed."""
    return T("quote.total", total=money(total_cents), guarantee=guaranteed(days))


def guaranteed(days: int) -> T | None:
    """Say the guarantee behind a sum; nothing where there is none."""
    return T("quote.guaranteed", guarantee=_guarantee(days)) if days else None


def _guarantee(days: int) -> T:
    """Say for how long: in years or months where they come out even."""
    if days % YEAR == 0:
        return T("guarantee.years", count=days // YEAR)
    if days % MONTH == 0 and days > MONTH:
        return T("guarantee.months", count=days // MONTH)
    return T("guarantee.days", count=days)
