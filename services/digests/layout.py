"""A sheet as pages: the text with every figure, target and definition; the pictures; the workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import dropwhile

from services.digests.pages import Bars, Cell, Chart, Lines, Page, Rate, Table, counted
from services.digests.sheets import Cause, Figure, Point, Sheet
from services.messages import Style, T, Text, When, joined, lines
from services.reports import Share

Label = Callable[[str], str]

MOST_SAID = 5  # causes in the text; the workbook has more
BETWEEN = " \u00b7 "
WORTH_SAYING = 3  # so many from one building, or in the same two hours


def pages(sheet: Sheet, *, kind: str, estate: str, label: Label) -> Sequence[Page]:
    """Lay a sheet out: a text for everybody, pictures and a workbook for who can see them."""
    name = f"{kind}-{sheet.span.starts_at.astimezone(sheet.zone):%Y-%m-%d}.xlsx"
    first, last = sheet.span.starts_at, sheet.span.ends_at - timedelta(hours=12)
    head = T(f"sheet.{kind}", estate=estate, first=When(first, Style.DAY), last=When(last, Style.DAY))
    if not any(point.received for point in sheet.trend) and not sheet.causes:
        return (Page(lines(head, T("sheet.asked.nothing"))),)
    known = bool(sheet.figures[0].before)  # there was a period before
    figures = [figure(one, known=known) for one in sheet.figures if one.told]
    said = lines(head, *figures, T("sheet.asked"), *_causes(sheet, label, known=known))
    return (
        Page(said),
        *(
            Page(chart.title, charts=[chart]) for chart in charts(sheet, label) if _shows(chart)
        ),  # one by one: large enough to read
        Page(T("sheet.workbook"), workbook=workbook(sheet, label), filename=name),
    )


def _shows(chart: Chart) -> bool:
    """Whether there is anything in a chart."""
    if isinstance(chart, Bars):
        return any(any(values) for _, values in chart.series)
    return any(rate.value is not None for _, rates in chart.series for rate in rates)


def figure(one: Figure, *, known: bool = True) -> T:
    """Say a figure with its target, what it was before, and how it is counted."""
    return T(
        "sheet.figure",
        name=T(f"kpi.{one.name}"),
        value=_said(one.value, one.name),
        mark=T("sheet.kept" if one.kept else "sheet.missed") if one.kept is not None else None,
        target=_target(one),
        before=T("sheet.before", value=_said(one.before, one.name)) if known and one.before is not None else None,
        how=T("sheet.how", how=T(f"kpi.{one.name}.how")),
    )


def _target(one: Figure) -> T | None:
    if one.target is None:
        return None
    return T("sheet.target.at_most" if one.at_most else "sheet.target", percent=one.target)


def _said(value: Share | float | None, name: str) -> Text:
    if isinstance(value, Share):
        if value.rate is None:
            return T("sheet.none")
        return T("sheet.share", percent=f"{value.rate * 100:.1f}", count=value.count, of=value.of)
    if value is None:
        return T("sheet.none")
    return T("sheet.seconds" if name == "alarm_seconds" else "sheet.count", count=round(value))


def _causes(sheet: Sheet, label: Label, *, known: bool) -> Iterator[Text]:
    if not sheet.causes:
        yield T("sheet.asked.nothing")
    for place, one in enumerate(sheet.causes[:MOST_SAID], start=1):
        yield T(
            "sheet.cause",
            place=place,
            name=label(one.category),
            count=one.count,
            before=T("sheet.before", value=T("sheet.count", count=one.before)) if known else None,
            why=_why(one),
        )


def _why(one: Cause) -> Text | None:
    """Name the building and the hours that most of it came from, when it came often enough to say so."""
    stands = [
        T("sheet.cause.building", building=one.building, count=one.of_building)
        if one.of_building >= WORTH_SAYING
        else None,
        T("sheet.cause.hours", first=one.hour, last=one.hour + 2, count=one.of_hours)
        if one.of_hours >= WORTH_SAYING
        else None,
    ]
    found = [part for part in stands if part is not None]
    return T("sheet.cause.why", why=joined(found, BETWEEN)) if found else None


def charts(sheet: Sheet, label: Label) -> Sequence[Chart]:
    """Draw a picture per trend, and what was asked most, and when."""
    trend = _begun(sheet.trend)
    weeks = [_week(point.span.starts_at, sheet) for point in trend]
    causes = [label(one.category) for one in sheet.causes]
    return (
        _volume(trend, weeks),
        *_shares(sheet, trend, weeks),
        _again(trend, weeks),
        Bars("causes", T("chart.causes"), causes, [(None, [one.count for one in sheet.causes])], lying=True),
        Bars("hours", T("chart.hours"), [str(hour) for hour in range(24)], [(None, sheet.hours)]),
    )


def _volume(trend: Sequence[Point], weeks: Sequence[str]) -> Bars:
    series = [
        (T("chart.homes"), [point.homes for point in trend]),
        (T("chart.public"), [point.public for point in trend]),
        (T("chart.complaints"), [point.complaints for point in trend]),
        (T("chart.others"), [point.others for point in trend]),
    ]
    return Bars("volume", T("chart.volume"), weeks, series)


def _again(trend: Sequence[Point], weeks: Sequence[str]) -> Bars:
    series = [
        (T("kpi.reworks"), [point.reworks for point in trend]),
        (T("kpi.returned"), [point.returned for point in trend]),
    ]
    return Bars("again", T("chart.again"), weeks, series)


def _shares(sheet: Sheet, trend: Sequence[Point], weeks: Sequence[str]) -> Iterator[Lines]:
    targets = {one.name: one.target for one in sheet.figures}
    replies = [
        (T("kpi.replied"), [Rate(point.replied.rate) for point in trend]),
        (T("kpi.in_time"), [Rate(point.in_time.rate) for point in trend]),
    ]
    of_replies = [point.replied.of for point in trend]
    yield Lines("replies", T("chart.replies"), weeks, replies, targets["in_time"], of_replies)
    scores = [(T("kpi.satisfied"), [Rate(point.satisfied.rate) for point in trend])]
    of_scores = [point.satisfied.of for point in trend]
    yield Lines("satisfied", T("chart.satisfied"), weeks, scores, targets["satisfied"], of_scores)


def _begun(trend: Sequence[Point]) -> Sequence[Point]:
    """Leave out the weeks before the first request ever."""
    return list(dropwhile(lambda point: not point.received, trend))


def _week(starts_at: datetime, sheet: Sheet) -> str:
    local = starts_at.astimezone(sheet.zone)
    return f"{local.month}/{local.day}"


def workbook(sheet: Sheet, label: Label) -> Sequence[Table]:
    """Lay out the workbook: figures with definitions, then each way of dividing them."""
    share = (T("book.name"), T("book.value"), T("book.count"), T("book.of"))
    return (
        Table(
            T("book.figures"),
            (*share, T("book.target"), T("book.kept"), T("book.before"), T("book.how")),
            [_row(one) for one in sheet.figures],
            (18, 10, 8, 8, 8, 8, 10, 70),
        ),
        Table(T("book.satisfied"), share, [_share(team, one) for team, one in sheet.satisfied.items()], (16,)),
        Table(T("book.completed"), share, [_share(team, one) for team, one in sheet.completed.items()], (16,)),
        _counts(T("book.kinds"), [(T(f"kind.{name}"), count) for name, count in counted(sheet.kinds)]),
        _counts(T("book.sources"), [(T(f"source.{name}"), count) for name, count in counted(sheet.sources)]),
        _counts(T("book.buildings"), [(_building(name), count) for name, count in counted(sheet.buildings)]),
        _counts(T("book.hours"), list(enumerate(sheet.hours))),
        Table(
            T("book.causes"),
            (T("book.name"), T("book.count"), T("book.before"), T("book.building"), T("book.hour")),
            [(label(c.category), c.count, c.before, c.building, c.hour) for c in sheet.causes],
            (24, 8, 8, 10, 10),
        ),
        Table(
            T("book.trend"),
            (T("book.week"), *TREND),
            [
                (
                    p.span.starts_at,
                    *(p.homes, p.public, p.complaints, p.others),
                    *(Rate(p.replied.rate), Rate(p.in_time.rate), Rate(p.satisfied.rate)),
                    *(p.reworks, p.returned),
                )
                for p in sheet.trend
            ],
            (16,),
        ),
    )


TREND = (
    *(T("chart.homes"), T("chart.public"), T("chart.complaints"), T("chart.others")),
    *(T("kpi.replied"), T("kpi.in_time"), T("kpi.satisfied"), T("kpi.reworks"), T("kpi.returned")),
)


def _building(name: str) -> T:
    return T("buildings.one", building=name) if name else T("buildings.public")


def _counts(title: T, found: Sequence[tuple[Cell, int]]) -> Table:
    return Table(title, (T("book.name"), T("book.count")), found, (20,))


def _share(team: str, one: Share) -> Sequence[Cell]:
    return T(f"team.{team}"), Rate(one.rate), one.count, one.of


def _row(one: Figure) -> Sequence[Cell]:
    kept = None if one.kept is None else T("book.yes" if one.kept else "book.no")
    target = None if one.target is None else Rate(one.target / 100)
    how = T(f"kpi.{one.name}.how")
    return T(f"kpi.{one.name}"), *_cells(one.value), target, kept, _cells(one.before)[0], how


def _cells(value: Share | float | None) -> tuple[Cell, Cell, Cell]:
    if isinstance(value, Share):
        return Rate(value.rate), value.count, value.of
    return value, None, None
