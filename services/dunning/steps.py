"""Which step towards a household comes next, or none: pure. The steps are data (`services/dunning.toml`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from services.catalog_file import Table, opened

SHIPPED = Path(__file__).parents[1] / "dunning.toml"
LONGEST = 3_660


class StepList(StrEnum):
    """Whom steps are for."""

    FEES = "fees"  # who pays for a home
    HANDOVER = "handover"  # an owner who has not taken his home over
    LEFT = "left"  # who sold or moved out, for what he left owing


Plan = Mapping[StepList, Sequence["Step"]]


class Name(StrEnum):
    """The steps there are texts for."""

    BEFORE = "before"
    DUE = "due"
    WEEK = "week"
    TALK = "talk"
    CALL = "call"
    MONTH = "month"
    VISIT = "visit"
    LETTER = "letter"
    LEGAL = "legal"
    KEYS = "keys"  # come and take your home over
    KEYS_AGAIN = "keys_again"
    LEFT = "left"
    LEFT_AGAIN = "left_again"


class Does(StrEnum):
    """What a step is."""

    MESSAGE = "message"
    CALL = "call"
    VISIT = "visit"
    LETTER = "letter"  # on paper, numbered: printed by who keeps the books
    LEGAL = "legal"  # on the list of those that are taken to court


OF_THE_OFFICE = frozenset({Does.LETTER, Does.LEGAL})


class Via(StrEnum):
    """Which way a message goes: chat is where somebody is reached best."""

    CHAT = "chat"
    SMS = "sms"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from which day on, for how many days it can still be taken."""

    name: Name
    days: int
    lasts: int
    does: Does
    via: Via = Via.CHAT


@dataclass(frozen=True, slots=True)
class Household:
    """What is known of a household: the due day of its oldest open bill that nothing holds up, what was tried."""

    oldest_due: date | None  # None: it owes nothing, or all that it owes is held up
    taken: Collection[str] = ()  # names of the steps taken for that bill
    last_at: datetime | None = None  # when its payer was last written to, for whatever home
    spared: bool = False  # a promise, hardship, an open complaint


@cache
def of(file: str) -> Plan:
    """Return the steps of the file that a community names; "" is the shipped one."""
    return load(Path(file) if file else None)


def load(path: Path | None = None) -> Plan:
    """Read the lists of steps, by default the shipped ones; `CatalogError` names what is wrong in the file.

    Without [handover] these owners get the steps of [fees]; without [left] who left gets none.
    """
    top = opened(path or SHIPPED)
    top.only(required={StepList.FEES}, optional={StepList.HANDOVER, StepList.LEFT})
    found = {name: _steps(top, name) for name in StepList}
    return found | {StepList.HANDOVER: found[StepList.HANDOVER] or found[StepList.FEES]}


def _steps(top: Table, of_list: StepList) -> Sequence[Step]:
    found = [_step(top, of_list, name, table) for name, table in top.tables(of_list)]
    if [step.days for step in found] != sorted({step.days for step in found}):
        raise top.wrong(of_list, "steps out of order", "steps by rising days")
    return tuple(found)


def _step(top: Table, of_list: StepList, name: str, table: Table) -> Step:
    table.only(required={"days", "lasts", "does"}, optional={"via"})
    if name not in set(Name):
        raise top.wrong(of_list, name, "one of " + ", ".join(Name))
    days, lasts = table.entries["days"], table.days("lasts", 1)
    if isinstance(days, bool) or not isinstance(days, int) or abs(days) > LONGEST:
        raise table.wrong("days", days, f"a whole number of days, {-LONGEST} to {LONGEST}")
    return Step(Name(name), days, max(1, lasts), table.code("does", Does), table.code("via", Via, Via.CHAT))


def following(
    steps: Sequence[Step], household: Household, *, today: date, now: datetime, between: timedelta
) -> Step | None:
    """Return the one step that is to be taken now; whatever was missed before it is left."""
    if household.oldest_due is None or household.spared:
        return None
    age = (today - household.oldest_due).days
    reached = [step for step in steps if step.days <= age]
    if not reached or age >= reached[-1].days + reached[-1].lasts or reached[-1].name in household.taken:
        return None
    step = reached[-1]
    too_soon = household.last_at is not None and now - household.last_at < between
    return None if too_soon and step.does is Does.MESSAGE else step


def furthest_ahead(plan: Plan) -> int:
    """Return how many days before its day a bill is first looked at."""
    return max([-step.days for steps in plan.values() for step in steps], default=0)
