"""What a file would bring and what is wrong with it: as text, and as the file itself with its problems marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO

from services.imports.cells import written
from services.imports.jobs import Bad
from services.imports.sheets import Sheet
from services.messages import T, Text, lines, plain
from services.models import ImportJob

NAMED = 12  # problems in a text for people
LETTERS = 26
TOLD = frozenset(
    {"unit_known", "once", "order", "positive", "past", "short", "serial", "needed"}
    | {"refund_known", "refund_left", "refund_which"}
)  # no cell's form
NARROW, WIDE = 9, 44

Say = Callable[[Text], str]


def summary(job: ImportJob) -> Text:
    """Say how many rows there are and what they would do."""
    counts: Mapping[str, int] = job.counts or {}
    new, changed, same = (counts.get(state, 0) for state in ("new", "changed", "same"))
    kind = T(f"import.kind.{job.kind}")
    return T(
        "import.summary",
        kind=kind,
        name=plain(job.name),
        rows=job.rows,
        new=new,
        changed=changed,
        same=same,
        bad=job.bad,
    )


def problem(one: Mapping[str, str]) -> Text:
    """Say what is wrong with a cell: what it is called, what it says, what is expected."""
    expected = T(f"import.expected.{one['expected']}")
    where = f"{one['column']} {one['title']}".strip()
    if not where:
        return T("import.wrong.row", found=plain(one["found"]), expected=expected)
    if one["expected"] in TOLD:
        return T("import.wrong.told", where=plain(where), found=plain(one["found"] or "-"), expected=expected)
    return T("import.wrong.cell", where=plain(where), found=plain(one["found"] or "-"), expected=expected)


def told(bad: Sequence[Bad], *, most: int = NAMED) -> Iterator[Text]:
    """Yield a text for each problem, so many at most: sheet, row, column, what is wrong, what is expected."""
    named = 0
    for row in bad:
        for one in row.problems:
            if named == most:
                return
            named += 1
            yield T("import.row", row=row.row, sheet=plain(f" {row.sheet}" if row.sheet else ""), wrong=problem(one))


def text(job: ImportJob, bad: Sequence[Bad]) -> Text:
    """Put the whole dry run into one text."""
    shown = list(told(bad))
    rest = sum(len(row.problems) for row in bad) - len(shown)
    more = [T("import.more", count=rest)] if rest > 0 else []
    return lines(summary(job), *shown, *more)


def annotated(found: Iterable[Sheet], bad: Sequence[Bad], *, say: Say) -> bytes:
    """Return the file as a workbook: what is wrong is coloured, and told in a column of its own."""
    import xlsxwriter  # noqa: PLC0415 - few turns need it

    by_row = {(row.sheet, row.row): row.problems for row in bad}
    out = BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    with xlsxwriter.Workbook(out, options) as book:
        marked = book.add_format({"bg_color": "#FFD9D0", "text_wrap": True, "valign": "top"})
        for sheet in found:
            page = book.add_worksheet(sheet.name[:31] or None)
            width = sheet.width
            page.set_column(0, max(width - 1, 0), NARROW * 1.6)
            page.set_column(width, width, WIDE)
            for number, cells in sheet.rows():
                problems = by_row.get((sheet.name, number), ())
                wrong = {_column(one["column"]) for one in problems}
                for at, cell in enumerate(cells):
                    if said := written(cell):
                        page.write_string(number - 1, at, said, marked if at in wrong else None)
                if problems:
                    page.write_string(number - 1, width, "\n".join(say(problem(one)) for one in problems), marked)
    return out.getvalue()


def _column(letters: str) -> int:
    at = 0
    for sign in letters:
        at = at * LETTERS + ord(sign) - ord("A") + 1
    return at - 1
