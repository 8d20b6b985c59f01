"""What is offered can be answered: by tap, digit, label, a slip of the pen, in every language and on every channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels.sms.rendering import numbered
from handlers import answers, forms
from handlers.answers import Kind, chosen
from handlers.form import Form, fields_of
from handlers.holdups import Problem
from handlers.registry import FORMS
from handlers.turn import Turn, World
from services import incidents, losses
from services.actors import Actor, Role
from services.conversations import Option, pack_options, read_options
from services.db import Session
from services.incidents import News
from services.messages import Channel, Choice, Inbound, MediaKind, Say, T, pairs, plain
from services.models import (
    Bill,
    DunningAttempt,
    FollowUp,
    Handover,
    HandoverItem,
    Letter,
    Matter,
    Occupancy,
    Party,
    Person,
    Prompt,
    ReleaseSlip,
    Ticket,
    Unit,
)
from services.texts import LOCALES, Reader
from tests.support import estate
from tests.support.line import START, Line, attachment

ASKED = {
    "ticket": 1,
    "number": "1",
    "question": "?",
    "matter": "?",
    "phrase": "?",
    "better": "?",
    "alone": True,
    "unit": 1,
    "slip": 1,
    "plate": "浙A12345",
    "quote": 1,
    "place": "?",
    "count": 5,
    "text": "?",
    "topics": ["repair"],
    "reached": 1,
    "unreached": 0,
    "about": 1,
    "kind": "paid",
    "payment": 1,
    "bill": 0,
    "what": "right",
    "letter": "2026-001",
}
CHANNELS = (Channel.TELEGRAM, Channel.WEB, Channel.SMS, Channel.CONSOLE)
DIGITS = {"1": "１①一", "2": "２②二", "3": "３③三", "4": "４④四"}


class Undone(Exception):
    """Rolls back."""


@pytest.fixture
async def desk(quick_line: Line) -> AsyncIterator[Turn]:
    """A turn of the desk person, who sees most."""
    line = quick_line
    with suppress(Undone):
        async with line.db.transaction() as session:
            actor = await estate.actor_of(session, line, await estate.web_of(session, "小李"))
            owner = await estate.actor_of(session, line, await estate.web_of(session, "刘建军"))
            ticket = await estate.filed(session, line, owner)
            session.add(estate.a_quote(ticket, now=line.now))
            await session.flush()
            await _handed_over(session, actor, ticket)
            await _lost(session, line, actor)
            await _small_forms(session, actor, ticket)
            await _said_of_a_bill(session, actor, ticket)
            await _printed(session, ticket)
            policy = await line.world.policies.of(session, actor.community_id)
            leading = tuple(replace(one, role=Role.MANAGER) for one in actor.memberships)
            actor = replace(actor, homes=owner.homes, memberships=leading)
            yield Turn(session, actor, Inbound(Channel.WEB, "web", "1", "1", "1"), line.now, policy, line.world)
            raise Undone


async def _handed_over(session: Session, actor: Actor, ticket: Ticket) -> None:
    """Put the ticket on a handover, whose first item it is."""
    if actor.staff is None:
        raise LookupError("nobody's shift")
    shift = {"community_id": ticket.community_id, "team": "desk", "from_staff_id": actor.staff.staff_id}
    handover = Handover(**shift, to_staff_id=1, state="open", created_at=START, passes_on=False)
    session.add(handover)
    await session.flush()
    row = {"id": 1, "community_id": ticket.community_id, "handover_id": handover.id, "ticket_id": ticket.id}
    session.add(HandoverItem(**row, note="", state="new", question="", answer=""))
    await session.flush()


async def _lost(session: Session, line: Line, actor: Actor) -> None:
    """Put an incident with a loss in the first home."""
    told = News(categories=["water_off"], buildings=[], from_at=line.now, until_at=None, words="?")
    incident = await incidents.begin(session, actor, told=told, now=line.now)
    unit_id = await session.scalar(select(Unit.id).order_by(Unit.id).limit(1)) or 0
    found: dict[str, Any] = {"incident_id": incident.id, "unit_id": unit_id, "words": "?", "media": ()}
    await losses.report(session, actor, **found, now=line.now)


async def _small_forms(session: Session, actor: Actor, ticket: Ticket) -> None:
    """Let the ticket have a flat above, and the estate a release slip."""
    row = {"community_id": ticket.community_id, "unit_id": ticket.unit_id}
    session.add(Party(**row, ticket_id=ticket.id, role="above", state="contact", allowed="unknown"))
    who = {"person_id": ticket.requester_id, "address_id": ticket.requester_address_id, "asked_at": START}
    slip = {"id": 1, "year": 2026, "number": "0412-R1", "code": "K7QM", "state": "asked", "round": 1}
    session.add(ReleaseSlip(**row, **who, **slip, goods="沙发", carrier="", from_at=START, until_at=START))
    owed = {"id": 1, "community_id": ticket.community_id, "why": "rule", "due_at": START, "created_at": START}
    caller = actor.staff.staff_id if actor.staff is not None else None
    session.add(FollowUp(**owed, ticket_id=ticket.id, staff_id=caller, outcome=""))
    await session.flush()


async def _said_of_a_bill(session: Session, actor: Actor, ticket: Ticket) -> None:
    """Let somebody have paid already."""
    row = {"community_id": ticket.community_id, "unit_id": ticket.unit_id, "address_id": actor.to.address_id}
    bills = await session.scalars(select(Bill.id).where(Bill.unit_id == ticket.unit_id))
    when = {"asked_at": START, "due_at": START}
    session.add(Matter(id=1, person_id=actor.person_id, kind="paid", given={"bills": bills.all()}, **row, **when))
    await session.flush()


async def _printed(session: Session, ticket: Ticket) -> None:
    """Let a home have a letter."""
    row: dict[str, Any] = {"community_id": ticket.community_id, "unit_id": ticket.unit_id, "list": "fees"}
    session.add(DunningAttempt(id=1, key="?", step="letter", way="letter", state="done", at=START, **row))
    await session.flush()
    on = {"made_at": START, "made_on": START.date(), "year": 2026, "number": "001", "batch": "?"}
    session.add(Letter(attempt_id=1, tie="owner", cents=1, said={}, **on, **row))
    await session.flush()


async def so_far(session: Session) -> Mapping[str, Any]:
    """Return answers that options may depend on."""
    people = (await session.scalars(select(Person.id).limit(3))).all()
    return {
        "ticket": 1,
        "people": list(people),
        "where": {"unit": 1, "label": "?"},
        "fixed": "yes",
        "words": "",
        "incident": 1,
        "follow_up": 1,
        "about": 1,
        "kind": "paid",
        "payment": 1,
        "unit": 1,
        "called": "?",
        "until": "2026-06-30",
        "tie": (await session.scalars(select(Occupancy.id).where(Occupancy.role == "tenant").limit(1))).one(),
    }


def said(turn: Turn, text: str, channel: Channel = Channel.WEB) -> Turn:
    return replace(turn, inbound=Inbound(channel, "web", "1", "1", "1", text=text))


def shown(world: World, options: Sequence[Option], reader: Reader) -> list[str]:
    return [world.texts.say(option.label, reader) for option in options]


QUESTIONS: list[tuple[type[Form], str, Kind]] = [
    (form, name, kind) for form in FORMS.values() for name, kind in fields_of(form).items() if kind.asked
]
NAMED = [f"{form.name}-{name}" for form, name, _ in QUESTIONS]


@pytest.mark.parametrize(("form", "name", "kind"), QUESTIONS, ids=NAMED)
async def test_every_option_of_every_form_is_read_as_it_is_shown(
    desk: Turn, form: type[Form], name: str, kind: Kind
) -> None:
    options = list(await kind.options(desk, await so_far(desk.session)))
    known = await so_far(desk.session)
    lease = {key: known[key] for key in ("called", "words", "until", "tie")}
    question = await form.ask(desk, name, {**ASKED, **lease, "into": 1, "which": 1, "item": 1}, options)
    offered = [*question.options, *([Option(forms.SKIP, T("word.skip"))] if kind.optional else [])]
    for locale in LOCALES:
        for channel in CHANNELS:
            labels = shown(desk.world, offered, Reader(locale, desk.house.zone, START, channel))
            assert len(set(labels)) == len(labels)
            for option, label in zip(offered, labels, strict=True):
                assert chosen(said(desk, label, channel), offered) == option
                assert chosen(said(desk, f" {label}。", channel), offered) == option


@pytest.mark.parametrize(("form", "name", "kind"), QUESTIONS, ids=NAMED)
async def test_every_number_of_a_text_message_means_the_choice_beside_it(
    desk: Turn, form: type[Form], name: str, kind: Kind
) -> None:
    offered = list(await kind.options(desk, await so_far(desk.session)))
    say = Say(
        plain("?"),
        pairs([Choice(option.label, f"p:1:{name}:{n}", digit=option.digit) for n, option in enumerate(offered)]),
    )
    for number, choice in numbered(say):
        found = chosen(said(desk, number, Channel.SMS), offered)
        assert found is not None
        assert found.label == choice.label
        for written in DIGITS.get(number, ""):
            assert chosen(said(desk, f"{written}、", Channel.SMS), offered) == found


async def test_every_button_about_a_ticket_bears_a_label_of_its_own(desk: Turn) -> None:
    texts = desk.world.texts
    verbs = sorted(key for key in sorted(texts.keys()) if key.startswith("do.") and key != "do.send")
    for locale in LOCALES:
        labels = [texts.label(T(verb), locale) for verb in verbs]
        assert all(labels)


def test_options_come_back_from_their_row() -> None:
    options = [Option("yes", T("word.yes"), "1"), Option({"unit": 1}, plain("3栋"), "")]
    prompt = Prompt(options=pack_options(options))
    assert read_options(prompt) == options


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("没人在家", "absent"),
        ("没人在", "absent"),
        ("part mising", "parts"),
        ("1", "absent"),
        ("二", "parts"),
        ("９", None),
        ("", None),
        ("   ", None),
        ("完全不相干的话", None),
    ],
)
async def test_typed_words_choose_what_is_close_and_nothing_else(desk: Turn, text: str, value: str | None) -> None:
    offered = [Option(problem.value, T(f"problem.{problem}")) for problem in Problem]
    found = chosen(said(desk, text), offered)
    assert (found.value if found else None) == value


async def test_where_choices_have_digits_of_their_own_no_other_number_counts(desk: Turn) -> None:
    options = list(await answers.score(zero="score.not_fixed").options(desk, {}))
    values = {digit: found.value for digit in "0123456789" if (found := chosen(said(desk, digit), options))}
    assert values == {"0": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=30))
async def test_no_words_break_the_choosing(desk: Turn, text: str) -> None:
    options = [Option("a", T("word.yes")), Option("b", plain("厨房")), Option("c", T("score.5"), "5")]
    assert chosen(said(desk, text), options) in [None, *options]


async def test_a_file_without_words_answers_a_question_for_words(desk: Turn) -> None:
    photo = Inbound(Channel.WEB, "web", "1", "1", "1", media=(attachment(MediaKind.PHOTO, "1"),))
    voice = Inbound(Channel.WEB, "web", "1", "1", "1", media=(attachment(MediaKind.VOICE, "1"),))
    kind = answers.words(least=2)
    assert await kind.read(replace(desk, inbound=photo), ()) == "见照片"
    assert await kind.read(replace(desk, inbound=voice), ()) == "见语音"
    with pytest.raises(answers.Unclear):
        await kind.read(said(desk, "啊"), ())


async def test_a_very_long_answer_is_cut(desk: Turn) -> None:
    assert len(await answers.words().read(said(desk, "长" * 5000), ())) == answers.MOST_WORDS
