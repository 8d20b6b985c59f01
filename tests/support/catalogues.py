"""Catalogues against each other: the same keys, the same placeholders, nothing left empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.pofile import read_po

LOCALES = ("zh_Hans", "zh_Hant", "en")
SHORT = "sms"  # the context of an optional shorter variant


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a catalogue, in one context, with its sentences (several when it has plurals)."""

    key: str
    context: str
    sentences: tuple[str, ...]

    @property
    def places(self) -> frozenset[str]:
        """The names to be filled in."""
        parsed = (part for sentence in self.sentences for part in Formatter().parse(sentence))
        return frozenset(name for _, name, _, _ in parsed if name is not None)


Catalogue = Mapping[tuple[str, str], Entry]


def read(text: bytes) -> Catalogue:
    """Read a catalogue's text."""
    entries = (
        Entry(_first(message.id), message.context or "", _all(message.string))
        for message in read_po(BytesIO(text))
        if message.id
    )
    return {(entry.context, entry.key): entry for entry in entries}


def load(home: Path) -> dict[str, Catalogue]:
    """Read the catalogues of all locales."""
    return {locale: read((home / locale / "LC_MESSAGES" / "ownerline.po").read_bytes()) for locale in LOCALES}


def differences(catalogues: Mapping[str, Catalogue]) -> Iterator[str]:
    """Say how catalogues differ from the first, and what none may have."""
    first, *_ = catalogues
    expected = {name: entry for name, entry in catalogues[first].items() if not name[0]}
    for locale, catalogue in catalogues.items():
        plain = {name for name in catalogue if not name[0]}
        yield from (f"{locale}: lacks {key}" for _, key in sorted(expected.keys() - plain))
        yield from (f"{locale}: only here: {key}" for _, key in sorted(plain - expected.keys()))
        for (context, key), entry in catalogue.items():
            yield from (f"{locale}: {key} {how}" for how in _faults(entry, context, expected.get(("", key))))


def _faults(entry: Entry, context: str, plain: Entry | None) -> Iterator[str]:
    if not all(entry.sentences):
        yield "is empty"
    if context not in {"", SHORT}:
        yield f"has an unknown context {context!r}"
    if plain is None:
        return
    if not entry.places <= plain.places:
        yield f"has places that the first catalogue has not: {sorted(entry.places - plain.places)}"
    if not context and not plain.places <= entry.places:
        yield f"lacks places: {sorted(plain.places - entry.places)}"


def _first(found: str | list[str] | tuple[str, ...]) -> str:
    return found if isinstance(found, str) else found[0]


def _all(found: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (found or "",) if isinstance(found, str | None) else tuple(found)
