"""What a digest or a sheet is made of before it is sent: pages of text with buttons, tables, charts; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from services.dunning.letters import Printed
from services.messages import Cents, Choice, Text


@dataclass(frozen=True, slots=True)
class Rate:
    """A share between 0 and 1, for a cell or a point of a chart; None of nothing."""

    value: float | None


Cell: TypeAlias = "Text | str | int | float | date | datetime | Cents | Rate | None"


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of a workbook."""

    title: Text
    heads: Sequence[Text]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Bars:
    """Stacked bars, or lying ones below each other; a label is a text or a sign."""

    name: str
    title: Text
    labels: Sequence[Text | str]
    series: Sequence[tuple[Text | None, Sequence[int]]]
    lying: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Shares over time, with the target that they are measured by."""

    name: str
    title: Text
    labels: Sequence[Text | str]
    series: Sequence[tuple[Text, Sequence[Rate]]]
    target: int | None = None
    counts: Sequence[int] = ()  # of how many, below each label


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a paper: what it is and its sum, and below it in small how it comes about."""

    left: Text
    right: Text | None = None
    below: Text | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """A statement or a receipt as a picture: heading, lines, what stands below."""

    name: str
    title: Text
    subtitle: Text
    rows: Sequence[Row]
    foot: Text


Chart: TypeAlias = "Bars | Lines"


@dataclass(frozen=True, slots=True)
class Page:
    """One message: its text, buttons, and what is drawn or written for it."""

    text: Text
    rows: Sequence[Sequence[Choice]] = ()
    charts: Sequence[Chart] = ()
    workbook: Sequence[Table] = ()
    filename: str = ""
    papers: Sequence[Paper] = ()
    letters: Sequence[Printed] = ()
    letters_in: str = ""  # their language: the estate's, whoever has them printed


def counted(names: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Order counts: the biggest first, of equals by name; what is nothing is left out."""
    return sorted(((name, count) for name, count in names.items() if count), key=lambda pair: (-pair[1], pair[0]))
