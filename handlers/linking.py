"""Linking up: a shared contact, a one-time code, or a review by the desk; until then one may only file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from handlers import emergency, menu, places, repair
from handlers.answers import Answers, Files, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import houses, links, people
from services.actors import Proof
from services.conversations import Option
from services.messages import Channel, Choice, Keyboard, Reply, Start, T, joined, lines, plain, reply
from services.models import Person
from services.phones import e164
from services.refusals import NotAllowed
from services.understanding.danger import Danger
from services.understanding.intents import Intent

TWO = 2
MOST_NAME = 40


async def offer(turn: Turn) -> Reply:
    """Greet somebody unknown and say how to link up."""
    return reply(
        lines(T("link.hello", estate=turn.house.name), T("link.why"), turn.about()),
        [Choice(T("link.review"), "go:review"), Choice(T("link.later"), "go:repair")],
        keyboard=Keyboard.CONTACT,
    )


async def contact(turn: Turn) -> Reply:
    """Take a shared phone number: only the sender's own, as the channel vouches for it."""
    shared = turn.inbound.contact
    if shared is None or not shared.own:
        return reply(T("link.not_own"), keyboard=Keyboard.CONTACT)
    number = e164(shared.phone, turn.world.region)
    if number is None:
        return reply(T("link.not_own"), keyboard=Keyboard.CONTACT)
    found = await links.by_contact(turn.session, turn.actor, e164=number, community_id=turn.house.id)
    if len(found) > 1:
        return Reply(then=Start("which_person", {"people": [person.id for person in found]}))
    return await _tied(turn, found[0], Proof.CONTACT)


async def code(turn: Turn, payload: str) -> Reply:
    """Take a code or the payload of a deep link; who comes by a code for anybody says his name first."""
    if await links.wants_name(turn.session, turn.actor, code=payload):
        return Reply(then=Start("newcomer", {"code": payload}))
    await links.redeem(turn.session, turn.actor, code=payload, now=turn.now, policy=turn.policy)
    return await _welcome(turn)


async def who_of_number(turn: Turn) -> Reply | None:
    """Ask who writes when several people of the register share the number of a text message."""
    if turn.inbound.channel is not Channel.SMS or turn.actor.person_id is not None:
        return None
    found = await people.of_number(turn.session, e164=turn.inbound.sender, community_id=turn.house.id)
    if len(found) < TWO:
        return None
    return Reply(then=Start("which_person", {"people": [person.id for person in found], "words": turn.text}))


async def _tied(turn: Turn, person: Person, proof: Proof) -> Reply:
    address_id = turn.actor.to.address_id
    await people.tie(turn.session, address_id=address_id, person=person, proof=proof, now=turn.now)
    return await _welcome(turn)


async def _welcome(turn: Turn) -> Reply:
    """Greet whom the address belongs to now: residents with their flats, employees as such."""
    actor = await people.actor_at(turn.session, address_id=turn.actor.to.address_id, now=turn.now)
    known = replace(turn, actor=actor)
    if actor.staff is not None:
        return await menu.start(known)
    units = joined([places.unit_label(home) for home in actor.here], turn.label(T("join.list")))
    name = menu.called(actor.name, actor.sex)
    return reply(T("link.done", name=name, units=units if actor.here else known.house.name), keyboard=Keyboard.MENU)


async def _persons(turn: Turn, so_far: Answers) -> list[Option]:
    ids = list(so_far.get("people") or ())
    options = []
    for person_id in ids:
        person = await turn.session.get(Person, person_id)
        if person is not None:
            options.append(Option(person.id, plain(person.name)))
    return options


@dataclass(frozen=True, kw_only=True)
class WhichPerson(Form, name="which_person"):
    """Ask who is writing when two people share a number."""

    people: Annotated[Sequence[int], filled()]
    words: Annotated[str, filled()] = ""
    person: Annotated[int, pick(_persons)]

    async def submit(self, turn: Turn) -> Reply:
        """Tie the address to the chosen one, and go on with what was said first."""
        person = await turn.session.get(Person, self.person)
        if person is None or self.person not in self.people:
            raise NotAllowed
        by_text = turn.inbound.channel is Channel.SMS  # whose sender can be forged
        welcome = await _tied(turn, person, Proof.REGISTER if by_text else Proof.CONTACT)
        if not self.words:
            return welcome
        actor = await people.actor_at(turn.session, address_id=turn.actor.to.address_id, now=turn.now)
        there = replace(turn, actor=actor, inbound=replace(turn.inbound, text=self.words, tap=""))
        return Reply(then=Start("repair", await repair.known_from(there, there.understood())))


async def _houses(turn: Turn, so_far: Answers) -> list[Option]:  # noqa: ARG001
    found = await houses.choices(turn.session, channel=turn.inbound.channel, account=turn.inbound.account)
    return [Option(house.id, plain(house.name)) for house in found]


@dataclass(frozen=True, kw_only=True)
class WhichCommunity(Form, name="community"):
    """A stranger on an account that serves several estates says which one he means; his first words are kept."""

    which: Annotated[int, pick(_houses)]
    words: Annotated[str, filled()] = ""
    danger: Annotated[str, filled()] = ""  # what to do has been said; who comes must know where to

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say what hangs on the answer when there is danger."""
        if so_far.get("danger"):
            return Question(T("community.which_danger"), options)
        return await super().ask(turn, name, so_far, options)

    async def submit(self, turn: Turn) -> Reply:
        """Go on with what was said first."""
        actor = await houses.choose(turn.session, turn.actor, community_id=self.which)
        there = replace(turn, actor=actor, inbound=replace(turn.inbound, text=self.words, tap=""))
        if self.danger:
            return await emergency.answer(there, Danger(self.danger), told=True)
        if (asked := await emergency.asked(there)) is not None:
            return asked
        reading = there.understood()
        if reading.category is not None or reading.intent is Intent.REPAIR:
            return Reply(then=Start("repair", await repair.known_from(there, reading)))
        return await offer(there)


@dataclass(frozen=True, kw_only=True)
class Newcomer(Form, name="newcomer"):
    """Who comes by a code that was printed for a unit, or by an invitation."""

    code: Annotated[str, filled()]
    who: Annotated[str, free_words(least=1)]

    async def submit(self, turn: Turn) -> Reply:
        """Take the code."""
        await links.redeem(
            turn.session, turn.actor, code=self.code, name=self.who[:MOST_NAME], now=turn.now, policy=turn.policy
        )
        return await _welcome(turn)


async def review(turn: Turn) -> Reply:
    """Begin to ask the desk to be linked."""
    return Reply(then=Start("review", {"by_text": turn.inbound.channel is Channel.SMS}))


def _can_show(so_far: Answers) -> bool:
    return not so_far.get("by_text")


@dataclass(frozen=True, kw_only=True)
class Review(Form, name="review"):
    """A stranger asks the desk to be linked."""

    who: Annotated[str, free_words(least=1)]
    where: Annotated[dict[str, object], pick(places.own_places, other=places.any_unit)]
    by_text: Annotated[bool, filled()] = False  # a text message carries no photo
    papers: Annotated[Sequence[int], Files(optional=True, when=_can_show)] = ()

    async def submit(self, turn: Turn) -> Reply:
        """Hand it to the desk; meanwhile filing works."""
        label = str(self.where["label"])
        unit_id = self.where.get("unit")
        await links.request_review(
            turn.session,
            turn.actor,
            name=self.who,
            words=label,
            unit_id=unit_id if isinstance(unit_id, int) else None,
            place=label,
            files=self.papers,
            now=turn.now,
        )
        return reply(lines(T("link.asked"), turn.about()))
