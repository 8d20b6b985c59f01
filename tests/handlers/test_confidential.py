"""Nobody entitled to less sees more: complaints, walked by every reader and on every way in.

A complaint lives its whole life, with everything that pushes something to somebody; then everybody who may not know of
it tries each list, each command, each button there is. Who may know is tried the same way, so that the walk can fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain

import pytest
from sqlalchemy import select, update

from handlers.commands import COMMANDS
from handlers.verbs import VERBS
from services import residents
from services.actors import Actor, Role
from services.db import Session
from services.digests import tables
from services.models import Community, Duty, Number, Person, Staff, Ticket
from services.refusals import NotFound
from services.tickets import complaints, dossier, finding, followups, searching
from services.tickets.history import Said
from services.tickets.rules import Action, standings
from services.tickets.searching import View, Wanted
from tests.support import estate
from tests.support.line import Line, NoSuchButton, Writer

SECRET = "蓝鲸"  # a word of the complaint that stands nowhere else
OWNER, OWNERS_NUMBER, OWNERS_DOOR = "王芳", "138 0013 8000", "3栋2单元1502"
LEADS = ("老赵", "孙经理")
STAFF = ("小李", "王师傅", "刘师傅", "陈师傅", "周师傅", "小保")
TYPED = (
    *("/ticket {n}", "/merge {n} 0412-09", "/link {n} 0412-09", "/unmerge {n}", "/reopen {n} 再看看", "/close {n}"),
    *("接 {n}", "看 {n}", "转单 {n} 小李", "完工 {n} 好了", "> {n} 您好", "{n}"),
)


@dataclass(slots=True)
class Stage:
    """The house, its people by name, and the complaint."""

    line: Line
    people: dict[str, Writer] = field(default_factory=dict)
    groups: list[Writer] = field(default_factory=list)
    ticket_id: int = 0
    number: str = ""

    def seen(self, writer: Writer) -> str:
        """Return everything that was ever on somebody's screen."""
        log = self.line.screen(writer).log
        return "\n".join(chain.from_iterable(shown.lines() for shown in log))

    async def try_everything(self, writer: Writer) -> None:
        """Let somebody try every command, button and word that may lead to the complaint."""
        line, before = self.line, len(self.line.screen(writer).log)
        commands = sorted(set(COMMANDS) - {"week", "month"})  # totals, and long to draw
        for typed in (*(f"/{name}" for name in commands), *TYPED):
            await line.write(writer, typed.format(n=self.number))
            await line.write(writer, "/cancel")
            line.pass_time(timedelta(seconds=10))  # so many messages a minute, and nobody listens any more
        for verb in (*VERBS, "send"):
            await line.press(writer, f"t:{verb}:{self.ticket_id}")
            line.pass_time(timedelta(seconds=10))
        assert len(line.screen(writer).log) > before + len(TYPED)  # he was answered: it is no silence that keeps it

    async def act(self, name: str, action: Action, *, words: str = "", **codes: object) -> None:
        """Let somebody do something to the complaint."""
        async with self.line.db.transaction() as session:
            actor = await estate.actor_of(session, self.line, self.people[name])
            await estate.act(session, self.line, actor, action, self.ticket_id, words=words, **codes)
        await self.line.drain()


async def _employ(session: Session, line: Line) -> None:
    """Add a guard, and let one engineer report to another."""
    community_id = await session.scalar(select(Community.id)) or 0
    guard = Person(name="小保", created_at=line.now)
    session.add(guard)
    await session.flush()
    session.add(Number(person_id=guard.id, e164="+8613800138999"))
    row = Staff(community_id=community_id, person_id=guard.id, badge="61", role=Role.SECURITY, team="security")
    session.add(row)
    await session.flush()
    ends = line.now + timedelta(days=60)
    session.add(Duty(community_id=community_id, staff_id=row.id, starts_at=line.now - timedelta(hours=1), ends_at=ends))
    wang = await session.scalar(select(Staff.id).where(Staff.badge == "27"))
    await session.execute(update(Staff).where(Staff.badge == "31").values(reports_to=wang))


async def staged(line: Line, words: str) -> Stage:
    """Everybody is there; the owner has complained."""
    async with line.db.transaction() as session:
        await _employ(session, line)
    stage = Stage(line)
    for name in (OWNER, *LEADS, *STAFF):
        stage.people[name] = await estate.linked(line, name)
    async with line.db.transaction() as session:
        neighbour = await session.scalar(select(Person.name).where(Person.name == "赵敏"))
    stage.people[str(neighbour)] = await estate.linked(line, str(neighbour))
    stage.groups = [await estate.group(line, f"{team}群", team) for team in ("engineering", "desk", "security")]
    await line.write(stage.people[OWNER], words)
    await line.tap(stage.people[OWNER], "就这样报上去")
    async with line.db.reading() as session:
        ticket = (await session.scalars(select(Ticket).order_by(Ticket.id.desc()).limit(1))).one()
        stage.ticket_id, stage.number = ticket.id, ticket.number
    return stage


