"""The catalogue of matters: what ships with the house, and what a broken file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from services import catalog
from services.catalog import CatalogError, Department, Kind, Payer

GOOD = """
[categories.lift]
kind = "repair"
department = "engineering"
skill = "lifts"
public = true
payer = "free"
warranty_days = 0
label = { zh_Hans = "电梯", zh_Hant = "升降機", en = "Lift" }
words = ["电梯", "lift"]
"""


def written(folder: Path, text: str) -> Path:
    """Write a catalogue file."""
    path = folder / "catalog.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    """Load a broken file and give the one line it is refused with."""
    with pytest.raises(CatalogError) as caught:
        catalog.load(written(folder, text))
    line = str(caught.value)
    assert "\n" not in line
    assert "catalog.toml" in line
    return line


def test_the_shipped_catalogue_speaks_every_language_for_every_matter() -> None:
    shipped = catalog.load()
    for category in shipped.categories.values():
        for texts in (category.labels, category.first_aid, category.where, category.tools):
            assert set(texts) in (set(), set(catalog.LOCALES))


def test_the_shipped_catalogue_knows_the_matters_of_a_desk() -> None:
    lift = catalog.load().categories["lift"]
    assert (lift.kind, lift.department, lift.payer) == (Kind.REPAIR, Department.ENGINEERING, Payer.FREE)
    assert lift.public is True
    assert catalog.load().categories["other"].words == ()


def test_every_repair_says_which_tools_to_bring_and_where_to_ask() -> None:
    for category in catalog.load().categories.values():
        if category.kind is Kind.REPAIR:
            assert category.where
            assert category.skill


def test_a_label_falls_back_to_simplified_chinese(tmp_path: Path) -> None:
    loaded = catalog.load(written(tmp_path, GOOD))
    assert loaded.label("lift", "zh_Hant") == "升降機"
    assert loaded.label("lift", "xx") == "电梯"
    assert catalog.said({"zh_Hans": "电梯"}, "zh_Hant") == "电梯"
    assert catalog.said({}, "en") == ""


def test_what_is_left_out_is_empty(tmp_path: Path) -> None:
    lift = catalog.load(written(tmp_path, GOOD)).categories["lift"]
    assert (dict(lift.first_aid), dict(lift.where), dict(lift.tools)) == ({}, {}, {})


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ('kind = "repair"', 'kind = "repairs"', "categories.lift.kind"),
        ('department = "engineering"', 'department = "kitchen"', "categories.lift.department"),
        ('skill = "lifts"', "skill = 3", "categories.lift.skill"),
        ("public = true", 'public = "yes"', "categories.lift.public"),
        ('payer = "free"', 'payer = "nobody"', "categories.lift.payer"),
        ("warranty_days = 0", "warranty_days = -1", "categories.lift.warranty_days"),
        ("warranty_days = 0", "warranty_days = true", "categories.lift.warranty_days"),
        ("warranty_days = 0", "", "categories.lift.warranty_days"),
        ('en = "Lift"', 'de = "Aufzug"', "categories.lift.label"),
        ('en = "Lift"', 'en = ""', "categories.lift.label.en"),
        ('words = ["电梯", "lift"]', 'words = "lift"', "categories.lift.words"),
        ('words = ["电梯", "lift"]', "words = [3]", "categories.lift.words"),
        ('words = ["电梯", "lift"]', 'words = []\ncolour = "red"', "categories.lift.colour"),
        ("public = true", 'where = "where?"', "categories.lift.where"),
        ("[categories.lift]", "[others.lift]", "others"),
    ],
)
def test_a_wrong_entry_is_named_with_what_is_allowed(tmp_path: Path, before: str, after: str, named: str) -> None:
    line = refusal(tmp_path, GOOD.replace(before, after))
    assert named in line or "unknown table" in line
    assert "allowed" in line


def test_a_category_needs_a_label(tmp_path: Path) -> None:
    broken = GOOD.replace('{ zh_Hans = "电梯", zh_Hant = "升降機", en = "Lift" }', "{}")
    assert "categories.lift.label" in refusal(tmp_path, broken)


@pytest.mark.parametrize("text", ["", "categories = 3", "categories = { lift = 3 }", "[categories"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    refusal(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere\.toml"):
        catalog.load(tmp_path / "nowhere.toml")
