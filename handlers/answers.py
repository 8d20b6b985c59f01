"""Kinds of answer: what is offered, how typed words are read, how the value is shown again.

A value is kept as JSON; `load` turns it into what the form's field says. What can't be read raises `Unclear`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rapidfuzz import fuzz, process

from handlers.turn import Turn
from handlers.words import STRIP, spellings
from services import media
from services.conversations import Option
from services.messages import Keyboard, MediaKind, T, Text, plain
from services.understanding.normalise import normalise
from services.understanding.numbers import choice_number

Answers = Mapping[str, Any]
Options = Callable[[Turn, Answers], Awaitable[Sequence[Option]]]
When = Callable[[Answers], bool]

CLOSE_SPELLING = 80
NAME = 2  # so many signs may stand for a label that begins with them
MOST_WORDS = 1000


class Unclear(Exception):  # noqa: N818 - not an error: people are asked again
    """The words don't answer the question; the text says what would."""

    def __init__(self, hint: T) -> None:
        """Take the hint for the person."""
        super().__init__(hint.key)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the text, the options, the keyboard below."""

    text: Text
    options: Sequence[Option] = ()
    keyboard: Keyboard | None = None
    across: int = 2


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of answer. `asked=False`: never asked, only filled; `optional`: may be skipped.

    `derived`: found out from the answers before it, asked only where something was found.
    """

    when: When | None = None
    asked: bool = True
    optional: bool = False
    derived: bool = False

    async def known(self, turn: Turn, so_far: Answers) -> Any:  # noqa: ANN401, ARG002
        """Return the value when it needs no asking (the only flat), else None."""
        return None

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Return what is offered."""
        return ()

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Return the JSON value that the turn's words or tap stand for; raises `Unclear`."""
        found = chosen(turn, options)
        if found is None:
            raise Unclear(T("unclear.choose"))
        return found.value

    def load(self, value: Any) -> Any:  # noqa: ANN401
        """Turn the JSON value into the field's own type; raises ValueError when it no longer fits."""
        return value

    def show(self, value: Any, options: Sequence[Option]) -> T:  # noqa: ANN401
        """Say the value again, for the summary."""
        label = next((option.label for option in options if option.value == value), None)
        return label or plain(str(value))


def chosen(turn: Turn, options: Sequence[Option]) -> Option | None:
    """Return the option that the typed words mean: its digit, its position, its label, a close spelling."""
    words = normalise(turn.text).lower().strip(STRIP)
    number = choice_number(turn.text)
    if number is not None:
        by_digit = next((o for o in options if o.digit == str(number)), None)
        if by_digit is not None or any(o.digit for o in options):
            return by_digit
        return options[number - 1] if 0 < number <= len(options) else None
    if not words:
        return None
    labels = {said: index for index, option in enumerate(options) for said in spellings(turn, option.label)}
    if words in labels:
        return options[labels[words]]
    begun = {index for label, index in labels.items() if len(words) >= NAME and label.startswith(words)}
    if len(begun) == 1:
        return options[begun.pop()]
    close = process.extractOne(words, list(labels), scorer=fuzz.ratio, score_cutoff=CLOSE_SPELLING)
    return options[labels[close[0]]] if close else None


@dataclass(frozen=True, kw_only=True)
class Words(Kind):
    """Free words, a voice message or a picture with or without a line."""

    least: int = 1

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Take the words as they are; a file without words speaks for itself."""
        if turn.inbound.media and not turn.text:
            voice = any(file.kind is MediaKind.VOICE for file in turn.inbound.media)
            return turn.label(T("repair.voice_only" if voice else "repair.photo_only"))
        if len(turn.text) < self.least:
            raise Unclear(T("unclear.words"))
        return turn.text[:MOST_WORDS]


@dataclass(frozen=True, kw_only=True)
class Pick(Kind):
    """One of the options that a function gives; `other` reads words that name none of them, `only` needs no asking."""

    of: Options
    other: Callable[[Turn], Awaitable[Any]] | None = None
    only: Callable[[Turn, Answers], Awaitable[Any]] | None = None

    async def known(self, turn: Turn, so_far: Answers) -> Any:  # noqa: ANN401
        """Ask the function whether there is anything to choose."""
        return await self.only(turn, so_far) if self.only else None

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:
        """Ask the function."""
        return await self.of(turn, so_far)

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Prefer an option; else let `other` read the words."""
        found = chosen(turn, options)
        if found is not None:
            return found.value
        value = await self.other(turn) if self.other else None
        if value is None:
            raise Unclear(T("unclear.choose"))
        return value


@dataclass(frozen=True, kw_only=True)
class OneOf(Kind):
    """A member of an enum, labelled `<prefix>.<value>`."""

    among: type[StrEnum]
    prefix: str

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer every member."""
        return [Option(member.value, T(f"{self.prefix}.{member.value}")) for member in self.among]

    def load(self, value: Any) -> Any:  # noqa: ANN401
        """Turn the value into the member; a member that is gone raises ValueError."""
        return self.among(value)


@dataclass(frozen=True, kw_only=True)
class YesNo(Kind):
    """Yes or no."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer both."""
        return [Option(value=True, label=T("word.yes")), Option(value=False, label=T("word.no"))]


@dataclass(frozen=True, kw_only=True)
class Score(Kind):
    """One to five, five is best; every digit has its word beside it. Zero is another answer: not fixed."""

    zero: str = ""  # key of the label for 0, if it may be answered

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer the five, best first."""
        five = [Option(score, T(f"score.{score}"), str(score)) for score in (5, 4, 3, 2, 1)]
        return [*five, Option(0, T(self.zero), "0")] if self.zero else five


@dataclass(frozen=True, kw_only=True)
class Files(Kind):
    """Photos, voice messages, documents, one after the other until "done"."""

    most: int = 9

    def gather(self, before: Sequence[Any], value: Any) -> tuple[list[Any], bool]:  # noqa: ANN401
        """Put an answer to those before it; tell whether more may come."""
        return (list(before), False) if value == "done" else ([*before, *value], True)

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer to end."""
        return [Option("done", T("word.done"))]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Take what came, or the end of the list."""
        if turn.inbound.media:
            return await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        if chosen(turn, options) is None:
            raise Unclear(T("unclear.files"))
        return "done"


def filled(*, when: When | None = None) -> Kind:
    """Never asked: known from what was said, or left at its default."""
    return Kind(when=when, asked=False)


def words(*, least: int = 1, optional: bool = False, when: When | None = None) -> Words:
    """Free words."""
    return Words(least=least, optional=optional, when=when)


def pick(
    of: Options,
    *,
    other: Callable[[Turn], Awaitable[Any]] | None = None,
    only: Callable[[Turn, Answers], Awaitable[Any]] | None = None,
    optional: bool = False,
    when: When | None = None,
) -> Pick:
    """One of what a function offers."""
    return Pick(of=of, other=other, only=only, optional=optional, when=when)


def one_of(among: type[StrEnum], prefix: str, *, when: When | None = None) -> OneOf:
    """A member of an enum."""
    return OneOf(among=among, prefix=prefix, when=when)


def yes_no(*, when: When | None = None) -> YesNo:
    """Yes or no."""
    return YesNo(when=when)


def score(*, zero: str = "", when: When | None = None) -> Score:
    """One to five."""
    return Score(zero=zero, when=when)


def files(*, most: int = 9, when: When | None = None) -> Files:
    """Photos and the like until "done"."""
    return Files(most=most, when=when)
