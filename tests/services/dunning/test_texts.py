"""What is said about money: no link, no threat to water, power, heat, gas or repairs, short enough for a text message."""

from __future__ import annotations

from pathlib import Path

import pytest

import services
from services.dunning.steps import Name
from tests.support import catalogues

HOME = Path(services.__file__).parent / "locale"
KEYS = ("dunning.", "promise.", "spare.", "hardship.")
THREATS = (
    "停水",
    "停电",
    "停電",
    "断水",
    "断电",
    "斷水",
    "斷電",
    "停气",
    "停暖",
    "cut off",
    "disconnect",
    "律师",
    "起诉",
)
LINKS = ("http", "www.", "t.me")
LONGEST = 70


def texts() -> list[tuple[str, str, str]]:
    return [
        (locale, entry.key, sentence)
        for locale, catalogue in catalogues.load(HOME).items()
        for entry in catalogue.values()
        for sentence in entry.sentences
        if entry.key.startswith(KEYS)
    ]


def test_no_text_threatens_or_carries_a_link() -> None:
    found = texts()
    assert len(found) > 50
    assert not [text for text in found if any(bad in text[2].lower() for bad in (*THREATS, *LINKS))]


@pytest.mark.parametrize(
    "name", [name for name in Name if name not in {Name.CALL, Name.VISIT, Name.LETTER, Name.LEGAL}]
)
def test_every_step_that_is_a_message_has_its_text(name: Name) -> None:
    for catalogue in catalogues.load(HOME).values():
        assert ("", f"dunning.{name}") in catalogue


def test_what_an_unproven_number_gets_fits_one_message_and_names_no_sum() -> None:
    for locale, key, text in texts():
        if key == "dunning.plain":
            assert "{cents}" not in text
            whole = "【阳光花园物业】" + text.format(phone="0571-8888 0000")
            assert locale == "en" or len(whole) <= LONGEST
