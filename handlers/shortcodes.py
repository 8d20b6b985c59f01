"""Short codes of employees: a word, a ticket's number, the rest. They work by text message and in chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers import buttons, words, work
from handlers.turn import Turn
from handlers.verbs import CODES, VERBS
from handlers.words import SPELLED_LONGER
from services.messages import Reply, T, reply
from services.models import Ticket
from services.refusals import NotFound
from services.tickets import finding
from services.understanding.normalise import normalise

NUMBER = re.compile(r"\s*#?(?P<number>(?:\d{4}-)?\d{1,3})(?!\d)(?P<rest>.*)", re.DOTALL)
SHORTEST = 2  # digits of a number that words follow without a space


@dataclass(frozen=True, slots=True)
class Code:
    """A short code, read: what to do, to which number, and the words after it."""

    verb: str
    number: str
    rest: str


async def answer(turn: Turn, *, asked: bool) -> Reply | None:
    """Do what a short code says; None when the words are none. `asked`: a question is open that they may answer."""
    if turn.actor.staff is None or not turn.text:
        return None
    if words.means(turn, "short.help"):
        return reply(T("short.how"))
    code = read(turn)
    if code is None:
        return None
    found = await _meant(turn, code)
    if not found:
        return None if asked else reply(T("short.no_such", number=code.number))
    fitting = buttons.fitting(turn.actor, code.verb, found)
    if len(fitting) > 1:
        return work.which(fitting, code.verb)
    rest = replace(turn, inbound=replace(turn.inbound, text=code.rest))
    return await VERBS[code.verb](rest, fitting[0].id)


def read(turn: Turn) -> Code | None:
    """Read a short code; None when the words are none."""
    for key, verb in CODES.items():
        for word in sorted(words.variants(turn, key), key=len, reverse=True):
            found = _after(turn, word)
            if found is not None:
                return Code(verb, found["number"], found["rest"].strip(words.STRIP + ":\uff1a"))
    return None


def _after(turn: Turn, word: str) -> re.Match[str] | None:
    """Return the number that follows the word at the beginning; "14:20" and "3栋" are no numbers of tickets."""
    said = turn.text
    for length in range(len(word), min(len(word) + SPELLED_LONGER, len(said)) + 1):
        if normalise(said[:length]).lower() != word:
            continue
        found = NUMBER.fullmatch(said, length)
        if found is not None and not _counts_something(turn, found):
            return found
    return None


def _counts_something(turn: Turn, found: re.Match[str]) -> bool:
    rest = normalise(found["rest"]).lower() if found["rest"].strip() else ""
    if not rest or found["rest"][0].isspace():
        return False
    return len(found["number"]) < SHORTEST or rest.startswith(tuple(words.variants(turn, "short.units")))


async def _meant(turn: Turn, code: Code) -> Sequence[Ticket]:
    """Return the tickets that the number may mean: among those in hand, and the one of today."""
    try:
        named = [await finding.by_typed(turn.session, turn.actor, typed=code.number, now=turn.now)]
    except NotFound:
        named = []
    if "-" in code.number:
        return named
    held = await finding.held(turn.session, turn.actor)
    ending = f"-{int(code.number):02d}"
    return [*named, *(one for one in held if one.number.endswith(ending) and one not in named)]
