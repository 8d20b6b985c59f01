"""What the office makes of those who do not pay: printed letters, the legal list, a household's record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services import places
from services.actors import Actor, House
from services.db import Session
from services.digests import letterpaper, record
from services.digests.pages import Cell, Page, Table
from services.dunning import evidence, legal, letters
from services.dunning.legal import Owing
from services.dunning.letters import Printed
from services.messages import Cents, Choice, Param, Style, T, Text, When, lines
from services.models import Unit
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.stretches import Stretch

PRINT, AGAIN, ONE = "letters.print", "letters.again", "letter:"
LEGAL, SUMMARY, RECORD = "legal", "legal.summary", "record:"
KINDS = (PRINT, AGAIN, ONE, LEGAL, RECORD)
MOST = 10  # of the legal list in a message; the workbook has all
COMMA = "\u3001"


async def pages(
    session: Session, actor: Actor, *, kind: str, key: str, house: House, span: Stretch, now: datetime
) -> Sequence[Page]:
    """Put it together; whoever may not see it any more gets the refusal's words."""
    try:
        if kind == PRINT:
            return [await _printed(session, actor, key, house, now)]
        if kind == AGAIN:
            found = await letters.last_batch(session, actor, community_id=house.id)
            return [_again(found, house) if found else Page(T("letters.none_printed"))]
        if kind.startswith(ONE):
            name = kind.removeprefix(ONE)
            return [_again([await letters.numbered(session, actor, community_id=house.id, name=name)], house)]
        if kind.startswith(RECORD):
            return [await _record(session, actor, int(kind.removeprefix(RECORD)), house)]
        return await _legal(session, actor, kind, house, span, now)
    except Refused as refused:
        return [Page(refused.text)]


async def number(
    session: Session, actor: Actor, *, house: House, batch: str, after: int, policy: Policy, now: datetime
) -> int | None:
    """Number the next letters that are wanted; return where to go on, None when all were looked at."""
    how = policy.payments.said(house.locale)
    lacking = letterpaper.lacking
    try:
        step = await letters.number(
            session, actor, house=house, batch=batch, after=after, lacking=lacking, how=how, now=now
        )
    except Refused:  # he may no more: the page says so
        return None
    return step.after


async def _printed(session: Session, actor: Actor, batch: str, house: House, now: datetime) -> Page:
    """Give what was numbered under a name, and say which letters wait for a sign."""
    found = await letters.batch(session, actor, community_id=house.id, name=batch)
    waiting = await letters.waiting(session, actor, house=house, lacking=letterpaper.lacking, now=now)
    waits = [T("letters.waits", unit=places.unit_label(one.unit), signs=COMMA.join(one.signs)) for one in waiting]
    if not found:
        return Page(lines(T("letters.none"), *waits))
    return _file(found, house, lines(T("letters.printed", **_sums(found)), *waits, T("letters.next")))


def _again(found: Sequence[Printed], house: House) -> Page:
    return _file(found, house, T("letters.again", **_sums(found)))


def _sums(found: Sequence[Printed]) -> dict[str, Param]:
    """Say how many they are, what they come to, and their numbers."""
    first, last = found[0].name, found[-1].name
    names = first if first == last else T("letters.range", first=first, last=last)
    return {"count": len(found), "cents": Cents(sum(one.letter.cents for one in found)), "names": names}


def _file(found: Sequence[Printed], house: House, text: Text) -> Page:
    names = "_".join(dict.fromkeys([found[0].name, found[-1].name]))
    return Page(text, letters=found, letters_in=house.locale, filename=f"letters-{names}.pdf")


async def _legal(
    session: Session, actor: Actor, kind: str, house: House, span: Stretch, now: datetime
) -> Sequence[Page]:
    """Give the list; a summary says what changed too, and nothing of nothing."""
    found = await legal.listed(session, actor, house=house, now=now)
    head, changes = T("legal.head"), None
    if kind == SUMMARY:
        figures = await legal.changes(session, actor, community_id=house.id, span=span)
        if not (found or figures.new or figures.settled):
            return []
        head = T("legal.summary", since=When(span.starts_at, Style.DATE), until=When(now, Style.DATE))
        changes = T("legal.changes", new=figures.new, settled=figures.settled, cents=Cents(figures.settled_cents))
    if not found:
        return [Page(lines(head, T("legal.none"), changes))]
    more = T("legal.more", count=len(found) - MOST) if len(found) > MOST else None
    text = lines(head, _figures(found), changes, *map(_line, found[:MOST]), more, T("legal.rule"))
    rows = [[Choice(places.unit_label(one.unit), f"go:record:{one.unit.id}")] for one in found[:3]]
    name = f"legal-{now.astimezone(house.zone):%Y-%m-%d}.xlsx"
    return [Page(text, rows, workbook=[_listed(found)], filename=name)]


def _figures(found: Sequence[Owing]) -> T:
    oldest = min(one.oldest for one in found)
    day = T("day.year", year=oldest.year, month=oldest.month, day=oldest.day)
    return T("legal.figures", count=len(found), cents=Cents(sum(one.cents for one in found)), oldest=day)


def _line(one: Owing) -> T:
    since = T("day.year", year=one.oldest.year, month=one.oldest.month, day=one.oldest.day)
    return T("legal.line", unit=places.unit_label(one.unit), cents=Cents(one.cents), since=since, letter=_letter(one))


def _letter(one: Owing) -> Text:
    if one.letter is None:
        return T("legal.no_letter")
    number = f"{one.letter.year}-{one.letter.number}"
    return T("legal.letter", number=number, handed=record.handed(one.handed))


def _listed(found: Sequence[Owing]) -> Table:
    heads = [T(f"legal.{name}") for name in COLUMNS]
    return Table(T("legal.sheet"), heads, [_row(one) for one in found], (20, 14, 10, 14, 12, 12, 8, 14, 8, 12, 30))


COLUMNS = ("unit", "name", "tie", "list", "listed_on", "oldest", "bills", "owed", "tried", "number", "handed")


def _row(one: Owing) -> Sequence[Cell]:
    return [
        places.unit_label(one.unit),
        one.name,
        T(f"letter.tie.{one.tie}"),
        T(f"dunning.list.{one.list}"),
        one.since,
        one.oldest,
        one.bills,
        Cents(one.cents),
        one.tried,
        f"{one.letter.year}-{one.letter.number}" if one.letter else "",
        record.handed(one.handed) if one.letter else T("legal.no_letter"),
    ]


async def _record(session: Session, actor: Actor, unit_id: int, house: House) -> Page:
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.community_id != house.id:
        raise NotFound
    found = await evidence.of(session, actor, unit=unit)
    parts = "-".join(part for part in (unit.building, unit.entrance, unit.room) if part)
    text = T("record.sent", unit=places.unit_label(unit), tried=len(found.tried), letters=len(found.letters))
    return Page(text, workbook=record.tables(found), filename=f"record-{parts}.xlsx")
