"""Toy forms for the dialogue engine: one with a field of every kind, and the same after a deploy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from handlers.answers import Answers, files, filled, one_of, pick, score, words, yes_no
from handlers.form import Ask, Form, fields_of
from handlers.turn import Turn
from services.conversations import Option
from services.messages import Reply, T, Text, plain, reply
from services.refusals import Refused
from services.texts import Texts


class Pet(StrEnum):
    """What one may keep."""

    CAT = "yes"
    DOG = "no"


class Fewer(StrEnum):
    """After a deploy no dogs may be kept."""

    CAT = "yes"


class NoParrots(Refused):
    """An expected refusal that asks for something else."""

    key = "refused.nothing_shown"
    ends = False


async def rooms(turn: Turn, so_far: Answers) -> Sequence[Option]:
    return [Option("kitchen", plain("厨房")), Option("bath", plain("卫生间"))]


async def other_room(turn: Turn) -> str | None:
    return "hall" if "客厅" in turn.text else None


def has_dog(so_far: Answers) -> bool:
    return so_far.get("pet") == Pet.DOG


@dataclass(frozen=True, kw_only=True)
class Toy(Form, name="toy"):
    """One field of every kind."""

    confirms: ClassVar[bool] = True
    extras: ClassVar[tuple[str, ...]] = ("urgent",)

    called: Annotated[str, words(least=2)]
    pet: Annotated[Pet, one_of(Pet, "word")]
    bites: Annotated[bool, yes_no(when=has_dog)] = False
    room: Annotated[str, pick(rooms, other=other_room)]
    mark: Annotated[int, score()]
    photos: Annotated[Sequence[int], files()]
    remark: Annotated[str, words(optional=True)] = ""
    urgent: Annotated[bool, filled()] = False

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        return Ask("called", T("unclear.words")) if so_far["called"] == "没有名字" else None

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        return {"remark": turn.text} if turn.text.startswith("补充") else None

    async def summary(self, turn: Turn) -> Text:
        return plain(f"{self.called} {self.pet} {self.room}")

    async def submit(self, turn: Turn) -> Reply:
        if self.called == "鹦鹉":
            raise NoParrots
        assert isinstance(self.pet, Pet)
        assert isinstance(self.mark, int)
        assert self.bites is False or self.pet is Pet.DOG
        return reply(plain(f"done {self.called} {self.pet} {self.bites} {self.remark} {self.urgent}"))


@dataclass(frozen=True, kw_only=True)
class Deployed(Form, name="toy"):
    """The same form after a deploy: a field is new, one is gone, one was renamed, an option is gone."""

    confirms: ClassVar[bool] = True

    called: Annotated[str, words(least=2)]
    pet: Annotated[Fewer, one_of(Fewer, "word")]
    place: Annotated[str, pick(rooms)]
    floor: Annotated[str, words()]
    lift: Annotated[bool, yes_no()] = False

    async def summary(self, turn: Turn) -> Text:
        return plain(self.called)

    async def submit(self, turn: Turn) -> Reply:
        assert isinstance(self.pet, Fewer)
        return reply(plain(f"deployed {self.called} {self.place} {self.floor}"))


def with_toys(texts: Texts) -> Texts:
    """Add the toy's sentences to the catalogues."""
    fields = [*fields_of(Toy), *fields_of(Deployed)]
    keys = ["toy.yes", "toy.urgent.button", *(f"toy.{name}" for name in fields), *(f"toy.{n}.label" for n in fields)]
    own = {("", key): key for key in keys}
    return Texts({locale: {**sentences, **own} for locale, sentences in texts._sentences.items()})
