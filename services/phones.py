"""Phone numbers: one way to write them, and a way to show them that gives nothing away."""

from __future__ import annotations

import unicodedata

import phonenumbers

_HIDDEN = "****"
_SHOWN_TAIL = 4
_SHORTEST_WITH_HEAD = 11


def e164(raw: str, region: str) -> str | None:
    """Return a number as E.164, `+8613800138000`, or None when it's none that could be called from anywhere.

    `region` is the country (`CN`) of numbers written without their country's code. Short codes give None.
    """
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", raw), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """Return a number with four digits hidden, `+86138****8000`; of a short one only the tail is shown."""
    if len(number) < _SHORTEST_WITH_HEAD:
        return _HIDDEN + number[-_SHOWN_TAIL // 2 :]
    return number[: -2 * _SHOWN_TAIL] + _HIDDEN + number[-_SHOWN_TAIL:]


def readable(number: str) -> str:
    """Return a number in E.164 as people read it, `+86 138 0013 8000`; anything else as it is."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def digits(text: str) -> str:
    """Return the digits of a text, to compare numbers however they are written."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isdigit())


def find_number(text: str, region: str) -> tuple[str, str]:
    """Find a phone number among words; return it in E.164 (or an empty string) and the words without it."""
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
        rest = (text[: match.start] + " " + text[match.end :]).strip()
        return number, " ".join(rest.split())
    return "", text
