"""The dialogue engine with a form of its own: it asks what is missing, and nothing that people say breaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import forms
from handlers.answers import Kind, Question, files, filled, one_of, pick, score, words, yes_no
from handlers.form import Form, fields_of
from handlers.turn import Turn
from services.conversations import read_options
from services.db import Session
from services.messages import Channel, Inbound, MediaKind, Reply, T, Toast
from services.models import Prompt
from services.refusals import Refused
from tests.support import estate
from tests.support.line import Line, attachment
from tests.support.toys import Deployed, NoParrots, Pet, Toy, rooms, with_toys


class Talk:
    """Somebody talking to a form; `ask` is what is open."""

    def __init__(self, session: Session, turn: Turn, form: type[Form]) -> None:
        self.session, self.turn, self.form = session, turn, form
        self.photos = 0
        self.answer = Reply()

    async def begin(self, **given: Any) -> None:
        self.answer = await forms.begin(self.turn, self.form, given)

    async def prompt(self) -> Prompt:
        found = await self.session.get(Prompt, self.answer.prompt_id)
        assert found is not None
        return found

    async def say(self, text: str = "", *, photo: bool = False) -> None:
        self.photos += photo
        media = (attachment(MediaKind.PHOTO, str(self.photos)),) if photo else ()
        turn = self.with_inbound(text=text, media=media)
        self.answer = self.kept(await forms.hear(turn, self.form, await self.prompt()))

    async def tap(self, label: str) -> None:
        prompt = await self.prompt()
        texts = self.turn.world.texts
        labels = [texts.label(option.label, "zh_Hans") for option in read_options(prompt)]
        self.answer = self.kept(
            await forms.tap(self.with_inbound(), self.form, prompt, name=prompt.asked, index=labels.index(label))
        )

    def with_inbound(self, **changes: Any) -> Turn:
        inbound = Inbound(Channel.TELEGRAM, "main", "1", "1", "1", **changes)
        return replace(self.turn, inbound=inbound)

    def kept(self, answer: Reply) -> Reply:
        """Keep the prompt when the reply names none (the form has ended)."""
        return answer if answer.prompt_id else Reply(answer.say, prompt_id=self.answer.prompt_id, toast=answer.toast)

    async def asked(self) -> str:
        return (await self.prompt()).asked

    @property
    def said(self) -> str:
        assert self.answer.say is not None
        return self.turn.world.texts.label(self.answer.say.text, "zh_Hans")


class Undone(Exception):
    """Rolls back."""


@pytest.fixture
async def talk(line: Line) -> AsyncIterator[Talk]:
    with suppress(Undone):
        async with line.db.transaction() as session:
            owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
            policy = await line.world.policies.of(session, owner.community_id)
            inbound = Inbound(Channel.TELEGRAM, "main", "1", "1", "1")
            world = replace(line.world, texts=with_toys(line.world.texts))
            yield Talk(session, Turn(session, owner, inbound, line.now, policy, world), Toy)
            raise Undone


async def answered(talk: Talk, *, pet: str = "是") -> None:
    """Answer everything up to the summary."""
    await talk.begin(called="小花")
    for text in (pet, "厨房", "很满意"):
        await talk.say(text)
    await talk.say(photo=True)
    await talk.say("好了，就这些")
    await talk.tap("跳过")


async def test_the_next_question_is_the_first_without_an_answer(talk: Talk) -> None:
    await talk.begin()
    asked = [await talk.asked()]
    for text in ("小花", "不是", "不是", "卫生间", "5"):
        await talk.say(text)
        asked.append(await talk.asked())
    assert asked == ["called", "pet", "bites", "room", "mark", "photos"]


async def test_what_is_known_is_not_asked(talk: Talk) -> None:
    await talk.begin(called="小花", pet="yes", room="bath", unknown="left out", mark=None)
    assert await talk.asked() == "mark"


async def test_a_question_that_does_not_apply_is_not_asked(talk: Talk) -> None:
    await talk.begin(called="小花")
    await talk.tap("是")
    assert await talk.asked() == "room"


async def test_files_are_collected_until_done(talk: Talk) -> None:
    await talk.begin(called="小花", pet="yes", room="bath", mark=5)
    for _ in range(2):
        await talk.say(photo=True)
        assert await talk.asked() == "photos"
    await talk.say("好了，就这些")
    assert await talk.asked() == "remark"
    assert len(dict((await talk.prompt()).answers)["photos"]) == 2


async def test_an_optional_question_may_be_skipped(talk: Talk) -> None:
    await answered(talk)
    assert await talk.asked() == forms.CONFIRM


async def test_the_summary_is_confirmed_by_a_word(talk: Talk) -> None:
    await answered(talk)
    await talk.say("对")
    assert talk.said == "done 小花 yes False  False"
    assert (await talk.prompt()).state == "done"


async def test_words_that_come_with_the_summary_are_added(talk: Talk) -> None:
    await answered(talk)
    await talk.say("补充一句")
    assert talk.said.startswith("加上了。")
    await talk.say("好的")
    assert "补充一句" in talk.said


async def test_a_switch_of_the_summary_submits_with_it(talk: Talk) -> None:
    await answered(talk)
    prompt = await talk.prompt()
    extra = next(index for index, option in enumerate(read_options(prompt)) if option.value == "urgent")
    talk.answer = talk.kept(await forms.tap(talk.turn, Toy, prompt, name=forms.CONFIRM, index=extra))
    assert talk.said.endswith("True")


async def test_changing_an_answer_drops_those_that_no_longer_apply(talk: Talk) -> None:
    await talk.begin(called="小花", room="bath", mark=5, photos=[], remark="-")
    await talk.tap("不是")
    await talk.say("是")
    prompt = await talk.prompt()
    assert dict(prompt.answers)["bites"] is True
    change = next(index for index, option in enumerate(read_options(prompt)) if option.value == forms.OTHER)
    talk.answer = await forms.tap(talk.turn, Toy, prompt, name=forms.CONFIRM, index=change)
    assert await talk.asked() == forms.CHANGE
    pet = next(index for index, option in enumerate(read_options(await talk.prompt())) if option.value == "pet")
    talk.answer = await forms.tap(talk.turn, Toy, await talk.prompt(), name=forms.CHANGE, index=pet)
    await talk.tap("是")
    assert "bites" not in dict((await talk.prompt()).answers)


async def test_a_check_of_the_whole_asks_the_field_again_and_says_why(talk: Talk) -> None:
    await talk.begin(called="没有名字", pet="yes", room="bath", mark=5, photos=[], remark="-")
    await talk.say("对")
    assert (await talk.asked(), "请写一句话" in talk.said) == ("called", True)


async def test_a_refusal_that_asks_for_something_keeps_the_form_open(talk: Talk) -> None:
    await talk.begin(called="鹦鹉", pet="yes", room="bath", mark=5, photos=[], remark="-")
    with pytest.raises(NoParrots):
        await talk.say("对")
    assert (await talk.prompt()).state == "open"


async def test_back_asks_the_question_before_and_at_the_first_one_cancels(talk: Talk) -> None:
    await talk.begin()
    await talk.say("小花")
    talk.answer = talk.kept(await forms.back(talk.turn, Toy, await talk.prompt()))
    assert await talk.asked() == "called"
    talk.answer = talk.kept(await forms.back(talk.turn, Toy, await talk.prompt()))
    assert (await talk.prompt()).state == "cancelled"


async def test_back_does_not_ask_what_was_known_beforehand(talk: Talk) -> None:
    await talk.begin(called="小花")
    talk.answer = talk.kept(await forms.back(talk.turn, Toy, await talk.prompt()))
    assert (await talk.prompt()).state == "cancelled"


async def test_the_second_time_a_person_is_offered(talk: Talk) -> None:
    await talk.begin(called="小花")
    await talk.say("嗯嗯嗯嗯")
    assert talk.said.startswith("没对上")
    await talk.say("哈哈哈哈")
    assert "还是没听明白" in talk.said
    assert "0571-8888 0000" in talk.said
    assert talk.answer.say is not None
    assert talk.answer.say.choices[-1][0].tap == "go:person"
    await talk.say("是")
    assert (await talk.prompt()).unclear == 0


async def test_a_tap_on_another_question_shows_the_present_one(talk: Talk) -> None:
    await talk.begin(called="小花")
    talk.answer = await forms.tap(talk.turn, Toy, await talk.prompt(), name="called", index=0)
    assert talk.answer.toast == Toast(T("tap.stale"))
    assert await talk.asked() == "pet"


async def test_a_question_waits_as_long_as_its_form_says(talk: Talk) -> None:
    await talk.begin()
    prompt = await talk.prompt()
    assert prompt.expires_at == talk.turn.now + timedelta(hours=talk.turn.policy.dialogues.expire_hours)


@pytest.mark.parametrize("answers_given", range(6))
async def test_a_deploy_in_the_middle_of_a_talk_never_breaks_it(talk: Talk, answers_given: int) -> None:
    await talk.begin()
    for text in ("小花", "不是", "不是", "卫生间", "5")[:answers_given]:
        await talk.say(text)
    talk.form = Deployed
    await talk.say("三层")
    seen = [await talk.asked()]
    for text in ("小花", "是", "厨房", "三层", "不是", "对") * 3:
        if (await talk.prompt()).state != "open":
            break
        await talk.say(text)
        seen.append(await talk.asked())
    assert (await talk.prompt()).state == "done"
    assert set(seen) <= {"called", "pet", "place", "floor", "lift", forms.CONFIRM}


async def test_an_option_that_is_gone_is_asked_again(talk: Talk) -> None:
    await talk.begin(called="小花", pet="no")
    talk.form = Deployed
    talk.answer = await forms.put(talk.turn, Deployed, await talk.prompt())
    assert await talk.asked() == "pet"


CHATTER = st.one_of(
    st.sampled_from(
        ["是", "不是", "对", "1", "２", "③", "五", "0", "厨房", "卫生间", "客厅", "很满意", "不用了", "改一下", "好了"]
    ),
    st.text(max_size=12),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chatter=st.lists(st.tuples(CHATTER, st.booleans()), min_size=1, max_size=14))
async def test_random_chatter_never_breaks_a_form(talk: Talk, chatter: list[tuple[str, bool]]) -> None:
    await talk.begin()
    for text, photo in chatter:
        prompt = await talk.prompt()
        if prompt.state != "open":
            break
        with suppress(Refused):
            await talk.say(text, photo=photo)
        known = [*fields_of(Toy), forms.CONFIRM, forms.CHANGE]
        assert prompt.asked in known
        assert talk.answer.say is not None


@pytest.mark.parametrize("kind", [words(), yes_no(), score(), files(), one_of(Pet, "word"), pick(rooms), filled()])
async def test_every_kind_takes_back_what_it_loads(talk: Talk, kind: Kind) -> None:
    options = list(await kind.options(talk.turn, {}))
    for option in options:
        if option.value != "done":
            assert kind.load(option.value) == option.value
            shown = talk.turn.world.texts.label(kind.show(option.value, options), "zh_Hans")
            assert shown == talk.turn.world.texts.label(option.label, "zh_Hans")
    assert Question(T("plain", words="?")).options == ()
