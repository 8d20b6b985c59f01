"""People who live with a service that keeps dying: owners who file and rate, engineers who go and mend."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from tests.botapi.driver import BotApi
from tests.botapi.screen import Seen, UnreadError
from tests.processes.cast import link_up
from tests.processes.phone import DESPAIR, PATIENCE, Look, Phone, sooner_or_later
from tests.processes.wording import button, said

NUMBER = re.compile(r"\d{4}-\d{2,}")
SURVEY_PATIENCE = 6 * PATIENCE  # longer than the leases of two kills in a row
SURVEY = re.compile(r"p:(\d+):fixed:")
MATTERS = (
    "厨房水槽漏水",
    "卧室灯不亮",
    "入户门锁打不开",
    "空调不制冷",
    "卫生间马桶堵了",
    "客厅插座没电了",
    "窗户关不上",
    "可视门铃坏了",
)
OWNERS = (
    ("王芳", "+8613800138000"),
    ("罗勇", "+8613800138019"),
    ("吴海", "+8613800138006"),
    ("周丽", "+8613800138007"),
    ("黄伟", "+8613800138008"),
    ("梁雪梅", "+8613800138020"),
    ("宋刚", "+8613800138021"),
    ("谢婷", "+8613800138022"),
)
ENGINEERS = (
    ("王师傅", "+8613800138063"),
    ("刘师傅", "+8613800138064"),
    ("陈师傅", "+8613800138065"),
)


@dataclass(slots=True)
class Owner:
    """Files, waits, looks at the work, says that it is good, and starts anew."""

    phone: Phone
    first: int
    began: int = 0
    numbers: list[str] = field(default_factory=list)

    async def lives(self, over: asyncio.Event) -> None:
        """Link up, then go through one job after the other until it is over, but at least one."""
        await link_up(self.phone.person, within=DESPAIR)
        while not (self.began and over.is_set()):
            await self._job()

    async def _job(self) -> None:
        phone, matter = self.phone, MATTERS[(self.first + self.began) % len(MATTERS)]
        self.began += 1
        before = await phone.count()
        await phone.person.says(matter)
        summary = await phone.sees(lambda seen: matter in seen.text and _has(seen, "repair.yes"), after=before)
        await phone.insists(summary, "repair.yes", _is_filed, after=before)
        number = _number(await phone.sees(_is_filed, after=before))
        self.numbers.append(number)
        done = await phone.sees(lambda seen: number in seen.text and _has(seen, "do.owner_accepts"))
        await phone.insists(done, "do.owner_accepts", _says("mine.accepted", number))

    async def rates(self) -> None:
        """Answer the surveys as happy as can be, while there are some to come."""
        rated: set[str] = set()
        while len(rated) < len(self.numbers):
            asked = await sooner_or_later(lambda: self._asked(rated), within=SURVEY_PATIENCE)
            if asked is None:
                return  # its question died on the way
            rated.add(await self._rate(asked))

    async def _asked(self, rated: set[str]) -> Seen | None:
        fresh = (seen for seen in await self.phone.messages() if _survey(seen) not in rated | {""})
        return next(fresh, None)

    async def _rate(self, fixed: Seen) -> str:
        phone, survey = self.phone, _survey(fixed)
        await phone.insists(fixed, "survey.fixed.yes", lambda seen: _asks(seen, survey, "score"))
        score = await phone.sees(lambda seen: _asks(seen, survey, "score"))
        await phone.insists(score, "score.5", lambda seen: _asks(seen, survey, "words"))
        words = await phone.sees(lambda seen: _asks(seen, survey, "words"))
        await phone.insists(words, "word.skip", _says("survey.thanks"), after=await phone.count())
        return survey


@dataclass(slots=True)
class Engineer:
    """Takes what is sent to him, goes there, and writes what he did."""

    phone: Phone
    took: set[str] = field(default_factory=set)

    async def works(self) -> None:
        """Work until sent home."""
        await link_up(self.phone.person, welcome="menu.hello_staff", within=DESPAIR)
        while True:
            card = await sooner_or_later(self._next, within=DESPAIR)
            if card is not None:
                await self._job(_number(card))

    async def _next(self) -> Seen | None:
        waiting = (seen for seen in await self.phone.messages() if _is_card(seen) and _has(seen, "do.accept"))
        return next((seen for seen in waiting if _number(seen) not in self.took), None)

    async def _job(self, number: str) -> None:
        self.took.add(number)
        question = _says("done.what", number)
        await self._presses(number, "do.accept")
        await self._presses(number, "do.arrived")
        await self._presses(number, "do.done", instead=question)
        await self.phone.person.says("换了新的,试过没问题")
        if not await sooner_or_later(lambda: self._is_finished(number), within=DESPAIR):
            raise UnreadError(f"{number} was not done\n{await self.phone.person.transcript()}")

    async def _presses(self, number: str, key: str, *, instead: Look | None = None) -> None:
        """Press a button of the ticket's newest card until it is gone, or until something else is seen."""

        async def press() -> None:
            card = await self._card(number)
            if _has(card, key):
                await self.phone.person.taps_on(card, button(key))

        async def is_over() -> bool | None:
            if instead is None:
                return (not _has(await self._card(number), key)) or None
            return any(instead(seen) for seen in await self.phone.messages()) or None

        await self.phone.repeats(press, is_over)

    async def _is_finished(self, number: str) -> bool | None:
        return (not (await self._card(number)).labels) or None

    async def _card(self, number: str) -> Seen:
        """Return the ticket's newest card: a crash may leave an older one behind."""
        return [seen for seen in await self.phone.messages() if _is_card(seen) and _number(seen) == number][-1]


async def people(api: BotApi, *, owners: int) -> tuple[list[Owner], list[Engineer]]:
    """Bring everybody."""
    living = [
        Owner(Phone(await api.user(1001 + at, name, phone=number)), first=at)
        for at, (name, number) in enumerate(OWNERS[:owners])
    ]
    working = [
        Engineer(Phone(await api.user(2001 + at, name, phone=number))) for at, (name, number) in enumerate(ENGINEERS)
    ]
    return living, working


def _has(seen: Seen, key: str) -> bool:
    return seen.button(button(key)) is not None


def _says(key: str, number: str = "") -> Look:
    return lambda seen: said(key) in seen.text and number in seen.text


def _is_filed(seen: Seen) -> bool:
    return said("repair.filed") in seen.text


def _is_card(seen: Seen) -> bool:
    return NUMBER.search(seen.text.partition("\n")[0]) is not None and button("card.place")[:1] in seen.text


def _number(seen: Seen) -> str:
    found = NUMBER.search(seen.text)
    if found is None:
        raise UnreadError(f"no number in {seen.text!r}")
    return found[0]


def _survey(seen: Seen) -> str:
    asked = (SURVEY.match(one.get("callback_data", "")) for one in seen.buttons)
    return next((found[1] for found in asked if found), "")


def _asks(seen: Seen, survey: str, name: str) -> bool:
    return any(one.get("callback_data", "").startswith(f"p:{survey}:{name}:") for one in seen.buttons)
