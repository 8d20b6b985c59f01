"""The operator's catalogue: what people report, whose it is, what work costs, what staff do not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from services.catalog_file import LOCALES, CatalogError, Table, opened

SHIPPED = Path(__file__).with_name("catalog.toml")
FALLBACK: Mapping[str, str] = MappingProxyType({"zh_Hant": "zh_Hans", "en": "zh_Hans"})

__all__ = ["LOCALES", "Catalog", "CatalogError", "Category", "Contact", "Defaults", "Phrase", "Price", "load", "said"]

OTHER = "other"  # what is none of the others; a file without it has ours
_TABLES = ("kinds", "categories", "contacts", "prices", "wording")
_DEFAULTS = frozenset(
    {"priority", "dispatch", "follow_up", "warranty_days", "guarantee_days", "grade", "resolve_days"},
)
_REQUIRED = frozenset({"kind", "department", "skill", "payer", "label", "words"})
_OPTIONAL = frozenset({"public", "first_aid", "where", "tools", "script", "neighbours"})


class Kind(StrEnum):
    """What sort of request a category is."""

    REPAIR = "repair"
    COMPLAINT = "complaint"
    INQUIRY = "inquiry"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    PAID_SERVICE = "paid_service"
    DEFECT = "defect"
    RENOVATION = "renovation"
    MOVE_IN = "move_in"
    MOVE_OUT = "move_out"
    PATROL = "patrol"
    RECTIFICATION = "rectification"


class Payer(StrEnum):
    """Who usually pays; "warranty" is free while it lasts and quoted afterwards."""

    FREE = "free"
    WARRANTY = "warranty"
    QUOTED = "quoted"


class Department(StrEnum):
    """Which department answers for the work."""

    ENGINEERING = "engineering"
    DESK = "desk"
    SECURITY = "security"
    CLEANING = "cleaning"
    GREENING = "greening"
    FINANCE = "finance"


class Priority(StrEnum):
    """How much haste there is, unless words or people say otherwise."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    NORMAL = "normal"
    LOW = "low"


class Way(StrEnum):
    """How the work finds its hands: who is on duty, who takes it first, the desk's choice, or in turn."""

    DUTY = "duty"
    GRAB = "grab"
    DESK = "desk"
    ROTATE = "rotate"


class FollowUp(StrEnum):
    """When a person calls after the end: never, unless the owner gave a score himself, always."""

    NEVER = "never"
    UNLESS_RATED = "unless_rated"
    ALWAYS = "always"


class Grade(StrEnum):
    """How grave a defect is; nothing is graded but defects."""

    UNGRADED = ""
    MINOR = "minor"
    MEDIUM = "medium"
    MAJOR = "major"


class Fault(StrEnum):
    """What is wrong with a phrase that staff should not say."""

    CURT = "curt"
    BLAMING = "blaming"
    IMPATIENT = "impatient"
    MOCKING = "mocking"
    PASSING_ON = "passing_on"
    RULE_SHIELD = "rule_shield"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for a kind unless a category says otherwise."""

    priority: Priority = Priority.NORMAL
    dispatch: Way = Way.DUTY
    follow_up: FollowUp = FollowUp.UNLESS_RATED
    warranty_days: int = 0
    guarantee_days: int = 0
    grade: Grade = Grade.UNGRADED
    resolve_days: int | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """One matter of the catalogue; texts are kept per locale, an absent text is an empty mapping."""

    key: str
    kind: Kind
    labels: Mapping[str, str]
    department: Department
    skill: str
    public: bool | None  # True: always a public area; False: always inside a home; None: either
    payer: Payer
    priority: Priority
    dispatch: Way
    follow_up: FollowUp
    warranty_days: int  # from the handover of the home, at the developer's cost
    guarantee_days: int  # from the end of our own work: the same again is done again for nothing
    grade: Grade
    resolve_days: int | None  # in the department's calendar; None: the general deadline holds
    first_aid: Mapping[str, str]
    where: Mapping[str, str]
    tools: Mapping[str, str]
    script: Mapping[str, str]  # what the owner is asked when he is called afterwards
    words: tuple[str, ...]
    neighbours: bool = False  # a complaint of it is about neighbours: they only hear that "a resident says"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whose a matter is when it is not ours; no phone is the empty text."""

    key: str
    labels: Mapping[str, str]
    phone: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """A line of the price list, for one piece or one unit of it."""

    key: str
    labels: Mapping[str, str]
    words: tuple[str, ...]
    unit: Mapping[str, str]
    material_cents: int
    labour_cents: int
    guarantee_days: int
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that staff should not say to owners, and better ones."""

    say: str
    better: str
    kind: Fault


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the file holds, by key and in its order."""

    categories: Mapping[str, Category]
    kinds: Mapping[Kind, Defaults]
    contacts: Mapping[str, Contact]
    prices: Mapping[str, Price]
    wording: Mapping[str, tuple[Phrase, ...]]

    def of_kind(self, key: str | None, kind: Kind) -> Category:
        """Return a matter as a request of a kind; one that the catalogue doesn't have is something else.

        A leak that somebody complains about is a complaint: how urgent it is, what follows and until when is the
        kind's; who answers for it and how it finds its hands stays the matter's.
        """
        found = self.categories.get(key or OTHER, self.categories[OTHER])
        if found.kind is kind:
            return found
        held = self.kinds[kind]
        return replace(
            found,
            kind=kind,
            priority=held.priority,
            follow_up=held.follow_up,
            warranty_days=held.warranty_days,
            guarantee_days=held.guarantee_days,
            grade=held.grade,
            resolve_days=held.resolve_days,
        )

    def label(self, key: str, locale: str) -> str:
        """Say the name of a category in a locale, or in the nearest one there is."""
        return said(self.categories[key].labels, locale)


