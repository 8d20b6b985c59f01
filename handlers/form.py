"""What a form is: a frozen dataclass whose annotated fields are its questions."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar, get_type_hints

from handlers.answers import Answers, Kind, Question
from handlers.turn import Turn
from services.conversations import Option
from services.messages import Reply, T, Text


@dataclass(frozen=True, slots=True)
class Ask:
    """A form's check sends the person back to a field, with a word why."""

    name: str
    why: T


@dataclass(frozen=True)
class Form(ABC):
    """A dialogue; subclasses declare `name` and annotated fields, and say in `submit` what is done with them."""

    name: ClassVar[str]
    confirms: ClassVar[bool] = False  # a summary before submit
    extras: ClassVar[tuple[str, ...]] = ()  # filled fields that a button of the summary switches on
    expires: ClassVar[timedelta | None] = None
    on_top: ClassVar[bool] = False  # its question goes on top of any other
    announces: ClassVar[str] = ""  # the field whose words tell many homes of a danger, and report none
    gives_way: ClassVar[bool] = False  # words that are plainly something else go on; it is asked again afterwards
    hears_all: ClassVar[bool] = False  # "cancel" and "back" are answers like any other

    def __init_subclass__(cls, *, name: str, **kwargs: Any) -> None:  # noqa: ANN401
        """Name the form as its rows do."""
        super().__init_subclass__(**kwargs)
        cls.name = name

    @classmethod
    def offers(cls, so_far: Answers) -> Sequence[str]:
        """Return the extras that the summary offers: those that are not on yet."""
        return [extra for extra in cls.extras if not so_far.get(extra)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Put a field's question together; by convention its text is `<form>.<field>`."""
        return Question(T(f"{cls.name}.{name}"), options)

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """Return other answers that the words given for a field hold as well: a place, a time, a photo."""
        return {}

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:  # noqa: ARG003
        """Read words that come while the summary waits; return the answers they change, or None."""
        return None

    @classmethod
    def sums_up(cls, so_far: Answers) -> bool:  # noqa: ARG003
        """Whether a summary comes before submit; some answers end a form at once."""
        return cls.confirms

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:  # noqa: ARG003
        """Look at the whole form before it is submitted."""
        return None

    async def summary(self, turn: Turn) -> Text:  # noqa: ARG002
        """Say back what was understood; only for forms that confirm."""
        return T(f"{self.name}.summary")

    @abstractmethod
    async def submit(self, turn: Turn) -> Reply:
        """Do it."""


class Numbered(Form, name=""):
    """A form about a ticket, whose questions name its number."""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Put the number into the question."""
        return Question(T(f"{cls.name}.{name}", number=so_far["number"]), options)


@cache
def fields_of(form: type[Form]) -> Mapping[str, Kind]:
    """Return the form's questions by field name, in order."""
    hints = get_type_hints(form, include_extras=True)
    return {f.name: _kind(hints[f.name]) for f in dataclasses.fields(form)}


def _kind(hint: Any) -> Kind:  # noqa: ANN401
    return next(item for item in hint.__metadata__ if isinstance(item, Kind))
