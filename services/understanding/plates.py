"""Number plates in what people write: mainland ones, of new-energy cars too, and Hong Kong's."""

from __future__ import annotations

import re
import unicodedata

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SIGN = "A-HJ-NP-Z0-9"  # no I and no O: they look like digits
_MAINLAND = re.compile(
    rf"(?P<where>[{PROVINCES}]\s*[A-HJ-NP-Z])[\s·.\-]*(?P<rest>[{_SIGN}]{{6}}|[{_SIGN}]{{4}}[{_SIGN}挂学警港澳])(?![A-Z0-9])",
    re.IGNORECASE,
)
_HONG_KONG = re.compile(
    r"(?<![A-Z0-9])(?P<where>[A-HJ-NPR-Z]{2})\s?(?P<rest>[1-9]\d{0,3})(?![A-Z0-9-])",
    re.IGNORECASE,
)
_TRADITIONAL = str.maketrans("滬雲遼魯蘇贛貴粵寧瓊閩陝", "沪云辽鲁苏赣贵粤宁琼闽陕")


def plate_in(text: str) -> str:
    """Return the first plate in the words as it is written on the car, without spaces; empty when there is none."""
    clean = unicodedata.normalize("NFKC", text).translate(_TRADITIONAL)
    found = _MAINLAND.search(clean) or _HONG_KONG.search(clean)
    return re.sub(r"\s", "", found["where"] + found["rest"]).upper() if found is not None else ""
