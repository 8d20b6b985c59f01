"""The catalogue of matters: what ships with the house, and what a broken file is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import catalog
from services.catalog import CatalogError, Defaults, Department, Fault, FollowUp, Grade, Kind, Payer, Priority, Way
from tests.support import catalogues

TOP = Path(__file__).resolve().parents[2]

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

FULL = (
    """
[kinds.repair]
priority = "low"
dispatch = "grab"
follow_up = "always"
warranty_days = 1
guarantee_days = 2
grade = "minor"
resolve_days = 3
"""
    + GOOD
    + """
[contacts.power]
label = { zh_Hans = "供电公司", zh_Hant = "電力公司", en = "Power company" }
phone = "95598"
words = ["供电局"]

[prices.tube]
label = { zh_Hans = "灯管", zh_Hant = "光管", en = "Light tube" }
words = ["日光灯管"]
unit = { zh_Hans = "每支", zh_Hant = "每支", en = "piece" }
material_cents = 1800
labour_cents = 1000
guarantee_days = 90
categories = ["lift"]

[wording]
zh_Hans = [{ say = "不归我管", better = "我帮您转", kind = "passing_on" }]
"""
)

# The matters of the issue, and those that were there before.
MATTERS = {
    *("plumbing", "water_off", "electrical", "power_off", "doors_locks", "leak", "leak_from_above", "lift", "lighting"),
    *("intercom", "access_card", "heating_air", "drains", "pests", "cleaning", "greening", "parking", "move_car"),
    *("ebike_charging", "fire_lane", "thrown_objects", "illegal_building", "pets", "corridor_clutter"),
    *("cooking_smoke", "neighbour_noise", "renovation", "security", "facilities", "signal", "staff_conduct", "fees"),
    *("certificate", "release_slip", "other", "fire_equipment", "walls", "gas", "invoice"),
}
SKETCHES = {
    "lift": (Priority.URGENT, Way.DUTY, 0),
    "fire_lane": (Priority.URGENT, Way.DUTY, 0),
    "thrown_objects": (Priority.URGENT, Way.DUTY, 0),
    "plumbing": (Priority.NORMAL, Way.DUTY, 90),
    "lighting": (Priority.NORMAL, Way.GRAB, 30),
    "cleaning": (Priority.NORMAL, Way.GRAB, 0),
    "greening": (Priority.LOW, Way.GRAB, 0),
    "facilities": (Priority.NORMAL, Way.GRAB, 90),
    "staff_conduct": (Priority.NORMAL, Way.DESK, 0),
    "fees": (Priority.NORMAL, Way.DESK, 0),
    "certificate": (Priority.NORMAL, Way.DESK, 0),
    "pests": (Priority.NORMAL, Way.ROTATE, 30),
}


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


def test_the_shipped_catalogue_holds_the_matters_of_the_desk_and_no_others() -> None:
    shipped = catalog.load().categories
    assert set(shipped) == MATTERS
    for category in shipped.values():
        assert category.where
        assert category.first_aid or category.key == "other"


@pytest.mark.parametrize(("key", "sketch"), SKETCHES.items())
def test_the_shipped_catalogue_says_how_a_matter_is_handled(key: str, sketch: tuple[Priority, Way, int]) -> None:
    category = catalog.load().categories[key]
    assert (category.priority, category.dispatch, category.guarantee_days) == sketch


def test_nothing_but_defects_is_graded() -> None:
    shipped = catalog.load()
    assert {kind for kind, defaults in shipped.kinds.items() if defaults.grade} == {Kind.DEFECT}
    assert not any(category.grade for category in shipped.categories.values() if category.kind is not Kind.DEFECT)


def test_every_kind_has_its_name_in_every_language() -> None:
    for known in catalogues.load(TOP / "services" / "locale").values():
        assert {f"kind.{kind}" for kind in Kind} <= {key for _, key in known}


def test_the_shipped_contacts_are_those_that_staff_hand_on_to() -> None:
    contacts = catalog.load().contacts
    shared = {"developer", "gas", "water", "power", "telecom", "lift_maker", "street", "police", "owner_self"}
    assert set(contacts) == shared
    assert (contacts["power"].phone, contacts["gas"].phone, contacts["street"].phone) == ("95598", "96777", "12345")
    assert contacts["owner_self"].phone == ""
    words = [word for contact in contacts.values() for word in contact.words]
    assert len(words) == len(set(words))


def test_the_shipped_price_list_has_no_word_for_two_items() -> None:
    prices = catalog.load().prices
    assert len(prices) >= 35
    assert "labour" in prices
    owners: dict[str, str] = {}
    for key, price in prices.items():
        assert price.material_cents or price.labour_cents or key == "labour"
        for word in {*price.labels.values(), *price.words}:
            assert owners.setdefault(word.lower(), key) == key


def test_the_shipped_wording_has_enough_of_every_fault_in_every_language() -> None:
    wording = catalog.load().wording
    assert {locale: len(phrases) for locale, phrases in wording.items()}.keys() == set(catalog.LOCALES)
    assert len(wording["zh_Hans"]) >= 40
    for phrases in wording.values():
        assert len(phrases) >= 25
        assert {phrase.kind for phrase in phrases} == set(Fault)
        assert len({phrase.say for phrase in phrases}) == len(phrases)


def test_a_category_has_the_defaults_of_its_kind_and_may_say_otherwise(tmp_path: Path) -> None:
    loaded = catalog.load(written(tmp_path, FULL))
    held = Defaults(Priority.LOW, Way.GRAB, FollowUp.ALWAYS, 1, 2, Grade.MINOR, 3)
    assert loaded.kinds[Kind.REPAIR] == held
    assert loaded.kinds[Kind.PATROL] == Defaults()
    lift = loaded.categories["lift"]
    assert (lift.priority, lift.dispatch, lift.follow_up) == (Priority.LOW, Way.GRAB, FollowUp.ALWAYS)
    assert (lift.warranty_days, lift.guarantee_days, lift.grade, lift.resolve_days) == (0, 2, Grade.MINOR, 3)
    own = 'priority = "urgent"\ndispatch = "desk"\nfollow_up = "never"\ngrade = ""\nresolve_days = 9\npublic = true'
    lift = catalog.load(written(tmp_path, FULL.replace("public = true", own))).categories["lift"]
    assert (lift.priority, lift.dispatch, lift.follow_up) == (Priority.URGENT, Way.DESK, FollowUp.NEVER)
    assert (lift.grade, lift.resolve_days) == (Grade.UNGRADED, 9)


def test_contacts_prices_and_phrases_are_read(tmp_path: Path) -> None:
    loaded = catalog.load(written(tmp_path, FULL))
    assert (loaded.contacts["power"].phone, loaded.contacts["power"].words) == ("95598", ("供电局",))
    tube = loaded.prices["tube"]
    assert (tube.material_cents, tube.labour_cents, tube.guarantee_days) == (1800, 1000, 90)
    assert (catalog.said(tube.unit, "en"), tube.categories) == ("piece", ("lift",))
    assert [(one.say, one.better, one.kind) for one in loaded.wording["zh_Hans"]] == [
        ("不归我管", "我帮您转", Fault.PASSING_ON)
    ]


def test_a_file_may_hold_matters_alone(tmp_path: Path) -> None:
    loaded = catalog.load(written(tmp_path, GOOD))
    assert (dict(loaded.contacts), dict(loaded.prices), dict(loaded.wording)) == ({}, {}, {})
    assert set(loaded.kinds) == set(Kind)


def test_the_example_in_operations_is_a_catalogue(tmp_path: Path) -> None:
    page = (TOP / "docs" / "operations.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (example,) = [one for one in examples if "[categories" in one]
    loaded = catalog.load(written(tmp_path, example))
    assert (set(loaded.categories), set(loaded.prices)) == (
        {"lighting", "other"},
        {"labour", "tube"},
    )  # what it leaves out is ours


@pytest.mark.parametrize("key", ["lift", "other", "nowhere", None])
def test_a_matter_is_handled_by_its_kind_and_goes_where_it_belongs(tmp_path: Path, key: str | None) -> None:
    loaded = catalog.load(written(tmp_path, FULL))
    matter = loaded.of_kind(key, Kind.REPAIR)
    assert (matter.key, matter.kind) == (key if key == "lift" else "other", Kind.REPAIR)
    assert matter.department is loaded.categories[matter.key].department
    assert matter.dispatch is loaded.categories[matter.key].dispatch
    held = loaded.kinds[Kind.REPAIR]
    assert (matter.follow_up, matter.resolve_days) == (held.follow_up, held.resolve_days)
    complained = loaded.of_kind(key, Kind.COMPLAINT)
    assert (complained.kind, complained.follow_up) == (Kind.COMPLAINT, loaded.kinds[Kind.COMPLAINT].follow_up)


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
        ('payer = "free"', "", "categories.lift.payer"),
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


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ('priority = "low"', 'priority = "high"', "kinds.repair.priority: found 'high', allowed: one of emergency"),
        ('dispatch = "grab"', 'dispatch = "lottery"', "kinds.repair.dispatch: found 'lottery', allowed: one of duty"),
        ('follow_up = "always"', "follow_up = 1", "kinds.repair.follow_up: found 1, allowed: one of never"),
        ('grade = "minor"', 'grade = "huge"', "kinds.repair.grade: found 'huge', allowed: one of \"\", minor"),
        ("resolve_days = 3", "resolve_days = 0", "kinds.repair.resolve_days: found 0, allowed: a whole number of days"),
        ("resolve_days = 3", 'colour = "red"', "kinds.repair.colour: found 'red', allowed: one of dispatch"),
        ("[kinds.repair]", "[kinds.repairs]", "kinds.repairs: found 'an unknown kind', allowed: one of repair"),
        ('phone = "95598"', "phone = 95598", 'contacts.power.phone: found 95598, allowed: one line of text, or ""'),
        ('words = ["供电局"]', "", "contacts.power.words: found 'nothing'"),
        ("material_cents = 1800", "material_cents = 18.0", "prices.tube.material_cents: found 18.0, allowed: a sum in"),
        ("labour_cents = 1000", "labour_cents = -1", "prices.tube.labour_cents: found -1"),
        ('categories = ["lift"]', 'categories = ["boat"]', "prices.tube.categories: found 'boat', allowed: keys of"),
        ('words = ["日光灯管"]', 'words = ["a\\u2028b"]', "prices.tube.words: found"),
        ("[prices.tube]", "[[prices.tube]]", "prices.tube: found [{"),
        ('kind = "passing_on"', 'kind = "rude"', "wording.zh_Hans[1].kind: found 'rude', allowed: one of curt"),
        ('better = "我帮您转", ', "", "wording.zh_Hans[1].better: found 'nothing'"),
        ('[{ say = "不归我管", better = "我帮您转", kind = "passing_on" }]', '["a"]', "wording.zh_Hans[1]: found 'a'"),
        (
            '[{ say = "不归我管", better = "我帮您转", kind = "passing_on" }]',
            "3",
            "wording.zh_Hans: found 3, allowed: a list",
        ),
        ("\nzh_Hans = [", "\nde = [", "wording.de: found"),
    ],
)
def test_a_wrong_entry_of_the_other_tables_is_named_too(tmp_path: Path, before: str, after: str, named: str) -> None:
    assert before in FULL
    assert named in refusal(tmp_path, FULL.replace(before, after))


VALUES = st.sampled_from(
    ['""', '"a"', "0", "-1", "1.5", "true", "[]", "[1]", "{}", "{ a = 1 }", "[{}]", '"""a\n\nb"""', "1979-05-27"]
)
KEYS = sorted(set(re.findall(r"(?m)^(\w+) = ", FULL)))


@given(key=st.sampled_from(KEYS), value=VALUES)
def test_no_value_makes_anything_but_a_catalogue_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: str
) -> None:
    changed = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", FULL)
    told = ""
    try:
        catalog.load(written(tmp_path_factory.getbasetemp(), changed))
    except CatalogError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1


def test_a_category_needs_a_label(tmp_path: Path) -> None:
    broken = GOOD.replace('{ zh_Hans = "电梯", zh_Hant = "升降機", en = "Lift" }', "{}")
    assert "categories.lift.label" in refusal(tmp_path, broken)


@pytest.mark.parametrize("text", ["", "categories = 3", "categories = { lift = 3 }", "[categories"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    refusal(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere\.toml"):
        catalog.load(tmp_path / "nowhere.toml")
