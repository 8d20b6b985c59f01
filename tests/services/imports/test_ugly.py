"""Ugly files are read as a person would read them, or refused with the cell and what is expected there."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot import importing
from services.actors import House
from services.imports.sheets import NoTableError
from tests.support import ugly
from tests.support.ugly import Ugly

HOUSE = House(1, "Files", ZoneInfo("Asia/Shanghai"), "zh_Hans", "0571-8888 0000")
FOLDER = ugly.folder()


@pytest.mark.parametrize("case", FOLDER, ids=lambda case: case.name)
def test_a_file_is_read_in_spite_of(case: Ugly) -> None:
    table = importing.understood(case.raw, kind=case.kind, house=HOUSE, region="CN")
    found = list(table.lines())
    read = [{name: line.fields.get(name) for name in wanted} for line, wanted in zip(found, case.lines, strict=True)]
    problems = [(line.row, one.column, one.expected) for line in found for one in line.problems]
    assert (read, problems) == (list(case.lines), list(case.wrong))


def test_the_header_alone_tells_what_a_file_is_of() -> None:
    told = {
        case.file: importing.understood(case.raw, kind=None, house=HOUSE, region="CN").kind
        for case in FOLDER
        if case.file != "bl.csv"
    }
    assert told == {case.file: case.kind for case in FOLDER if case.file in told}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b"PK\x03\x04 and nothing of a workbook", "broken"),
        (b"\xd0\xcf\x11\xe0 an old one, cut off", "broken"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "encoding"),
    ],
)
def test_what_is_no_table_is_told_apart(raw: bytes, why: str) -> None:
    with pytest.raises(NoTableError, match=why):
        importing.understood(raw, kind=None, house=HOUSE, region="CN")


def test_the_folder_is_large_enough_and_is_shown() -> None:
    print(f"\n{'kind of ugliness':<40}{'read':>6}{'refused cells':>15}")
    for case in FOLDER:
        print(f"{case.name:<40}{len(case.lines):>6}{len(case.wrong):>15}")
    assert len({case.name for case in FOLDER}) >= 25
