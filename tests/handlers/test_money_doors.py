"""Nobody sees or moves a household's money who may not: every command and guessed id, in chat, by SMS, on the page.

`tests/services/test_access.py` walks the table of who may; here a sample goes through the real doors. Who may is tried
the same way, so that the walk can fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain

import pytest
from sqlalchemy import func, select, update

from handlers.commands import COMMANDS
from services import actors
from services.access import Deed
from services.actors import Proof, Role, Tie
from services.db import Session
from services.messages import Channel
from services.models import (
    Address,
    Adjustment,
    Base,
    Bill,
    ChannelAccount,
    Community,
    Discount,
    LinkCode,
    Matter,
    Number,
    Occupancy,
    Payment,
    Person,
    Promise,
    Sparing,
    Staff,
    Unit,
)
from services.money import ledger
from services.money.ledger import Money
from tests.support import estate
from tests.support.line import ACCOUNTS, START, Line, NoSuchButton, Writer

HOME = "3-2-1202"
CHARGED, PAID = 432_109, 77_777
SECRETS = ("4,321.09", "4321.09", "777.77", "432109", "3,543.32", "138 0013 8006")
DOORS = (  # every command that money or a household stands behind
    *("fees", "feepast", "feeq", "statement", "pay", "paidbefore", "wrongline", "paid", "account", "matters", "matter"),
    *("receipt", "receiptpic", "refund", "reverse", "collect", "rates", "spare", "home", "looks", "code", "sold"),
    *("lease", "movedout", "payer", "family", "sendaway", "actfor", "loss", "meet", "keys"),
)
WATCHED: Sequence[type[Base]] = (
    *(Payment, Adjustment, Discount, Matter, Occupancy, Promise, Sparing),
    LinkCode,
)
BY_CHAT, BY_TEXT, ON_PAGE = Channel.TELEGRAM, Channel.SMS, Channel.WEB

# Everybody on a channel, so that each channel meets each sort of person: who they are, where, and may they see it.
CAST: Sequence[tuple[str, Channel, bool]] = (
    ("stranger", BY_CHAT, False),
    ("stranger", BY_TEXT, False),
    ("stranger", ON_PAGE, False),
    ("tenant", BY_CHAT, False),
    ("tenant", BY_TEXT, False),
    ("former owner", ON_PAGE, False),
    ("former owner", BY_TEXT, False),
    ("neighbour", BY_CHAT, False),
    ("neighbour", ON_PAGE, False),
    ("engineer", BY_CHAT, False),
    ("engineer", BY_TEXT, False),
    ("security", ON_PAGE, False),
    ("collector of others", BY_CHAT, False),
    ("collector of others", ON_PAGE, False),
    ("manager elsewhere", BY_CHAT, False),
    ("manager elsewhere", ON_PAGE, False),
    ("owner, by his number alone", BY_TEXT, False),
    ("owner", BY_CHAT, True),
    ("owner", ON_PAGE, True),
    ("family", BY_CHAT, True),
    ("desk", ON_PAGE, True),
    ("collector", BY_CHAT, True),
    ("finance", BY_CHAT, True),
    ("supervisor", ON_PAGE, True),
)
KNOWN = {
    "tenant": "周丽",
    "neighbour": "宋刚",
    "engineer": "王师傅",
    "security": "保安小马",
    "owner": "吴海",
    "owner, by his number alone": "吴海",
    "desk": "小李",
    "supervisor": "老赵",
}


@dataclass(slots=True)
class Stage:
    """The house, and the ids of a household's money."""

    line: Line
    receipt: str = ""
    ids: dict[str, int] = field(default_factory=dict)

    def probes(self) -> list[str]:
        """Return everything that may lead to it, typed."""
        said = [
            *(f"/receipt {self.receipt}", f"/refund {self.receipt} 1 错了", f"/reverse {self.receipt} 错了"),
            *(f"/matter {self.ids['matter']}", f"/paid {HOME} 1 现金", f"/payer {HOME} 租户", f"{HOME}还欠多少"),
            *("查费", "往年缴费记录"),
        ]
        return [*(f"/{name} {HOME}" for name in DOORS), *said]

    def taps(self) -> list[str]:
        """Return the same as buttons whose ids are guessed."""
        return [f"go:{name}:{one}" for name in DOORS for one in sorted(set(self.ids.values()))]

    async def try_everything(self, writer: Writer) -> str:
        """Let somebody try it all; return what he was shown."""
        line, before = self.line, len(self.line.screen(writer).log)
        for typed in self.probes():
            await line.write(writer, typed)
            line.pass_time(timedelta(seconds=20))  # so many messages a minute, and nobody listens any more
        for tap in self.taps() if writer.channel is not Channel.SMS else ():  # plain phones have no buttons
            await line.press(writer, tap)
            line.pass_time(timedelta(seconds=5))
        shown = line.screen(writer).log[before:]
        assert shown  # he was answered: it is no silence that keeps it
        return "\n".join(chain.from_iterable(one.lines() for one in shown))

    async def counts(self) -> dict[str, int]:
        """Return how many rows of everything that may not change there are."""
        async with self.line.db.reading() as session:
            found = {}
            for kind in WATCHED:
                found[kind.__name__] = int(await session.scalar(select(func.count()).select_from(kind)) or 0)
            return found