def said(texts: Mapping[str, str], locale: str) -> str:
    """Pick the text of a locale, falling back to simplified Chinese; empty when there is none."""
    return texts.get(locale) or texts.get(FALLBACK.get(locale, "zh_Hans"), "")


def load(path: Path | None = None) -> Catalog:
    """Read a catalogue file, by default the shipped one; CatalogError names what is wrong in it."""
    top = opened(path or SHIPPED)
    for name in sorted(set(top.entries) - set(_TABLES)):
        raise top.wrong(name, "an unknown table", ", ".join(_TABLES))
    kinds = dict(_kinds(top))
    categories = {key: _category(key, table, kinds) for key, table in top.tables("categories")}
    if not categories:
        raise top.wrong("categories", "nothing", "a table with at least one category")
    if OTHER not in categories:  # what nobody foresaw comes in all the same
        categories[OTHER] = load().categories[OTHER]
    return Catalog(
        categories=MappingProxyType(categories),
        kinds=MappingProxyType(kinds),
        contacts=MappingProxyType({key: _contact(key, table) for key, table in top.tables("contacts")}),
        prices=MappingProxyType({key: _price(key, table, categories) for key, table in top.tables("prices")}),
        wording=MappingProxyType(dict(_wording(top))),
    )


def _kinds(top: Table) -> Iterator[tuple[Kind, Defaults]]:
    """Read the defaults of every kind; one that the file leaves out has ours."""
    given = dict(top.tables("kinds"))
    for name in sorted(set(given) - {str(kind) for kind in Kind}):
        raise top.wrong(f"kinds.{name}", "an unknown kind", "one of " + ", ".join(Kind))
    for kind in Kind:
        table = given.get(kind)
        if table is not None:
            table.only(optional=_DEFAULTS)
        yield kind, Defaults() if table is None else _changed(table, Defaults())


def _changed(table: Table, held: Defaults) -> Defaults:
    """Put what a table says over what held so far."""
    return replace(
        held,
        priority=table.code("priority", Priority, held.priority),
        dispatch=table.code("dispatch", Way, held.dispatch),
        follow_up=table.code("follow_up", FollowUp, held.follow_up),
        warranty_days=table.days("warranty_days", held.warranty_days),
        guarantee_days=table.days("guarantee_days", held.guarantee_days),
        grade=table.code("grade", Grade, held.grade),
        resolve_days=table.deadline("resolve_days", held.resolve_days),
    )


def _category(key: str, table: Table, kinds: Mapping[Kind, Defaults]) -> Category:
    """Read one category over the defaults of its kind."""
    table.only(required=_REQUIRED, optional=_OPTIONAL | _DEFAULTS)
    kind = table.code("kind", Kind)
    own = _changed(table, kinds[kind])
    return Category(
        key=key,
        kind=kind,
        labels=table.texts("label", required=True),
        department=table.code("department", Department),
        skill=table.line("skill"),
        public=table.flag("public"),
        payer=table.code("payer", Payer),
        priority=own.priority,
        dispatch=own.dispatch,
        follow_up=own.follow_up,
        warranty_days=own.warranty_days,
        guarantee_days=own.guarantee_days,
        grade=own.grade,
        resolve_days=own.resolve_days,
        first_aid=table.texts("first_aid"),
        where=table.texts("where"),
        tools=table.texts("tools"),
        script=table.texts("script"),
        words=table.words("words"),
        neighbours=table.flag("neighbours") or False,
    )


def _contact(key: str, table: Table) -> Contact:
    """Read whose a matter may be."""
    table.only(required={"label", "words"}, optional={"phone"})
    return Contact(
        key=key,
        labels=table.texts("label", required=True),
        phone=table.line("phone", empty=True),
        words=table.words("words"),
    )


def _price(key: str, table: Table, categories: Mapping[str, Category]) -> Price:
    """Read a line of the price list."""
    sums = {"material_cents", "labour_cents"}
    table.only(required={"label", "words", "categories"}, optional={"unit", "guarantee_days"} | sums)
    for name in table.words("categories"):
        if name not in categories:
            raise table.wrong("categories", name, "keys of [categories]")
    return Price(
        key=key,
        labels=table.texts("label", required=True),
        words=table.words("words"),
        unit=table.texts("unit"),
        material_cents=table.cents("material_cents"),
        labour_cents=table.cents("labour_cents"),
        guarantee_days=table.days("guarantee_days", 0),
        categories=table.words("categories"),
    )


def _wording(top: Table) -> Iterator[tuple[str, tuple[Phrase, ...]]]:
    """Read the phrases of each language."""
    if "wording" not in top.entries:
        return
    lists = top.table("wording")
    lists.only(optional=LOCALES)
    for locale in lists.entries:
        yield locale, tuple(_phrase(row) for row in lists.rows(locale))


def _phrase(row: Table) -> Phrase:
    """Read a phrase and its better one."""
    row.only(required={"say", "better", "kind"})
    return Phrase(say=row.line("say"), better=row.line("better"), kind=row.code("kind", Fault))
