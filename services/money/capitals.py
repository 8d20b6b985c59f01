"""A sum in the capital figures that Chinese papers write it with, so that nobody adds a stroke: pure."""

from __future__ import annotations

ZERO, TEN, MYRIAD = 0, 10, 10_000
FIGURES, PLACES, GROUPS = slice(0, 10), slice(10, 13), slice(13, 15)  # of the signs: 0-9; 10, 100, 1000; 10^4, 10^8
YUAN, TENTH, CENT, EVEN = 15, 16, 17, 18
COUNT = 19
MOST = MYRIAD**3 * 100 - 1  # cents


def spelled(cents: int, signs: str) -> str:
    """Return a sum in capitals; `signs` are the script's nineteen, figures first. Raises ValueError for what is not."""
    if len(signs) != COUNT or not 0 <= cents <= MOST:
        raise ValueError(cents)
    yuan, rest = divmod(cents, 100)
    tenths, last = divmod(rest, TEN)
    found = _whole(yuan, signs) + signs[YUAN] if yuan or not rest else ""
    if not rest:
        return found + signs[EVEN]
    if tenths:
        found += signs[tenths] + signs[TENTH]
    elif yuan:
        found += signs[ZERO]
    return found + (signs[last] + signs[CENT] if last else signs[EVEN])


def _whole(yuan: int, signs: str) -> str:
    """Spell whole yuan, four figures at a time; a gap between figures is one zero."""
    if yuan == 0:
        return signs[ZERO]
    groups = ["", *signs[GROUPS]]
    found, gap = "", False
    for power in reversed(range(len(groups))):
        group = yuan // MYRIAD**power % MYRIAD
        if group == 0:
            gap = gap or bool(found)
            continue
        if found and (gap or group < MYRIAD // TEN):
            found += signs[ZERO]
        found += _four(group, signs) + groups[power]
        gap = False
    return found


def _four(group: int, signs: str) -> str:
    places, found, gap = ["", *signs[PLACES]], "", False
    for power in reversed(range(4)):
        figure = group // TEN**power % TEN
        if figure == 0:
            gap = gap or bool(found)
            continue
        found += (signs[ZERO] if gap else "") + signs[figure] + places[power]
        gap = False
    return found
