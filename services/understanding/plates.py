"""Number plates in what people write: mainland ones, of new-energy cars too, and Hong Kong's."""

from __future__ import annotations

import re

from services.understanding.normalise import normalise

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SIGN = "[A-HJ-NP-Z0-9]"
_MAINLAND = re.compile(
    rf"(?P<where>[{PROVINCES}]\s*[A-HJ-NP-Z])[\s·.-]*(?P<rest>{_SIGN}{{6}}|{_SIGN}{{4}}[A-HJ-NP-Z0-9挂学警港澳])(?![A-Z0-9])",
    re.IGNORECASE,
)
_HONG_KONG = re.compile(
    r"(?<![A-Za-z0-9])(?P<where>[A-HJ-NPR-Z]{2})\s?(?P<rest>[1-9]\d{0,3})(?![A-Za-z0-9-])", re.IGNORECASE
)
_TRADITIONAL = str.maketrans("滬雲遼魯蘇贛鄂貴粵寧瓊閩陝黑晉", "沪云辽鲁苏赣鄂贵粤宁琼闽陕黑晋")


def plate_in(text: str) -> str:
    """Return the first plate in the words as it is written on the car, without spaces; empty when there is none."""
    return _found(text)[0]


def without_plate(text: str) -> str:
    """Return the words without their plate."""
    plate, start, end = _found(text)
    clean = _clean(text)
    return f"{clean[:start]} {clean[end:]}".strip() if plate else clean


def _found(text: str) -> tuple[str, int, int]:
    clean = _clean(text)
    found = _MAINLAND.search(clean) or _HONG_KONG.search(clean)
    if found is None:
        return "", 0, 0
    return re.sub(r"\s", "", found["where"] + found["rest"]).upper(), *found.span()


def _clean(text: str) -> str:
    return normalise(text).translate(_TRADITIONAL)
