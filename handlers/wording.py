"""The wording guard: words that an owner should not read are shown to their sender first, with better ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Annotated, Any, Concatenate

from handlers.answers import MOST_WORDS, Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import conversations, media, people, wording, wordings
from services.catalog import Catalog, Phrase
from services.conversations import Option
from services.messages import Reply, Start, T, joined, lines, reply
from services.models import Prompt, Relay
from services.outbox import Priority, To
from services.refusals import NotFound, Refused
from services.tickets.history import Said
from services.wordings import Outcome

FORM = "wording"
RELAY = "relay"
REWORD = "reword"
MOST_PHRASES = 3


class NotYours(Refused):
    """Only who wrote the words decides about them."""

    key = "refused.not_yours"
    ends = False


Via = Callable[Concatenate[Turn, int, Said, ...], Awaitable[Reply]]  # what is done with words for a ticket's owner
Guarded = Callable[Concatenate[Turn, int, str, ...], Awaitable[Reply]]  # the same with words as they were written

VIAS: dict[str, Via] = {}  # by the names that rows bear


def guarded(via: str) -> Callable[[Via], Guarded]:
    """Have the words looked at before something is done with them that an owner reads; `given` must fit into JSON."""

    def guard(act: Via) -> Guarded:
        VIAS[via] = act

        @wraps(act)
        async def checked(turn: Turn, ticket_id: int, words: str, **given: Any) -> Reply:  # noqa: ANN401
            kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
            return await _checked(turn, via, ticket_id, Said(words, tuple(kept)), given)

        return checked

    return guard


async def _checked(turn: Turn, via: str, ticket_id: int, said: Said, given: Mapping[str, Any]) -> Reply:
    hit = wording.check(said.words, phrases(turn.world.catalog, turn.actor.locale))
    if hit is None:
        return await VIAS[via](turn, ticket_id, said, **given)
    known = {
        "via": via,
        "ticket": ticket_id,
        "said": said.words,
        "media": list(said.media),
        "given": dict(given),
        "hit": await wordings.note(turn.session, turn.actor, hit=hit, ticket_id=ticket_id, now=turn.now),
        "staff": turn.actor.staff.staff_id if turn.actor.staff else None,
        "alone": not turn.inbound.group,
        "phrase": hit.phrase,
        "better": hit.suggestion,
    }
    return await _ask(turn, known)


async def _ask(turn: Turn, known: Mapping[str, Any]) -> Reply:
    """Ask the sender; in a group, in his private chat, as long as he has one."""
    to = await private_chat(turn)
    if to is None:
        return Reply(then=Start(FORM, known))
    await ask_in_private(turn, to, FORM, {**known, "alone": True})
    return reply(T("wording.asked_in_private"))


async def private_chat(turn: Turn) -> To | None:
    """Return where an employee who speaks in a group is asked alone; None when he is alone, or can't be reached."""
    if not turn.inbound.group or turn.actor.staff is None:
        return None
    staff_id = turn.actor.staff.staff_id
    return (await people.addresses_of_staff(turn.session, [staff_id])).get(staff_id)


async def ask_in_private(turn: Turn, to: To, form: str, given: Mapping[str, Any]) -> None:
    """Open a form in somebody's private chat; an event does so once."""
    await conversations.ask(
        turn.session,
        to=to,
        person_id=turn.actor.person_id,
        form=form,
        given=given,
        key=f"{form}:{turn.inbound.channel}:{turn.inbound.account}:{turn.inbound.event_id}",
        priority=Priority.REPLY,
        now=turn.now,
        expires_at=turn.now + timedelta(hours=turn.policy.dialogues.expire_hours),
    )


def phrases(catalog: Catalog, locale: str) -> Sequence[Phrase]:
    """Return the phrases of all languages, the writer's own first: of equals the first is named."""
    own = catalog.wording.get(locale, ())
    return [*own, *(phrase for known, listed in catalog.wording.items() if known != locale for phrase in listed)]


