"""What was collected of a month: as text, as pictures, as a workbook; a collector's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import dropwhile

from services.actors import Actor, House
from services.db import Session
from services.digests.pages import Bars, Cell, Lines, Page, Rate, Table
from services.dunning import rates
from services.dunning.rates import Part, Sums
from services.messages import Cents, Choice, Style, T, Text, When, lines, plain
from services.refusals import Refused
from services.stretches import Stretch

TEXT, PICTURE, TABLE, OWN = "rates", "rates.picture", "rates.table", "rates.own"
MOST = 12  # of each grouping in a message, the lowest rates first; the workbook has all
MOST_BARS = 16


async def pages(session: Session, actor: Actor, *, kind: str, house: House, span: Stretch) -> Sequence[Page]:
    """Put it together; whoever may not see it any more gets the refusal's words."""
    month = span.starts_at.astimezone(house.zone).date()
    try:
        if kind == OWN:
            return [await _own(session, actor, month, span)]
        found = await rates.parts(session, actor, months=rates.months_to(month, 1 if kind == TEXT else rates.TRENDS))
        here = [part for part in found if part.community_id == house.id]
        of_month = [part for part in here if part.month == month]
        if not of_month:
            return [Page(T("rates.none"))]
        if kind == PICTURE:
            return _pictures(here, of_month)
        if kind == TABLE:
            return [await _book(session, actor, found, month, span)]
        return [await _text(session, actor, of_month, month, span)]
    except Refused as refused:
        return [Page(refused.text)]


async def _text(session: Session, actor: Actor, found: Sequence[Part], month: date, span: Stretch) -> Page:
    names = await rates.collectors(session, [part.collector_id for part in found])
    why = await rates.reasons(session, actor, since=span.starts_at, until=span.ends_at)
    ended, kept = await rates.promised(session, actor, since=span.starts_at, until=span.ends_at)
    sums = rates.total(found)
    phases = rates.folded(found, lambda part: part.phase)
    buildings = rates.folded(found, lambda part: part.building)
    collectors = rates.folded(found, lambda part: part.collector_id)
    text = lines(
        T("rates.head", month=When(span.starts_at, Style.DAY), percent=sums.percent),
        T("rates.sums", due=Cents(sums.due), paid=Cents(sums.paid)),
        *(
            _listed(T("rates.by_phase"), [(_phase(name), one) for name, one in phases.items()])
            if len(phases) > 1
            else ()
        ),
        *_listed(T("rates.by_building"), [(_building(name), one) for name, one in buildings.items()]),
        *_listed(T("rates.by_collector"), [(_who(name, names), one) for name, one in collectors.items()]),
        T("rates.promises", ended=ended, kept=kept) if ended else None,
        T("rates.why") if why else None,
        *(T("rates.reason", reason=T(f"arrears.{name}"), count=count) for name, count in why),
        T("rates.rule"),
    )
    asked = f"{month:%Y-%m}"
    taps = [Choice(T(f"rates.{kind}"), f"go:rates:{asked} {kind}") for kind in ("picture", "table")]
    return Page(text, [taps])


def _listed(title: T, found: Sequence[tuple[Text, Sums]]) -> Sequence[Text]:
    """List the lowest rates first."""
    ordered = sorted(found, key=lambda pair: pair[1].share or 0)
    shown = [T("rates.line", name=name, percent=sums.percent, paid=Cents(sums.paid)) for name, sums in ordered[:MOST]]
    return [title, *shown, *([T("rates.more", count=len(found) - MOST)] if len(found) > MOST else [])]


def _phase(name: str) -> Text:
    return plain(name) if name else T("rates.elsewhere")


def _building(name: str) -> Text:
    return T("buildings.one", building=name) if name else T("rates.elsewhere")


def _who(staff_id: int | None, names: Mapping[int, str]) -> Text:
    return plain(names[staff_id]) if staff_id is not None and staff_id in names else T("rates.nobody")


