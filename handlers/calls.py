"""Calls owed to owners: what to ask, how it went, what comes next, in taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import people
from services.catalog import Kind, said
from services.conversations import Option
from services.messages import Choice, Reply, Start, T, Text, When, lines, plain, reply
from services.models import FollowUp
from services.tickets import calls, followups
from services.tickets.calls import Step
from services.tickets.followups import Result, Task


async def tapped(turn: Turn, what: str, follow_up_id: int) -> Reply:
    """Go the way of a button on a call: show it with what to ask, or write down how it went."""
    task = await followups.find(turn.session, turn.actor, follow_up_id=follow_up_id)
    if task.row.done_at is not None:
        raise calls.NotedBefore
    if what not in {Result.CONTENT, Result.NOT_CONTENT, Result.NOT_REACHED, Result.WRONG_NUMBER}:
        return _shown(turn, task)
    if what == Result.NOT_REACHED:
        return await _note(turn, follow_up_id, Result.NOT_REACHED)
    return Reply(then=Start("followed_up", {"follow_up": follow_up_id, "result": what}))


def _shown(turn: Turn, task: Task) -> Reply:
    """Show the call with what to ask and how it may have gone."""
    text = lines(task.about, task.whom, T("call.ask", script=_script(turn, task)))
    return reply(text, *followups.buttons(task.row)[:2])


def _script(turn: Turn, task: Task) -> Text:
    """Return what the owner is asked: the catalogue's words for the matter, else ours."""
    ticket = task.ticket
    named = {"estate": turn.house.name, "name": turn.actor.name}
    if ticket is None:
        return T("call.script_campaign", **named)
    category = turn.world.catalog.categories.get(ticket.category)
    own = said(category.script, turn.actor.locale) if category is not None else ""
    if own:
        return plain(own)
    kind = "repair" if ticket.kind == Kind.REPAIR else "other"
    return T(f"call.script_{kind}", matter=plain(ticket.matter), **named)


async def _note(turn: Turn, follow_up_id: int, result: Result, step: Step = Step.NOTHING, words: str = "") -> Reply:
    row = await calls.noted(
        turn.session,
        turn.actor,
        follow_up_id=follow_up_id,
        result=result,
        step=step,
        words=words,
        now=turn.now,
        policy=turn.policy,
    )
    return reply(await _told(turn, row, result, step))


async def _told(turn: Turn, row: FollowUp, result: Result, step: Step) -> T:
    """Say what comes of it."""
    if row.result == Result.UNREACHABLE:
        return T("follow_up.unreachable")
    if result is Result.NOT_REACHED:
        return T("follow_up.again", at=When(turn.now + timedelta(hours=turn.policy.surveys.call_again_hours)))
    if step is Step.COME_AGAIN:
        return T("follow_up.reopened")
    if step is Step.SUPERVISOR:
        return T("follow_up.handed_up", name=await people.staff_name(turn.session, row.staff_id) or T("word.nobody"))
    return T("follow_up.noted")


async def listed(turn: Turn) -> tuple[Sequence[Text], Sequence[Choice]]:
    """Return the calls that wait for the employee, of those who lead everybody's, with the buttons that open them."""
    found = await followups.open_ones(turn.session, turn.actor)
    mine = turn.actor.staff.staff_id if turn.actor.staff is not None else None
    rows: list[Text] = []
    for task in found:
        number = plain(task.number) if task.number else T("call.of_campaign")
        line = T("jobs.call", number=number, name=task.whom.params["name"], by=When(task.row.due_at))
        other = await people.staff_name(turn.session, task.row.staff_id) if task.row.staff_id != mine else None
        rows.append(T("jobs.call_of", line=line, name=other) if other is not None else line)
    return rows, [Choice(T("jobs.call_button", number=one.number), f"f:view:{one.row.id}") for one in found]


def _is_unhappy(so_far: Answers) -> bool:
    return so_far.get("result") == Result.NOT_CONTENT


def _is_other(so_far: Answers) -> bool:
    return not _is_unhappy(so_far)


async def _steps(turn: Turn, so_far: Answers) -> Sequence[Option]:
    task = await followups.find(turn.session, turn.actor, follow_up_id=int(so_far["follow_up"]))
    return [Option(step.value, T(f"call.step.{step}")) for step in calls.steps(turn.actor, task)]


async def _only_step(turn: Turn, so_far: Answers) -> str | None:
    options = await _steps(turn, so_far)
    return str(options[0].value) if len(options) == 1 else None


@dataclass(frozen=True, kw_only=True)
class FollowedUp(Form, name="followed_up"):
    """How a call went: what comes next when the owner is not content, and a line about it."""

    follow_up: Annotated[int, filled()]
    result: Annotated[str, filled()]
    step: Annotated[str, pick(_steps, only=_only_step, when=_is_unhappy)] = Step.NOTHING
    outcome: Annotated[str, free_words(least=2, when=_is_unhappy)] = ""
    note: Annotated[str, free_words(optional=True, when=_is_other)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """A wrong number asks for the right one."""
        del turn
        wrong = name == "note" and so_far.get("result") == Result.WRONG_NUMBER
        return Question(T("followed_up.number" if wrong else f"followed_up.{name}"), options)

    async def submit(self, turn: Turn) -> Reply:
        """Write it down and let it have its way."""
        words = self.outcome or self.note
        return await _note(turn, self.follow_up, Result(self.result), Step(self.step), words)
