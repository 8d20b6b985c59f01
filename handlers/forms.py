"""The dialogue engine: a form is a frozen dataclass whose annotated fields are its questions.

The next question is derived: the first applicable field without a readable answer. Back, cancel, summary with change,
asking again, expiry and prefilled answers live here, once, for every form and channel.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from handlers import words
from handlers.answers import Files, Kind, Question, Unclear, chosen
from handlers.form import Form, fields_of
from handlers.turn import Turn
from services.conversations import Option, keep, pack_options, read_options, tap_of
from services.messages import Choice, Reply, Say, T, Toast, lines, pairs
from services.models import Prompt
from services.refusals import Refused

CONFIRM, CHANGE = "confirm", "change"
SKIP, YES, OTHER = "skip", "yes", "change"
UNCLEAR_BEFORE_PERSON = 2


@dataclass(slots=True)
class Draft:
    """A form on its way: which one, the answers in the order given, the row once there is one."""

    form: type[Form]
    answers: dict[str, Any] = field(default_factory=dict)
    prompt: Prompt | None = None


async def begin(turn: Turn, form: type[Form], given: Mapping[str, Any]) -> Reply:
    """Start a form with what is known; answers that the form no longer has are left out."""
    known = fields_of(form)
    return await _go_on(turn, Draft(form, {k: v for k, v in given.items() if k in known and v is not None}))


async def put(turn: Turn, form: type[Form], prompt: Prompt) -> Reply:
    """Ask the present question of a prompt again (or for the first time)."""
    draft = _resume(form, prompt)
    if not prompt.asked:
        draft.answers = {k: v for k, v in prompt.given.items() if k in fields_of(form)}
    return await _go_on(turn, draft)


async def tap(turn: Turn, form: type[Form], prompt: Prompt, *, name: str, index: int) -> Reply:
    """Take a tapped option."""
    options = read_options(prompt)
    if prompt.asked != name or index >= len(options):
        again = await put(turn, form, prompt)
        return dataclasses.replace(again, toast=Toast(T("tap.stale")))
    return await _take(turn, _resume(form, prompt), prompt, options[index].value)


async def hear(turn: Turn, form: type[Form], prompt: Prompt) -> Reply:
    """Take typed words, a photo, a voice message as the answer to the open question."""
    draft, options = _resume(form, prompt), read_options(prompt)
    if prompt.asked in {CONFIRM, CHANGE}:
        return await _hear_summary(turn, draft, prompt, options)
    skipped = chosen(turn, options)
    if skipped is not None and skipped.value == SKIP:
        return await _take(turn, draft, prompt, SKIP)
    kind = fields_of(form).get(prompt.asked)
    if kind is None:  # the field is gone since a deploy
        return await _go_on(turn, draft)
    try:
        value = await kind.read(turn, options)
    except Unclear as unclear:
        return await _unclear(turn, draft, prompt, unclear.hint)
    also = {} if chosen(turn, options) else await form.also(turn, prompt.asked, draft.answers)
    value = also.pop(prompt.asked, value) if isinstance(also, dict) else value
    draft.answers.update({name: found for name, found in also.items() if not draft.answers.get(name)})
    return await _take(turn, draft, prompt, value)


def skips(form: type[Form], prompt: Prompt) -> bool:
    """Whether the open question may be left unanswered."""
    kind = fields_of(form).get(prompt.asked)
    return kind is not None and kind.optional


async def skip(turn: Turn, form: type[Form], prompt: Prompt) -> Reply:
    """Leave the open question unanswered."""
    return await _take(turn, _resume(form, prompt), prompt, SKIP)


async def _hear_summary(turn: Turn, draft: Draft, prompt: Prompt, options: Sequence[Option]) -> Reply:
    found = chosen(turn, options)
    if found is not None:
        return await _take(turn, draft, prompt, found.value)
    if prompt.asked == CONFIRM and words.means(turn, "words.yes"):
        return await _take(turn, draft, prompt, YES)
    changed = await draft.form.more(turn, draft.answers)
    if changed is None:
        return await _unclear(turn, draft, prompt, T("unclear.choose"))
    if not changed:  # a courtesy: the summary stands as it is
        return await _go_on(turn, draft)
    draft.answers.update(changed)
    reply = await _go_on(turn, draft)
    if reply.say is None:
        return reply
    return dataclasses.replace(reply, say=dataclasses.replace(reply.say, text=lines(T("form.added"), reply.say.text)))


async def back(turn: Turn, form: type[Form], prompt: Prompt) -> Reply:
    """Ask the question before again; at the first one, cancel."""
    draft = _resume(form, prompt)
    asked_before = [name for name in draft.answers if name not in prompt.given and _is_answered(fields_of(form)[name])]
    if not asked_before:
        return cancel(prompt)
    draft.answers.pop(asked_before[-1])
    return await _go_on(turn, draft)


def _is_answered(kind: Kind) -> bool:
    """Whether people answer it: neither filled nor found out."""
    return kind.asked and not kind.derived


def cancel(prompt: Prompt) -> Reply:
    """End the form without doing anything."""
    prompt.state = "cancelled"
    return Reply(Say(T("form.cancelled")))


def with_below(reply: Reply, prompt: Prompt, others: Sequence[Prompt]) -> Reply:
    """Let the question below be asked again now that a prompt has ended."""
    below = next((p for p in others if p.key is None or prompt.urgent), None)
    return dataclasses.replace(reply, again=below.id) if below is not None else reply


def _resume(form: type[Form], prompt: Prompt) -> Draft:
    known = fields_of(form)
    return Draft(form, {name: value for name, value in prompt.answers if name in known}, prompt)


async def _take(turn: Turn, draft: Draft, prompt: Prompt, value: Any) -> Reply:  # noqa: ANN401
    if prompt.asked == CONFIRM:
        return await _confirmed(turn, draft, value)
    if prompt.asked == CHANGE:
        draft.answers.pop(value, None)
        return await _go_on(turn, draft, ask=value)
    kind, collecting = fields_of(draft.form)[prompt.asked], False
    if isinstance(kind, Files) and value != SKIP:
        value, collecting = kind.gather(draft.answers.get(prompt.asked) or (), value)
    draft.answers[prompt.asked] = None if value == SKIP else value
    after = False
    for name, other in fields_of(draft.form).items():
        if (other.when and not other.when(draft.answers)) or (after and other.derived):
            draft.answers.pop(name, None)  # no longer asked, or to be found out anew
        after = after or name == prompt.asked
    return await _go_on(turn, draft, ask=prompt.asked if collecting else "")


async def _confirmed(turn: Turn, draft: Draft, value: Any) -> Reply:  # noqa: ANN401
    if value == OTHER:
        return await _ask_what_to_change(turn, draft)
    if value in draft.form.extras:
        draft.answers[value] = True
    wrong = await draft.form.check(turn, draft.answers)
    if wrong is not None:
        draft.answers.pop(wrong.name, None)
        return await _go_on(turn, draft, why=wrong.why)
    return await _submit(turn, draft)


async def _ask_what_to_change(turn: Turn, draft: Draft) -> Reply:
    kinds = fields_of(draft.form)
    options = [
        Option(name, T(f"{draft.form.name}.{name}.label"))
        for name in draft.answers
        if name in kinds and _is_answered(kinds[name])
    ]
    if len(options) == 1:
        draft.answers.pop(options[0].value)
        return await _go_on(turn, draft, ask=options[0].value)
    return await _show(turn, draft, CHANGE, Question(T("form.change"), options))


async def _go_on(turn: Turn, draft: Draft, *, why: T | None = None, ask: str = "") -> Reply:
    """Ask the first applicable field without a readable answer (`ask` is asked in any case); else sum up or submit."""
    for name, kind in fields_of(draft.form).items():
        if not kind.asked or (kind.when and not kind.when(draft.answers)):
            continue
        if name != ask:
            if name in draft.answers and _readable(kind, draft.answers[name]):
                continue
            known = await kind.known(turn, draft.answers)
            if known is not None:
                draft.answers[name] = known
                continue
        return await _ask(turn, draft, name, kind, why)
    if not draft.form.sums_up(draft.answers):
        return await _submit(turn, draft)
    return await _show(turn, draft, CONFIRM, Question(await _form(draft).summary(turn), _confirm_options(draft)))


async def _ask(turn: Turn, draft: Draft, name: str, kind: Kind, why: T | None) -> Reply:
    options = await kind.options(turn, draft.answers)
    offered = [*options, Option(SKIP, T("word.skip"))] if kind.optional else options
    question = await draft.form.ask(turn, name, draft.answers, offered)
    text = lines(why, question.text) if why else question.text
    return await _show(turn, draft, name, dataclasses.replace(question, text=text))


def _confirm_options(draft: Draft) -> list[Option]:
    name = draft.form.name
    extras = [Option(extra, T(f"{name}.{extra}.button")) for extra in draft.form.offers(draft.answers)]
    return [Option(YES, T(f"{name}.yes")), Option(OTHER, T("form.change.button")), *extras]


def _readable(kind: Kind, value: Any) -> bool:  # noqa: ANN401
    if value is None:
        return kind.optional
    try:
        kind.load(value)
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _form(draft: Draft) -> Form:
    kinds = fields_of(draft.form)
    loaded = {name: kinds[name].load(value) for name, value in draft.answers.items() if value is not None}
    return draft.form(**loaded)


async def _submit(turn: Turn, draft: Draft) -> Reply:
    """Do it; a refusal that asks for something keeps the question open, any other ends the form."""
    try:
        reply = await _form(draft).submit(turn)
    except Refused as refused:
        if draft.prompt is not None and refused.ends:
            draft.prompt.state = "done"
        raise
    if draft.prompt is not None and not reply.waits:
        draft.prompt.state = "done"
        draft.prompt.answers = _kept(draft)
    return reply


async def _show(turn: Turn, draft: Draft, asked: str, question: Question) -> Reply:
    prompt = draft.prompt or _row(turn, draft)
    prompt.answers, prompt.asked = _kept(draft), asked
    prompt.options = pack_options(question.options)
    prompt.shown_at, prompt.unclear = turn.now, 0
    until = turn.now + (draft.form.expires or timedelta(hours=turn.policy.dialogues.expire_hours))
    prompt.expires_at = max(until, prompt.expires_at or until)  # whoever asked may have given it longer
    if draft.prompt is None:
        await keep(turn.session, prompt)  # taps carry its id
    return _asking(prompt, question)


def _asking(prompt: Prompt, question: Question) -> Reply:
    choices = [
        Choice(option.label, tap_of(prompt.id, prompt.asked, index), digit=option.digit)
        for index, option in enumerate(question.options)
    ]
    say = Say(question.text, pairs(choices, across=question.across), question.keyboard)
    return Reply(say, prompt_id=prompt.id)


def _row(turn: Turn, draft: Draft) -> Prompt:
    return Prompt(
        community_id=turn.actor.community_id,
        address_id=turn.actor.address_id,
        person_id=turn.actor.person_id,
        form=draft.form.name,
        given=dict(draft.answers),
        state="open",
        urgent=draft.form.on_top,
        created_at=turn.now,
    )


def _kept(draft: Draft) -> list[list[Any]]:
    return [[name, value] for name, value in draft.answers.items()]


async def _unclear(turn: Turn, draft: Draft, prompt: Prompt, hint: T) -> Reply:
    prompt.unclear += 1
    count = prompt.unclear
    reply = await _go_on(turn, draft)
    prompt.unclear = count
    if reply.say is None:
        return reply
    rows, text = reply.say.choices, lines(hint, reply.say.text)
    if count >= UNCLEAR_BEFORE_PERSON:
        rows = (*rows, (Choice(T("menu.person"), "go:person"),))
        about = turn.about() if turn.actor.house is not None else None
        text = lines(T("unclear.again"), reply.say.text, about)
    return dataclasses.replace(reply, say=dataclasses.replace(reply.say, text=text, choices=rows))
