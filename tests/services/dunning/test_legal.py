"""The legal list, its summary every two months, and a household's record."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from python_calamine import load_workbook
from sqlalchemy import select

from services.actors import Role, Tie
from services.db import Session
from services.digests import books, court, legalround, periods
from services.digests import record as sheets
from services.dunning import collecting, evidence, handing, legal, letters
from services.dunning.handing import Handed, Outcome, Way
from services.dunning.promises import Why
from services.dunning.steps import Does, Name, StepList
from services.fee_settings import Dunning
from services.messages import Channel
from services.models import (
    Address,
    Bill,
    Content,
    Digest,
    DunningAttempt,
    Instalment,
    Outgoing,
    Person,
    Promise,
    Timer,
)
from services.outrows import State
from services.refusals import NotAllowed
from services.stretches import Stretch
from services.texts import LOCALES, Reader, Texts
from tests.support import accounts, dunned, estate
from tests.support.line import ACCOUNTS, START, Line

SHANGHAI = ZoneInfo("Asia/Shanghai")
TWO_MONTHS = timedelta(days=60)
TEXTS = Texts.load()


async def test_the_legal_list_forgets_who_has_paid(line: Line) -> None:
    async with line.db.transaction() as session:
        gone, stays = await dunned.owing(session, Does.LEGAL, 2)
        house = await dunned.house_of(session)
        now = START + timedelta(hours=1)
        assert len(await legal.listed(session, dunned.CLERK, house=house, now=now)) == 2
        await dunned.pays(session, gone)
        (left,) = await legal.listed(session, dunned.CLERK, house=house, now=now)
        assert (left.unit.id, left.cents, left.oldest) == (stays.unit_id, dunned.CENTS, dunned.OLD)
        assert (left.letter, left.handed, left.tried) == (None, None, 0)


async def test_who_came_on_the_list_twice_owes_a_bill_once(line: Line) -> None:
    async with line.db.transaction() as session:
        unit = await accounts.unit_called(session, "3-2-1502")
        first = await dunned.owing_of(session, unit, Does.LEGAL)
        again = {"community_id": unit.community_id, "unit_id": unit.id, "cents": first.cents, "bills": first.bills}
        later = START + timedelta(days=30)
        session.add(DunningAttempt(**again, key="k", list="fees", step="legal", way="legal", state="wanted", at=later))
        await session.flush()
        house = await dunned.house_of(session)
        (found,) = await legal.listed(session, dunned.CLERK, house=house, now=later)
        assert (found.cents, found.bills, found.since) == (dunned.CENTS, 1, START)


async def test_the_legal_list_says_which_letter_came_before_and_how_it_went(line: Line) -> None:
    finance = await accounts.hired(line, "贾会计", Role.FINANCE)
    async with line.db.transaction() as session:
        clerk = await estate.actor_of(session, line, finance)
        unit = await accounts.unit_called(session, "3-2-1502")
        await dunned.owing_of(session, unit, Does.LETTER)
        ((one,), _) = await dunned.printed(session)
        await dunned.owing_of(session, unit, Does.LEGAL)
        sent = Handed(Way.HAND, one.letter.made_on, outcome=Outcome.REFUSED)
        await handing.note(session, clerk, printed=one, handed=sent, key="e", now=START)
        house = await dunned.house_of(session)
        (found,) = await legal.listed(session, clerk, house=house, now=START + timedelta(hours=1))
        assert found.letter is not None
        assert found.handed is not None
        assert (found.letter.number, found.handed.result, found.tried) == ("001", "refused", 1)


async def test_who_moved_away_is_on_the_list_for_what_stayed_with_him(line: Line) -> None:
    async with line.db.transaction() as session:
        unit = await accounts.unit_called(session, "3-2-1502")
        attempt = await dunned.owing_of(session, unit, Does.LEGAL, which="left")
        gone = (await session.scalars(select(Person).where(Person.name == "张福全"))).one()
        attempt.person_id = gone.id
        (await session.get_one(Bill, attempt.bills[0])).payer_id = gone.id
        await session.flush()
        house = await dunned.house_of(session)
        (found,) = await legal.listed(session, dunned.CLERK, house=house, now=START + timedelta(hours=1))
        assert (found.name, found.list, found.cents) == ("张福全", "left", dunned.CENTS)


async def test_a_summary_counts_who_came_and_who_settled_in_its_time(line: Line) -> None:
    async with line.db.transaction() as session:
        gone, _ = await dunned.owing(session, Does.LEGAL, 2)
        await dunned.pays(session, gone)
        house = await dunned.house_of(session)
        within = Stretch(START - TWO_MONTHS, START + timedelta(hours=1))
        after = Stretch(within.ends_at, within.ends_at + TWO_MONTHS)
        found = await legal.changes(session, dunned.CLERK, community_id=house.id, span=within)
        assert (found.new, found.settled, found.settled_cents) == (2, 1, dunned.CENTS)
        later = await legal.changes(session, dunned.CLERK, community_id=house.id, span=after)
        assert (later.new, later.settled, later.settled_cents) == (0, 0, 0)


async def test_managers_and_finance_get_the_summary_and_the_next_one_is_set(line: Line) -> None:
    await accounts.hired(line, "贾会计", Role.FINANCE)
    policies = line.world.policies
    async with line.db.transaction() as session:
        await estate.web_of(session, "孙经理")
        await legalround.begin(session, now=START, policies=policies)
        await legalround.begin(session, now=START, policies=policies)
        timer = (await session.scalars(select(Timer).where(Timer.kind == legalround.ROUND))).one()
        assert timer.due_at.astimezone(SHANGHAI) == datetime(2026, 5, 5, 9, 30, tzinfo=SHANGHAI)
        house = await dunned.house_of(session)
        timer.state = "done"
        await session.flush()
        policy = await policies.of(session, house.id)
        await legalround.go(session, timer, timer.due_at, policy)
        asked = (await session.scalars(select(Digest).where(Digest.kind == court.SUMMARY))).all()
        spans = {(one.starts_at.astimezone(SHANGHAI).month, one.ends_at.astimezone(SHANGHAI).month) for one in asked}
        assert spans == {(3, 5)}
        readers = await session.scalars(
            select(Person.name)
            .join(Address, Address.person_id == Person.id)
            .where(Address.id.in_([one.address_id for one in asked]))
        )
        assert set(readers) >= {"孙经理", "贾会计"}
        due = (await session.scalars(select(Timer.due_at).where(Timer.kind == legalround.ROUND))).all()
        assert sorted(one.astimezone(SHANGHAI).month for one in due) == [5, 7]


async def test_of_nothing_no_summary_is_sent_and_an_engineer_gets_a_refusal(line: Line) -> None:
    async with line.db.transaction() as session:
        house = await dunned.house_of(session)
        span = Stretch(START - TWO_MONTHS, START)
        asked: dict[str, Any] = {"key": "k", "house": house, "span": span, "now": START}
        assert await court.pages(session, dunned.CLERK, kind=court.SUMMARY, **asked) == []
        (none,) = await court.pages(session, dunned.CLERK, kind=court.LEGAL, **asked)
        assert none.workbook == ()
        wang = await estate.actor_of(session, line, await estate.web_of(session, "王师傅"))
        unit = await accounts.unit_called(session, "3-2-1502")
        for kind in (court.SUMMARY, court.LEGAL, court.AGAIN, court.PRINT, f"{court.RECORD}{unit.id}"):
            (page,) = await court.pages(session, wang, kind=kind, **asked)
            assert (page.text, page.workbook, page.letters) == (NotAllowed().text, (), ())


@pytest.mark.parametrize(
    ("now", "following", "before"),
    [
        ("2026-04-12 09:00", "2026-05-05", "2026-03-05"),
        ("2026-05-05 09:30", "2026-07-05", "2026-03-05"),
        ("2026-12-31 23:00", "2027-01-05", "2026-11-05"),
        ("2027-01-01 00:00", "2027-01-05", "2026-11-05"),
    ],
)
def test_the_summary_is_every_other_month(now: str, following: str, before: str) -> None:
    figures = Dunning()
    at = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    told = SHANGHAI, figures.legal_months, figures.legal_day, figures.legal_at
    found = [one.astimezone(SHANGHAI) for one in (periods.next_of_months(at, *told), periods.last_of_months(at, *told))]
    assert [f"{one:%Y-%m-%d}" for one in found] == [following, before]
    assert {one.time() for one in found} == {time(9, 30)}


@pytest.mark.parametrize("months", [[], [0], [13], [1, 1], ["x"]])
def test_months_that_there_are_not_are_refused(months: list[Any]) -> None:
    with pytest.raises(ValidationError):
        Dunning.model_validate({"legal_months": months})
    assert Dunning.model_validate({"legal_months": "[11, 2]"}).legal_months == (2, 11)


async def two_messages(session: Session, said: DunningAttempt) -> None:
    """Let an attempt have gone to a chat, and as a text message that did not arrive."""
    for channel, state in ((Channel.TELEGRAM, "accepted"), (Channel.SMS, "failed")):
        address = Address(
            channel=channel, account=ACCOUNTS[channel], external=f"x{channel}", person_id=said.person_id,
            community_id=said.community_id, proof="code", created_at=START, locale="zh_Hans",
        )  # fmt: skip
        session.add(address)
        await session.flush()
        key = f"dunning:{said.id}:{address.id}"
        said.outbox_key = said.outbox_key or key
        session.add(
            Outgoing(
                key=key, community_id=said.community_id, address_id=address.id, kind="say", priority=3, payload={},
                locale="zh_Hans", created_at=START, state=state,
            )
        )  # fmt: skip


async def a_record(session: Session, line: Line) -> evidence.Record:
    """Put all into a record that there can be."""
    unit = await accounts.unit_called(session, "3-2-1502")
    person = (await session.scalars(select(Person).where(Person.name == "王芳"))).one()
    here = {"community_id": unit.community_id, "unit_id": unit.id}
    said = DunningAttempt(
        **here, key="a", list="fees", step="month", way="telegram", state="said", at=START, person_id=person.id
    )
    words = Content(
        community_id=unit.community_id, kind="dunning", words="卫生间漏水没修好", created_at=START, salt="s"
    )
    session.add_all([said, words])
    await session.flush()
    called = DunningAttempt(
        **here, key="b", list="fees", step="", way="call", state="done", at=START, done_at=START, cents=dunned.CENTS,
        result="not_reached", reason="quality", content_id=words.id, next_step="call", next_on=date(2026, 4, 20),
    )  # fmt: skip
    session.add(called)
    await two_messages(session, said)
    promise = Promise(**here, made_at=START, state="broken", ended_at=START)
    session.add(promise)
    await session.flush()
    session.add(Instalment(promise_id=promise.id, due_on=date(2026, 4, 11), cents=dunned.CENTS))
    letter = await dunned.owing_of(session, unit, Does.LETTER)
    await dunned.printed(session)
    await dunned.pays(session, letter)
    return await evidence.of(session, dunned.CLERK, unit=unit)


async def test_a_record_has_every_message_every_letter_every_promise_every_payment(line: Line) -> None:
    async with line.db.transaction() as session:
        found = await a_record(session, line)
        assert [[(one.channel, one.state) for one in tried.messages] for tried in found.tried] == [
            [("telegram", "accepted"), ("sms", "failed")],
            [],
            [],
        ]
        assert [tried.words for tried in found.tried] == ["", "卫生间漏水没修好", ""]
        assert [tried.person for tried in found.tried[:1]] == ["王芳"]
        assert [one.letter.number for one in found.letters] == ["001"]
        assert [len(one.parts) for one in found.promises] == [1]
        assert [one.cents for one in found.paid if one.cents == dunned.CENTS] == [dunned.CENTS]


def book(found: evidence.Record, locale: str) -> Mapping[str, Sequence[Sequence[Any]]]:
    reader = Reader(locale, SHANGHAI, START, Channel.CONSOLE)
    data = books.write(sheets.tables(found), say=lambda text: TEXTS.say(text, reader), zone=SHANGHAI)
    read = load_workbook(io.BytesIO(data))
    return {name: read.get_sheet_by_name(name).to_python() for name in read.sheet_names}


def test_every_code_that_a_record_can_hold_has_words() -> None:
    keys = {
        *(f"dunning.step.{one}" for one in (*Name, "other")),
        *(f"dunning.way.{one}" for one in (*Channel, *(one for one in Does if one is not Does.MESSAGE))),
        *(f"dunning.list.{one}" for one in StepList),
        *(f"dunning.result.{one}" for one in (*collecting.Outcome, "said", "task", "wanted", "done", "skipped")),
        *(f"dunning.result.{one}" for one in (letters.PRINTED, letters.SETTLED, letters.MOVED)),
        *(f"dunning.result.letter_{one}" for one in (*Way, *Outcome)),
        *(f"handed.way.{one}" for one in Way),
        *(f"handed.result.{one}" for one in Outcome),
        *(f"arrears.{one}" for one in collecting.Reason),
        *(f"delivery.{one}" for one in State),
        *(f"record.why.{one}" for one in Why),
        *(f"letter.title.{one}" for one in StepList),
        *(f"letter.tie.{one}" for one in (Tie.OWNER, Tie.TENANT)),
    }
    assert keys <= set(TEXTS.keys())


async def test_a_record_is_in_the_readers_words(line: Line) -> None:
    codes = {"not_reached", "quality", "telegram", "accepted", "failed", "broken", "call", "month", "payment", "cash"}
    async with line.db.transaction() as session:
        found = await a_record(session, line)
        for locale in LOCALES:
            cells = [cell for rows in book(found, locale).values() for row in rows for cell in row]
            if locale != "en":
                assert codes.isdisjoint(map(str, cells))
        tried = book(found, "zh_Hans")["催缴经过"]
        assert tried[1][1:6] == ["逾期30天", "聊天", "王芳", "聊天：已发出；短信：没发成", "已提醒"]
        assert tried[2][5:8] == ["没人接", "服务不满意", "卫生间漏水没修好"]
        assert tried[2][8:11] == [123.45, "再打电话", date(2026, 4, 20)]
        assert book(found, "en")["Promises"][1][1:4] == [date(2026, 4, 11), 123.45, "broken"]
