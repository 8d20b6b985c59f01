"""The people of the demo register with Telegram on their phones, and the group of the engineers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tests.botapi.driver import BotApi
from tests.botapi.people import Group, Person
from tests.processes.wording import button, said

GROUP = -501


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in a job: an owner, two engineers (the first gets what leaks), who leads them, the desk."""

    owner: Person
    engineer: Person
    colleague: Person
    supervisor: Person
    desk: Person

    @property
    def staff(self) -> Sequence[Person]:
        """Everybody who works here."""
        return self.engineer, self.colleague, self.supervisor, self.desk


async def meet(api: BotApi) -> Cast:
    """Bring everybody; nobody has written yet."""
    return Cast(
        owner=await api.user(1001, "王芳", phone="+8613800138000"),
        engineer=await api.user(2001, "王师傅", phone="+8613800138063"),
        colleague=await api.user(2002, "刘师傅", phone="+8613800138064"),
        supervisor=await api.user(2003, "老赵", phone="+8613800138061"),
        desk=await api.user(2004, "小李", phone="+8613800138062"),
    )


async def link_up(person: Person, *, welcome: str = "link.done", within: float = 20) -> None:
    """Open the bot and share the number; it must be in the register."""
    await person.says("/start")
    await person.reads(said("link.why"), within=within)
    await person.taps(button("menu.share_number"), within=within)
    await person.reads(said(welcome), within=within)


async def report_for_work(cast: Cast) -> None:
    """Let all who work here link up."""
    await asyncio.gather(*(link_up(person, welcome="menu.hello_staff") for person in cast.staff))


async def open_group(api: BotApi, cast: Cast) -> Group:
    """Make the engineers' group and let the supervisor name it theirs."""
    group = await api.group(GROUP, "工程群", members=[cast.engineer, cast.colleague], admins=[cast.supervisor])
    await cast.supervisor.says("/team engineering", in_group=group)
    await group.reads(said("group.named"))
    return group
