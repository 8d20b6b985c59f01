"""Cut the fonts of our pictures out of Noto Sans CJK: `python -m scripts.chart_font [path of NotoSansCJK-Regular.ttc]`.

Only the signs that pictures and letters may show stay: those of their texts and of the shipped catalogue's labels, and
those of either script's standard, for what operators write (names of people, charges, estates, units). The fonts are
under the SIL Open Font License, which stands beside them.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from services import catalog
from services.catalog import said
from services.digests.charts import FONTS
from services.messages import T
from services.texts import LOCALES, Texts

SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
FACES: Mapping[str, str] = {"chart-sc.otf": "Noto Sans CJK SC", "chart-hk.otf": "Noto Sans CJK HK"}
FILE_OF: Mapping[str, str] = {"zh_Hans": "chart-sc.otf", "zh_Hant": "chart-hk.otf", "en": "chart-sc.otf"}
AREAS = ("chart.", "kind.", "kpi.", "paper.", "fees.", "way.", "letter.", "day.", "place.")
MARKS = "\u25a1\uff3f\u33a1\u00d7\uffe5\u3000\u00a5\u2030"
COMMON: Mapping[str, tuple[str, range]] = {  # of either standard, by the first byte: rare ones too, for names
    "chart-sc.otf": ("gb2312", range(0xA1, 0xF8)),
    "chart-hk.otf": ("big5", range(0xA1, 0xFA)),
}
ALWAYS = string.printable.strip() + " \u00b7\u2013\u2014\u2264\u00f7\uff08\uff09\uff0c\u3001\u3002\uff1a"


def signs(locale: str) -> frozenset[str]:
    """Return the signs that charts in a language may show."""
    return frozenset(ALWAYS) | frozenset(sign for text in _texts(locale) for sign in text if sign.isprintable())


def common(name: str) -> frozenset[str]:
    """Return the common signs of a font's script, and the marks that units and sums are written with."""
    encoding, firsts = COMMON[name]
    pairs = (bytes((first, second)) for first in firsts for second in range(0x40, 0xFF))
    return frozenset(MARKS) | frozenset("".join(_read(encoding, pair) for pair in pairs))


def _read(encoding: str, pair: bytes) -> str:
    return pair.decode(encoding, errors="ignore")


def _texts(locale: str) -> Iterator[str]:
    texts = Texts.load()
    for key in sorted(texts.keys()):
        if key.startswith(AREAS):
            yield texts.label(T("plain", words=""), locale) + _sentence(texts, locale, key)
    for category in catalog.load().categories.values():
        yield said(category.labels, locale)


def _sentence(texts: Texts, locale: str, key: str) -> str:
    found = texts._sentences[locale].get(("", key), "")  # noqa: SLF001 - as it stands, with its places
    return found if isinstance(found, str) else "".join(found)


def main() -> None:
    """Write the fonts."""
    from fontTools import subset  # noqa: PLC0415 - for development only
    from fontTools.ttLib import TTCollection  # noqa: PLC0415

    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    FONTS.mkdir(exist_ok=True)
    for name, family in FACES.items():
        wanted = common(name).union(*(signs(locale) for locale in LOCALES if FILE_OF[locale] == name))
        faces = TTCollection(str(source), lazy=True).fonts
        face = next(one for one in faces if one["name"].getDebugName(1) == family)
        options = subset.Options(layout_features=[], name_IDs=[0, 1, 2, 13, 14], notdef_outline=True, hinting=False)
        cutter = subset.Subsetter(options)
        cutter.populate(text="".join(sorted(wanted)))
        cutter.subset(face)
        face.save(str(FONTS / name))
        print(f"{name}: {len(wanted)} signs, {(FONTS / name).stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