async def lived_through(stage: Stage) -> None:
    """Let everything happen to it that tells somebody: clocks, words, the answer, the appeal, the signature."""
    line = stage.line
    await line.advance(timedelta(hours=6))  # nobody takes it: everybody of the ladder hears
    await line.write(stage.people["老赵"], f"/ticket {stage.number}")
    await line.tap(stage.people["老赵"], "我接")
    owner = stage.people[OWNER]
    await line.write(owner, f"{SECRET}的事我要找记者曝光")
    await stage.act("老赵", Action.ASK, words=f"{SECRET}是哪天的事?")
    await line.write(owner, f"昨天的{SECRET}")
    await stage.act("老赵", Action.NOTE, words=f"查过{SECRET}")
    await stage.act("老赵", Action.DONE, words=f"{SECRET}的事对不起")
    async with line.db.transaction() as session:
        actor = await estate.actor_of(session, line, owner)
        policy = await line.world.policies.of(session, actor.community_id)
        said = Said(f"{SECRET}没说清楚")
        await complaints.appeal(session, actor, ticket_id=stage.ticket_id, said=said, now=line.now, policy=policy)
    await line.drain()
    await line.advance(timedelta(hours=3))
    await stage.act("孙经理", Action.GRAB)
    await stage.act("孙经理", Action.DONE, words=f"{SECRET}已处理")
    await stage.act(OWNER, Action.OWNER_ACCEPTS)
    await line.advance(timedelta(days=9))  # follow-ups, surveys, digests, reminders
    await stage.act("老赵", Action.SIGN_OFF, outcome="content")


def secrets(text: str, number: str = "") -> list[str]:
    """Return what of the complaint stands in a text."""
    return [word for word in (SECRET, OWNER, OWNERS_NUMBER, number) if word and word in text]


def others(stage: Stage) -> Iterator[tuple[str, Writer]]:
    """Everybody but the owner and who leads."""
    yield from ((name, who) for name, who in stage.people.items() if name not in {OWNER, *LEADS})


COMPLAINTS = {
    "about an engineer": f"27号师傅{SECRET}一样横冲直撞,态度恶劣",
    "about the desk": f"前台{SECRET}态度太差",
    "about neighbours": f"隔壁1501室养{SECRET},吵死了",
}


@pytest.mark.parametrize("words", COMPLAINTS.values(), ids=COMPLAINTS)
async def test_nothing_of_a_complaint_is_ever_pushed_to_who_may_not_know(quick_line: Line, words: str) -> None:
    """Cards, warnings, escalations, words, files, follow-ups, digests; private chats and groups."""
    stage = await staged(quick_line, words)
    await lived_through(stage)
    pushed = {name: secrets(stage.seen(who), stage.number) for name, who in others(stage)}
    assert {name: found for name, found in pushed.items() if found} == {}
    assert [secrets(stage.seen(group), stage.number) for group in stage.groups] == [[], [], []]
    for name in LEADS:
        assert SECRET in stage.seen(stage.people[name])


async def test_nobody_finds_a_complaint_that_he_may_not_know_of_and_who_may_does(quick_line: Line) -> None:
    """Every command, every button, every short code, by everybody; the last one shows that the walk can fail."""
    stage = await staged(quick_line, COMPLAINTS["about an engineer"])
    walkers = [(name, who) for name, who in others(stage) if name not in {"陈师傅", "周师傅"}]  # as the others
    for _, who in walkers:
        await stage.try_everything(who)
    tried = {name: secrets(stage.seen(who)) for name, who in walkers}
    assert {name: found for name, found in tried.items() if found} == {}
    quick_line.screen(stage.people["孙经理"]).log.clear()
    await stage.try_everything(stage.people["孙经理"])
    assert SECRET in stage.seen(stage.people["孙经理"])


async def test_whom_it_is_about_is_left_out_whatever_is_done(quick_line: Line) -> None:
    """Not by assigning, nor by a group, nor by handing a shift over; and not who reports to him."""
    stage = await staged(quick_line, f"27号师傅{SECRET}一样横冲直撞,态度恶劣")
    line, away = quick_line, [stage.people["王师傅"], stage.people["刘师傅"]]
    async with line.db.transaction() as session:
        boss = await estate.actor_of(session, line, stage.people["老赵"])
        everybody = list((await session.scalars(select(Staff.id).order_by(Staff.id))).all())
        policy = await line.world.policies.of(session, boss.community_id)
        ticket = await complaints.rally(
            session, boss, ticket_id=stage.ticket_id, members=everybody, now=line.now, policy=policy
        )
        for writer in away:
            actor = await estate.actor_of(session, line, writer)
            assert not standings(actor, ticket)
            assert actor.staff is not None
            assert f",{actor.staff.staff_id}," not in ticket.responders
            assert (await session.scalars(select(Ticket.id).where(finding.seen_by(actor)))).all() == []
            with pytest.raises(Exception, match="kept_from"):
                await estate.act(session, line, boss, Action.ASSIGN, ticket.id, to=actor.staff.staff_id)
    await line.drain()
    await line.write(stage.people["小李"], f"/ticket {stage.number}")
    assert SECRET in stage.seen(stage.people["小李"])  # of the group, he sees it
    for writer in away:
        await stage.try_everything(writer)
        assert secrets(stage.seen(writer)) == []