def awaits(prompts: Sequence[Prompt], talk: Relay) -> bool:
    """Whether words in a talk through the line answer the guard's question about that talk."""
    newest = next((prompt for prompt in prompts if prompt.form != conversations.CHOOSE), None)
    return newest is not None and newest.created_at >= talk.created_at and _is_about(newest, talk)


def _is_about(prompt: Prompt, talk: Relay) -> bool:
    return prompt.form == FORM and (prompt.given["via"], prompt.given["ticket"]) == (RELAY, talk.ticket_id)


async def drop(turn: Turn, talk: Relay) -> None:
    """The talk has ended: what waited for better words is not said any more."""
    for prompt in await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id):
        if _is_about(prompt, talk):
            prompt.state = "cancelled"


async def _ways(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer the better words and his own; to write new ones he has to be alone with us."""
    ways = [Outcome.MENDED, Outcome.SENT, *([REWORD] if so_far.get("alone", True) else ())]
    return [Option(str(way), T(f"wording.{way}")) for way in ways]


async def _new_words(turn: Turn) -> Mapping[str, str] | None:
    """Words instead of an answer are the better wording."""
    return {"words": turn.text[:MOST_WORDS]} if turn.text else None


def _rewords(so_far: Answers) -> bool:
    return so_far.get("way") == REWORD


@dataclass(frozen=True, kw_only=True)
class Wording(Form, name=FORM):
    """What becomes of words that an owner should not read: the better ones, his own all the same, or new ones."""

    via: Annotated[str, filled()]
    ticket: Annotated[int, filled()]
    said: Annotated[str, filled()]
    phrase: Annotated[str, filled()]
    better: Annotated[str, filled()]
    hit: Annotated[int, filled()]
    staff: Annotated[int, filled()]
    media: Annotated[Sequence[int], filled()] = ()
    given: Annotated[Mapping[str, Any], filled()]
    alone: Annotated[bool, filled()] = True
    way: Annotated[str | Mapping[str, str], pick(_ways, other=_new_words)]
    words: Annotated[str, free_words(least=2, when=_rewords)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Show the phrase and better words; in a group also how to write new ones."""
        if name != "way":
            return Question(T("wording.words"), options)
        text = T("wording.ask", phrase=so_far["phrase"], better=so_far["better"])
        return Question(lines(text, None if so_far["alone"] else T("wording.again")), options)

    async def submit(self, turn: Turn) -> Reply:
        """Do what was to be done, with the words that he chose."""
        if turn.actor.staff is None or turn.actor.staff.staff_id != self.staff:
            raise NotYours
        if self.via not in VIAS:
            raise NotFound
        own = self.way["words"] if isinstance(self.way, Mapping) else self.words
        if own:
            return await self._anew(turn, own)
        outcome = Outcome(str(self.way))
        words = self.better if outcome is Outcome.MENDED else self.said
        done = await VIAS[self.via](turn, self.ticket, Said(words, tuple(self.media)), **self.given)
        await wordings.decide(turn.session, hit_id=self.hit, outcome=outcome)
        return done

    async def _anew(self, turn: Turn, words: str) -> Reply:
        """New words are looked at again; photos of before go along, and so do new ones."""
        more = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        files = tuple(dict.fromkeys([*self.media, *more]))
        done = await _checked(turn, self.via, self.ticket, Said(words, files), self.given)
        await wordings.decide(turn.session, hit_id=self.hit, outcome=Outcome.REWORDED)
        return done


async def listed(turn: Turn) -> Reply:
    """Show who leads this month's counts: how often better words were shown, how often the first ones were sent."""
    local = turn.now.astimezone(turn.house.zone)
    since = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = await wordings.counts(turn.session, turn.actor, since=since)
    if not found:
        return reply(T("wording.none", month=local.month))
    return reply(lines(T("wording.head", month=local.month), *(_line(one) for one in found)))


def _line(one: wordings.Count) -> T:
    most = one.phrases[:MOST_PHRASES]
    said = [T("wording.times", phrase=phrase, times=times) for phrase, times in most]
    return T("wording.line", name=one.name, hits=one.hits, sent=one.sent, phrases=joined(said, " · "))