def _pictures(year: Sequence[Part], of_month: Sequence[Part]) -> Sequence[Page]:
    """Draw twelve months as a line, and the month's buildings as bars, the lowest first."""
    sums = rates.folded(year, lambda part: part.month)
    months = [*dropwhile(lambda one: one not in sums, rates.months_to(max(sums)))]
    shares = [Rate(sums[one].share) if one in sums else Rate(None) for one in months]
    trend = Lines(
        "rates", T("chart.rates"), [f"{one:%y}/{one.month}" for one in months], [(T("chart.collected"), shares)]
    )
    buildings = rates.folded(of_month, lambda part: part.building)
    lowest = sorted(buildings.items(), key=lambda pair: pair[1].share or 0)[:MOST_BARS]
    values = [round(100 * (one.share or 0)) for _, one in lowest]
    bars = Bars(
        "buildings", T("chart.by_building"), [_building(name) for name, _ in lowest], [(None, values)], lying=True
    )
    month = f"{of_month[0].month:%Y-%m}"
    return [Page(T("rates.trend", month=month), charts=[trend]), Page(T("rates.buildings", month=month), charts=[bars])]


async def _book(session: Session, actor: Actor, found: Sequence[Part], month: date, span: Stretch) -> Page:
    """Write every grouping as a sheet, then reasons and promises."""
    names = await rates.collectors(session, [part.collector_id for part in found])
    estates = await rates.estates(session, [part.community_id for part in found])
    now = [part for part in found if part.month == month]
    here = [part for part in now if part.community_id == actor.community_id]
    why = await rates.reasons(session, actor, since=span.starts_at, until=span.ends_at)
    ended, kept = await rates.promised(session, actor, since=span.starts_at, until=span.ends_at)
    months = rates.folded([part for part in found if part.community_id == actor.community_id], lambda part: part.month)
    tables = [
        _sheet(T("rates.book.month"), [(f"{name:%Y-%m}", sums) for name, sums in sorted(months.items())]),
        _sheet(
            T("rates.book.community"),
            [(plain(estates[name]), sums) for name, sums in rates.folded(now, lambda part: part.community_id).items()],
        ),
        _sheet(
            T("rates.book.phase"),
            [(_phase(name), sums) for name, sums in rates.folded(here, lambda part: part.phase).items()],
        ),
        _sheet(
            T("rates.book.building"),
            [(_building(name), sums) for name, sums in rates.folded(here, lambda part: part.building).items()],
        ),
        _sheet(
            T("rates.book.collector"),
            [(_who(name, names), sums) for name, sums in rates.folded(here, lambda part: part.collector_id).items()],
        ),
        Table(T("rates.book.reasons"), WHY, [(T(f"arrears.{name}"), count) for name, count in why], (18, 10)),
        Table(T("rates.book.promises"), KEPT, [(ended, kept, Rate(kept / ended if ended else None))], (14, 14, 10)),
    ]
    return Page(T("rates.book", month=f"{month:%Y-%m}"), workbook=tables, filename=f"rates-{month:%Y-%m}.xlsx")


HEADS = (T("rates.book.name"), T("rates.book.due"), T("rates.book.paid"), T("rates.book.rate"))
WHY = (T("rates.book.reason"), T("rates.book.times"))
KEPT = (T("rates.book.ended"), T("rates.book.kept"), T("rates.book.rate"))


def _sheet(title: T, found: Sequence[tuple[Cell, Sums]]) -> Table:
    rows = [(name, sums.due / 100, sums.paid / 100, Rate(sums.share)) for name, sums in found]
    return Table(title, HEADS, rows, (22, 16, 16, 10))


async def _own(session: Session, actor: Actor, month: date, span: Stretch) -> Page:
    """Say what landed and counts for a collector, and by which rule."""
    begun = When(span.starts_at, Style.DAY)
    found = await rates.own(session, actor, month=month, since=span.starts_at, until=span.ends_at)
    return Page(
        lines(
            T("rates.own", month=begun, cents=Cents(found.landed), count=found.payments)
            if found.payments
            else T("rates.own_none", month=begun),
            T("rates.own_units", due=Cents(found.sums.due), paid=Cents(found.sums.paid), percent=found.sums.percent)
            if found.sums.due
            else None,
            T("collect.rule"),
            T("rates.rule"),
        )
    )
