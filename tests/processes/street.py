"""People who live with a service that keeps dying: they look, tap, and tap again when nothing happens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.botapi.driver import BotApi
from tests.botapi.people import Person
from tests.botapi.screen import Seen, UnreadError
from tests.botapi.wire import until
from tests.processes.cast import link_up
from tests.processes.wording import button, said

PATIENCE = 6.0  # seconds after which somebody taps again
DESPAIR = 90.0  # seconds after which nobody believes that anything will come
SURVEY = re.compile(r"p:(\d+):fixed:")
NUMBER = re.compile(r"\d{4}-\d{2,}")
MATTERS = ("厨房水槽漏水", "卧室灯不亮", "入户门锁打不开", "空调不制冷", "卫生间马桶堵了", "客厅插座没电了", "窗户关不上", "可视门铃坏了")
OWNERS = (
    ("王芳", "+8613800138000"),
    ("赵敏", "+8613800138005"),
    ("吴海", "+8613800138006"),
    ("周丽", "+8613800138007"),
    ("黄伟", "+8613800138008"),
    ("杨帆", "+8613800138011"),
    ("徐静", "+8613800138012"),
    ("孙浩", "+8613800138013"),
)
ENGINEERS = (
    ("王师傅", "+8613800138063"),
    ("刘师傅", "+8613800138064"),
    ("陈师傅", "+8613800138065"),
    ("周师傅", "+8613800138066"),
)

Look: TypeAlias = Callable[[Seen], bool]


@dataclass(slots=True)
class Owner:
    """Files, waits, looks at the work, says that it is good, and starts anew."""

    person: Person
    first: int
    began: int = 0
    numbers: list[str] = field(default_factory=list)

    async def lives(self, over: asyncio.Event, *, jobs: int) -> None:
        """Link up, then go through one job after the other: at least so many, until it is over."""
        await link_up(self.person, within=DESPAIR)
        while self.began < jobs or not over.is_set():
            await self._job()

    async def _job(self) -> None:
        matter = MATTERS[(self.first + self.began) % len(MATTERS)]
        self.began += 1
        before = len(await self.person.messages())
        await self.person.says(matter)
        summary = await sees(self.person, lambda seen: matter in seen.text and _has(seen, "repair.yes"), after=before)
        await insists(self.person, summary, "repair.yes", lambda seen: said("repair.filed") in seen.text, after=before)
        filed = await sees(self.person, lambda seen: said("repair.filed") in seen.text, after=before)
        number = _number(filed)
        self.numbers.append(number)
        done = await sees(self.person, lambda seen: number in seen.text and _has(seen, "do.owner_accepts"))
        await insists(
            self.person, done, "do.owner_accepts", lambda seen: number in seen.text and said("mine.accepted") in seen.text
        )

    async def rates(self, surveys: int) -> None:
        """Answer every survey that comes, as happy as can be, while so many are expected and come."""
        rated: set[str] = set()
        while len(rated) < surveys:
            fresh = await until(lambda: self._fresh(rated), within=2 * PATIENCE)
            if fresh is None:
                return
            message, prompt = fresh
            await insists(self.person, message, "survey.fixed.yes", lambda seen: bool(_tap(seen, prompt, "score")))
            score = await sees(self.person, lambda seen: bool(_tap(seen, prompt, "score")))
            await insists(self.person, score, "score.5", lambda seen: bool(_tap(seen, prompt, "words")))
            before = len(await self.person.messages())
            words = await sees(self.person, lambda seen: bool(_tap(seen, prompt, "words")))
            await insists(self.person, words, "word.skip", lambda seen: said("survey.thanks") in seen.text, after=before)
            rated.add(prompt)

    async def _fresh(self, rated: set[str]) -> tuple[Seen, str] | None:
        for message in await self.person.messages():
            asked = next(filter(None, (SURVEY.match(one.get("callback_data", "")) for one in message.buttons)), None)
            if asked is not None and asked[1] not in rated:
                return message, asked[1]
        return None


@dataclass(slots=True)
class Engineer:
    """Takes what is sent to him, goes there, and writes what he did."""

    person: Person
    done: set[str] = field(default_factory=set)

    async def works(self) -> None:
        """Work until sent home."""
        await link_up(self.person, welcome="menu.hello_staff", within=DESPAIR)
        while True:
            card = await until(self._next, within=PATIENCE)
            if card is not None:
                await self._job(_number(card))

    async def _next(self) -> Seen | None:
        fresh = (seen for seen in await self.person.messages() if _has(seen, "do.accept") and _is_card(seen))
        return next((seen for seen in fresh if _number(seen) not in self.done), None)

    async def _job(self, number: str) -> None:
        self.done.add(number)
        await self._presses(number, "do.accept")
        await self._presses(number, "do.arrived")
        before = len(await self.person.messages())
        question = said("done.what")
        await self._presses(number, "do.done", until_seen=lambda seen: number in seen.text and question in seen.text)
        await sees(self.person, lambda seen: number in seen.text and question in seen.text, after=before)
        await self.person.says("换了新的,试过没问题")
        await self._card_becomes(number, lambda card: not card.labels, within=DESPAIR)

    async def _presses(self, number: str, key: str, *, until_seen: Look | None = None) -> None:
        """Press a button of the ticket's newest card until the card goes on, or until something is seen."""
        before = len(await self.person.messages())

        async def is_over() -> bool | None:
            if until_seen is not None:
                return any(until_seen(seen) for seen in (await self.person.messages())[before:]) or None
            return (not _has(await self._card(number), key)) or None

        async def press() -> None:
            card = await self._card(number)
            if _has(card, key):
                await self.person.taps_on(card, button(key))

        await _again_and_again(self.person, press, is_over)

    async def _card(self, number: str) -> Seen:
        cards = [seen for seen in await self.person.messages() if _is_card(seen) and _number(seen) == number]
        return cards[-1]

    async def _card_becomes(self, number: str, look: Look, *, within: float) -> None:
        async def find() -> bool | None:
            return look(await self._card(number)) or None

        if await until(find, within=within) is None:
            raise UnreadError(f"the card of {number} did not change\n{await self.person.transcript()}")


