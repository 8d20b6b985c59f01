"""Which room lies above another, by their numbers alone; a register says which of them there are."""

from __future__ import annotations

import re
from itertools import count

_ROOM = re.compile(r"(?P<floor>[1-9]\d?)(?P<flat>\d{2}|[A-Z])")
LEFT_OUT = frozenset({4, 13, 14, 24})  # numbers of floors that many buildings leave out


def rooms_above(room: str) -> tuple[str, ...]:
    """Return what the room above may be called, most likely first; nothing for shops and odd numbers."""
    found = _ROOM.fullmatch(room.strip().upper())
    if found is None:
        return ()
    names: list[str] = []
    for floor in count(int(found["floor"]) + 1):
        names.append(f"{floor}{found['flat']}")
        if floor not in LEFT_OUT:
            return tuple(names)
    raise AssertionError
