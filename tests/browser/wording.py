"""What stands in the catalogues, as patterns for what stands on the screen: polishing a sentence breaks no test."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from tests.support import catalogues

HOME = Path(__file__).resolve().parents[2] / "services" / "locale"
FILLED_IN = re.compile(r"\{(\w+)\}")
MARKUP = re.compile(r"</?b>")


def said(key: str, *, sms: bool = False, locale: str = "zh_Hans", **known: str) -> re.Pattern[str]:
    """Return a pattern for a sentence; what is known of its places must be there, the rest may be anything."""
    parts = FILLED_IN.split(MARKUP.sub("", _sentence(locale, key, sms=sms)))
    pattern = ""
    for number, part in enumerate(parts):
        if number % 2 == 0:
            pattern += re.escape(part).replace(r"\ ", r"\s+").replace("\\\n", r"\s+")
        elif part in known:
            pattern += re.escape(known[part])
        else:
            pattern += r"[\s\S]*?"
    return re.compile(pattern)


def label(key: str, *, locale: str = "zh_Hans") -> str:
    """Return the words on a button."""
    return _sentence(locale, key, sms=False)


def _sentence(locale: str, key: str, *, sms: bool) -> str:
    catalogue = _catalogues()[locale]
    short = catalogue.get((catalogues.SHORT, key)) if sms else None
    return (short or catalogue["", key]).sentences[0]


@cache
def _catalogues() -> dict[str, catalogues.Catalogue]:
    return catalogues.load(HOME)
