"""How a text is cut into the parts that networks carry and providers charge.

GSM-7 holds 160 signs in one part or 153 in each of several, some signs taking two places; one sign outside it
turns the whole text into UCS-2 with 70 or 67. Providers of the mainland charge 70 or 67 for any text.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

GSM_SIGNS = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = frozenset("\f^{}\\[~]|€")
_GSM_ALONE, _GSM_EACH = 160, 153
_UCS_ALONE, _UCS_EACH = 70, 67
_ASTRAL = 0xFFFF


class CountRule(StrEnum):
    """How a provider counts."""

    GSM = "gsm"
    CN = "cn"


def is_gsm(text: str) -> bool:
    """Whether every sign is one of GSM-7."""
    return all(sign in GSM_SIGNS or sign in GSM_ESCAPED for sign in text)


def segments(text: str, rule: CountRule = CountRule.GSM) -> list[str]:
    """Cut a text into parts, never between the two halves of a sign; an empty text is one part."""
    gsm = rule is CountRule.GSM and is_gsm(text)
    alone, each = (_GSM_ALONE, _GSM_EACH) if gsm else (_UCS_ALONE, _UCS_EACH)
    if sum(_places(sign, gsm=gsm) for sign in text) <= alone:
        return [text]
    return list(_parts(text, each, gsm=gsm))


def _parts(text: str, size: int, *, gsm: bool) -> Iterator[str]:
    start, used = 0, 0
    for at, sign in enumerate(text):
        places = _places(sign, gsm=gsm)
        if used + places > size:
            yield text[start:at]
            start, used = at, 0
        used += places
    yield text[start:]


def _places(sign: str, *, gsm: bool) -> int:
    if gsm:
        return 2 if sign in GSM_ESCAPED else 1
    return 2 if ord(sign) > _ASTRAL else 1
