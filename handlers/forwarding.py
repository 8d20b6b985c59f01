"""A case that an office forwards, as it is taken down: which office, its number, in how many hours what is owed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from handlers import words
from handlers.turn import Turn
from services.messages import T, Text, When, joined, lines, plain
from services.models import Person
from services.tickets import complaints
from services.tickets.requests import Outside
from services.understanding import vocabulary


class Office(StrEnum):
    """Who forwarded it."""

    HOTLINE = "hotline"
    STREET = "street"
    HOUSING = "housing"
    COMMITTEE = "committee"
    OTHER = "other"


def read(turn: Turn, text: str) -> tuple[dict[str, Any], str]:
    """Return the answers that the words hold about the office, and the words without them."""
    given: dict[str, Any] = {}
    for office in Office:
        if any(word in text for word in words.variants(turn, f"words.office.{office}") if word):
            given["office"] = office.value
            break
    number = _pattern("outside_number").search(text)
    if number is not None:
        given["outside"] = number[1]
        text = text.replace(number[0], " ")
    hours = _pattern("outside_hours").search(text)
    if hours is not None:
        given["hours"] = int(hours[1])
        text = text.replace(hours[0], " ")
    for word in sorted(words.variants(turn, "words.office.said"), key=len, reverse=True):
        text = text.replace(word, " ") if word else text
    return given, " ".join(text.split())


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return vocabulary.shipped().regex("complaints", name)


def outside(turn: Turn, *, office: str, number: str, hours: int) -> Outside:
    """Return the case with its clocks, in real hours from now."""
    figures = turn.policy.complaints
    reply = timedelta(hours=hours or figures.reply_hours)
    contact = min(timedelta(hours=figures.contact_hours), reply)
    return Outside(office=office, number=number, contact_by=turn.now + contact, reply_by=turn.now + reply)


async def shown(turn: Turn, case: Outside, person: Person | None, unit_id: int | None) -> Text:
    """Say the case back, and what an office asks first: whether he had told us before."""
    before = await complaints.told_before(
        turn.session,
        turn.actor,
        person_id=person.id if person is not None else None,
        unit_id=unit_id,
        now=turn.now,
    )
    # What is confidential is not told to the desk, nor is it said that there is none.
    nothing = T("forwarded.not_before") if turn.actor.is_lead else T("forwarded.leads_know")
    numbers: Sequence[T] = [plain(one.number) for one in before]
    return lines(
        T("forwarded.case", office=T(f"office.{case.office}"), outside=case.number),
        T("forwarded.clocks", contact=When(case.contact_by), by=When(case.reply_by)),
        T("forwarded.before", numbers=joined(numbers, " ")) if before else nothing,
    )


def given(so_far: Mapping[str, Any]) -> bool:
    """Whether the request came through an office."""
    return so_far.get("door") == "forwarded"