async def test_who_is_sent_to_neighbours_never_learns_who_spoke(quick_line: Line) -> None:
    stage = await staged(quick_line, f"隔壁1501室养{SECRET},吵死了")
    async with quick_line.db.transaction() as session:
        desk = await estate.actor_of(session, quick_line, stage.people["小李"])
        assert desk.staff is not None
        staff_id = desk.staff.staff_id
    await stage.act("老赵", Action.ASSIGN, to=staff_id)
    writer = stage.people["小李"]
    await quick_line.tap(writer, "我接")
    for label in ("直接聊", "问业主"):
        try:
            await quick_line.tap(writer, label)
        except NoSuchButton:
            continue
        await quick_line.write(writer, "/cancel")
    await quick_line.write(stage.people[OWNER], "还在吵")
    await stage.try_everything(writer)
    screen = stage.seen(writer)
    assert SECRET in screen
    assert hidden_in(screen) == []


def hidden_in(screen: str) -> Sequence[str]:
    """Return what tells who spoke: name, number, door."""
    return [word for word in (OWNER, OWNERS_NUMBER, OWNERS_DOOR) if word in screen]


async def tables_of(session: Session, line: Line, actor: Actor) -> str:
    """Return all that stands in the day's workbook as somebody gets it."""
    if actor.house is None:
        raise LookupError("nobody's house")
    page = await tables.of_the_day(session, actor, house=actor.house, now=line.now, label=str)
    return str([row for table in page.workbook for row in table.rows])


async def looked_up(session: Session, line: Line, actor: Actor, stage: Stage) -> list[str]:
    """Return on which ways of the desk's page and the workbooks somebody comes upon the complaint."""
    ways = []
    for words in (SECRET, OWNER, stage.number, "13800138000"):
        for view in (View.OPEN, View.COMPLAINTS, View.OVERDUE, View.ALL):
            wanted = Wanted(view=view, words=words)
            page = await searching.find(session, actor, wanted=wanted, now=line.now, region="CN")
            ways += [f"{view} {words}"] * (stage.ticket_id in {one.id for one in page.tickets})
    counted = await searching.counts(session, actor, now=line.now)
    ways += ["counts"] * (counted.get(View.COMPLAINTS, 0) > 0)
    ways += ["workbook"] * (SECRET in await tables_of(session, line, actor))
    ways += ["calls"] * any(one.row.ticket_id == stage.ticket_id for one in await followups.open_ones(session, actor))
    try:
        await dossier.find(session, actor, ticket_id=stage.ticket_id)
        ways += ["by its id"]
    except NotFound:
        pass
    person_id = (await estate.actor_of(session, line, stage.people[OWNER])).person_id
    if actor.is_front and person_id is not None:
        file = await residents.file_of(session, actor, person_id=person_id)
        ways += ["her file"] * (stage.ticket_id in {one.id for one in file.tickets})
    return ways


async def test_a_lead_who_is_complained_about_finds_nothing_in_digests_search_files_and_workbooks(
    quick_line: Line,
) -> None:
    """Neither does the desk; whoever stands above him finds it on every way."""
    line = quick_line
    await line.schedule.digests.begin()
    stage = await staged(line, f"主管老赵{SECRET}一样骂人,态度恶劣")
    boss, lead = stage.people["孙经理"], stage.people["老赵"]
    await line.advance(timedelta(hours=30))  # a morning, an evening, every step of the ladder
    assert secrets(stage.seen(lead), stage.number) == []
    assert SECRET in stage.seen(boss)
    for name in ("老赵", *STAFF):
        async with line.db.reading() as session:
            actor = await estate.actor_of(session, line, stage.people[name])
            assert await looked_up(session, line, actor, stage) == [], name
    async with line.db.reading() as session:
        actor = await estate.actor_of(session, line, boss)
        ways = await looked_up(session, line, actor, stage)
    assert {"workbook", "by its id", "her file", "counts", f"open {SECRET}", f"complaints {stage.number}"} <= set(ways)
    await stage.try_everything(lead)
    assert secrets(stage.seen(lead)) == []