async def people(api: BotApi) -> tuple[list[Owner], list[Engineer]]:
    """Bring everybody."""
    owners = [
        Owner(await api.user(1001 + at, name, phone=phone), first=at) for at, (name, phone) in enumerate(OWNERS)
    ]
    engineers = [
        Engineer(await api.user(2001 + at, name, phone=phone)) for at, (name, phone) in enumerate(ENGINEERS)
    ]
    return owners, engineers


async def sees(person: Person, look: Look, *, after: int = 0, within: float = DESPAIR) -> Seen:
    """Wait until a message looks so; the newest such one counts."""

    async def find() -> Seen | None:
        return next((seen for seen in reversed((await person.messages())[after:]) if look(seen)), None)

    found = await until(find, within=within)
    if found is None:
        raise UnreadError(f"{person.name} saw nothing within {within} s\n{await person.transcript()}")
    return found


async def insists(person: Person, message: Seen, key: str, look: Look, *, after: int = 0) -> None:
    """Tap a button, and again when nothing comes of it."""

    async def press() -> None:
        await person.taps_on(message, button(key))

    async def is_over() -> bool | None:
        return any(look(seen) for seen in (await person.messages())[after:]) or None

    await _again_and_again(person, press, is_over)


async def _again_and_again(
    person: Person, press: Callable[[], Awaitable[None]], is_over: Callable[[], Awaitable[bool | None]]
) -> None:
    for _ in range(int(DESPAIR / PATIENCE)):
        await press()
        if await until(is_over, within=PATIENCE):
            return
    raise UnreadError(f"{person.name} tapped in vain\n{await person.transcript()}")


def _has(seen: Seen, key: str) -> bool:
    return seen.button(button(key)) is not None


def _is_card(seen: Seen) -> bool:
    return NUMBER.search(seen.text.partition("\n")[0]) is not None and button("card.place")[:1] in seen.text


def _number(seen: Seen) -> str:
    found = NUMBER.search(seen.text)
    if found is None:
        raise UnreadError(f"no number in {seen.text!r}")
    return found[0]


def _tap(seen: Seen, prompt: str, name: str) -> str:
    taps = (one.get("callback_data", "") for one in seen.buttons)
    return next((tap for tap in taps if tap.startswith(f"p:{prompt}:{name}:")), "")
