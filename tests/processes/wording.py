"""What people read, taken from the catalogue, so that polishing a sentence breaks no test."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tests.support import catalogues

_HOME = Path(__file__).resolve().parents[2] / "services" / "locale"
_FILLED_IN = re.compile(r"\{\w*\}|<[^>]+>|\n")
_SIGNS = re.compile(r"&\w+;")


def said(key: str) -> str:
    """Return the longest stretch of a sentence that stands there whatever is filled in."""
    return max(_FILLED_IN.split(_SIGNS.sub("\n", _sentence(key))), key=len).strip()


def button(key: str) -> str:
    """Return the words on a button."""
    return _sentence(key)


@cache
def _sentence(key: str) -> str:
    return catalogues.load(_HOME)["zh_Hans"]["", key].sentences[0]