async def staged(line: Line) -> Stage:
    """Give a household a bill, a payment and a matter of its own, and everybody who may ask."""
    stage = Stage(line)
    async with line.db.transaction() as session:
        community_id = int(await session.scalar(select(Community.id)) or 0)
        parts = dict(zip(("building", "entrance", "room"), HOME.split("-"), strict=True))
        unit = (await session.scalars(select(Unit).filter_by(**parts))).one()
        bill = Bill(
            community_id=community_id,
            unit_id=unit.id,
            item="专项",
            period="2026-03",
            cents=CHARGED,
            due_on=date(2026, 4, 1),
            as_of=START,
        )
        session.add(bill)
        await _people(session, community_id, unit)
        await session.flush()
        money = Money(cents=PAID, way="cash", source="desk", key="doors", paid_on=START.date())
        till = actors.system("till", Deed.TAKE_PAYMENT)
        paid = await ledger.record(session, till, unit=unit, money=money, bills=[bill.id], tell=False, now=START)
        owner = await estate.web_of(session, "吴海")
        address = (await estate.actor_of(session, line, owner)).to.address_id
        matter = Matter(
            community_id=community_id,
            unit_id=unit.id,
            bill_id=bill.id,
            address_id=address,
            kind="wrong",
            given={"bills": [bill.id]},
            asked_at=START,
            due_at=START + timedelta(days=2),
        )
        session.add(matter)
        await session.flush()
        stage.receipt = paid.number
        stage.ids = {"unit": unit.id, "bill": bill.id, "payment": paid.id, "matter": matter.id}
    return stage


async def _people(session: Session, community_id: int, unit: Unit) -> None:
    """Add who is not in the demo's register: family, the former owner, collectors, finance, a manager elsewhere."""
    elsewhere = Community(
        slug="elsewhere", name="别处", zone="Asia/Shanghai", locale="zh_Hans", phone="0571-1", created_at=START
    )
    session.add(elsewhere)
    await session.flush()
    session.add(ChannelAccount(channel=Channel.TELEGRAM, account=ACCOUNTS[Channel.TELEGRAM], community_id=elsewhere.id))
    for at, (name, role, where) in enumerate(
        (
            ("收费员甲", Role.COLLECTOR, community_id),
            ("收费员乙", Role.COLLECTOR, community_id),
            ("会计", Role.FINANCE, community_id),
            ("别处经理", Role.MANAGER, elsewhere.id),
        )
    ):
        person = await _person(session, name, f"+861390000000{at}")
        staff = Staff(community_id=where, person_id=person.id, badge=f"8{at}", role=role, team="finance")
        session.add(staff)
        await session.flush()
        if name == "收费员甲":
            unit.collector_id = staff.id
    for at, (name, status) in enumerate((("小吴", "active"), ("前业主", "ended"))):
        person = await _person(session, name, f"+861390000001{at}")
        tie = Tie.FAMILY if status == "active" else Tie.OWNER
        session.add(
            Occupancy(
                community_id=community_id,
                unit_id=unit.id,
                person_id=person.id,
                role=tie,
                status=status,
                proof="register",
                since=date(2020, 1, 1),
                until=None if status == "active" else date(2026, 1, 1),
            )
        )


async def _person(session: Session, name: str, number: str) -> Person:
    person = Person(name=name, created_at=START)
    session.add(person)
    await session.flush()
    session.add(Number(person_id=person.id, e164=number))
    return person


NAMES = KNOWN | {
    "family": "小吴",
    "former owner": "前业主",
    "collector": "收费员甲",
    "collector of others": "收费员乙",
    "finance": "会计",
    "manager elsewhere": "别处经理",
}


async def playing(line: Line, who: str, channel: Channel) -> Writer:
    """Return somebody on a channel."""
    if who == "stranger":
        return Writer(channel, "+8613912345678" if channel is Channel.SMS else f"{channel}-nobody", who)
    writer = await estate.linked(line, NAMES[who], channel, proof=Proof.CONTACT)
    where = "elsewhere" if who == "manager elsewhere" else "sunshine-garden"

    async def settle(session: Session) -> None:
        community_id = await session.scalar(select(Community.id).where(Community.slug == where))
        await session.execute(
            update(Address).where(Address.external == writer.external).values(community_id=community_id)
        )

    await line.db.run(settle)
    return writer


@pytest.mark.parametrize(("who", "channel", "may"), CAST, ids=[f"{who}, {channel}" for who, channel, _ in CAST])
async def test_money_is_seen_and_moved_by_whom_it_concerns_alone(
    quick_line: Line, who: str, channel: Channel, *, may: bool
) -> None:
    stage = await staged(quick_line)
    writer = await playing(quick_line, who, channel)
    before = await stage.counts()
    seen = await stage.try_everything(writer)
    leaked = [secret for secret in SECRETS if secret in seen]
    if may:
        assert leaked, seen[:3000]
        return
    assert not leaked, seen[-2000:]
    if not who.startswith("owner"):
        after = await stage.counts()
        unchanged = {name: count for name, count in before.items() if name != "LinkCode"}
        assert {name: after[name] for name in unchanged} == unchanged


def test_every_door_is_a_command() -> None:
    assert set(DOORS) <= set(COMMANDS)


async def test_somebody_elses_button_opens_nothing(quick_line: Line) -> None:
    stage = await staged(quick_line)
    owner = await playing(quick_line, "owner", BY_CHAT)
    neighbour = await playing(quick_line, "neighbour", BY_CHAT)
    await quick_line.write(owner, "/fees")
    with pytest.raises(NoSuchButton):
        await quick_line.tap(neighbour, "这项不对")
    for prompt_id in range(1, 40):
        await quick_line.press(neighbour, f"p:{prompt_id}:choose:0")
    seen = "\n".join(chain.from_iterable(one.lines() for one in quick_line.screen(neighbour).log))
    assert not [secret for secret in SECRETS if secret in seen]
    assert stage.receipt not in seen
