"""Which of our languages a person writes in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

WORDS_FOR_ENGLISH = 3

_ADDRESS = re.compile(r"\S+@\S+|https?://\S+")
_LATIN = re.compile(r"\b[A-Za-z]{2,}\b")  # not the letters of a code such as AB4CD7EF
_CODES = {"zh-hant": "zh_Hant", "zh-hk": "zh_Hant", "zh-tw": "zh_Hant", "zh-mo": "zh_Hant", "zh": "zh_Hans", "en": "en"}


def written(text: str, *, simplify: Callable[[str], str]) -> str | None:
    """Return the locale that the words show, or None when they don't tell (a number, "ok", an emoji)."""
    han = any("CJK UNIFIED" in unicodedata.name(sign, "") for sign in text)
    if han:
        return "zh_Hans" if simplify(text) == text else "zh_Hant"
    return "en" if len(_LATIN.findall(_ADDRESS.sub(" ", text))) >= WORDS_FOR_ENGLISH else None


def of_code(code: str) -> str | None:
    """Return the locale for a channel's language code such as `zh-hans` or `en-GB`."""
    code = code.lower().replace("_", "-")
    return _CODES.get(code) or _CODES.get(code.partition("-")[0])


def settle(known: str, *, shown: str | None, told: str | None, default: str) -> str:
    """Choose: what the words show, unless they are of the same script as what is known; then the known; then the rest.

    A reader of traditional characters may write a sentence that looks the same in both scripts.
    """
    if shown == "zh_Hans" and known == "zh_Hant":
        return known
    return shown or known or told or default
