"""A card shows the present state of its ticket: any number of changes is one edit, and no change is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from bot.channels.port import Letter, Outcome, Sent
from handlers.turn import World
from services import outbox
from services.db import Session
from services.messages import Channel
from services.models import Address, Card, Outgoing, TeamChat, Ticket
from services.tickets import cards
from tests.conformance import crowd
from tests.conformance.crowd import GROUP, NOW, Replica
from tests.support.line import ACCOUNT, FakePort, Screens


class Wall(FakePort):
    """The engineers' group, whose provider can be slow, forgetful or unwilling."""

    def __init__(self) -> None:
        super().__init__(Channel.TELEGRAM, ACCOUNT, Screens())
        self.letters: list[Letter] = []
        self.answers: list[Sent] = []  # instead of accepting, in this order
        self.is_fast = asyncio.Event()
        self.is_fast.set()
        self.on_its_way = asyncio.Event()

    async def send(self, letter: Letter) -> Sent:
        """Show a letter, when the time has come."""
        if letter.to != GROUP:
            return await super().send(letter)
        self.letters.append(letter)
        self.on_its_way.set()
        await self.is_fast.wait()
        return self.answers.pop(0) if self.answers else await super().send(letter)

    @property
    def edits_made(self) -> list[str]:
        """Which message each letter edited; an empty word is a new message."""
        return [letter.edit for letter in self.letters]


class Scene:
    """A ticket with a card in the group, and replicas that deliver."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.wall = url, Wall()
        self.replicas = [Replica(url, world, self.wall, owner) for owner in ("left", "right")]
        self.db = self.replicas[0].db
        self.ticket_id = 0

    async def begin(self) -> None:
        """File the ticket; its card waits."""
        await self.db.run(lambda session: crowd.add_engineers(session, 1))
        (owner,) = await self.db.run(lambda session: crowd.add_owners(session, 1))
        world = self.replicas[0].world
        self.ticket_id = (await self.db.run(lambda session: crowd.file(session, world, owner, "水管漏水"))).id

    async def change(self, times: int = 1) -> None:
        """Let the ticket change, each time in a transaction of its own; urges are shown on the card."""

        async def once(session: Session) -> None:
            ticket = await session.get_one(Ticket, self.ticket_id, with_for_update=True)
            ticket.urges += 1
            await session.flush()
            await cards.touch(session, ticket=ticket, now=NOW)

        for _ in range(times):
            await self.db.run(once)

    async def deliver(self) -> None:
        """Let one replica deliver."""
        await self.replicas[0].delivery.drain()

    async def card(self) -> Card:
        """Return the group's card."""
        async with self.db.reading() as session:
            return (
                await session.scalars(
                    select(Card).join(Address, Address.id == Card.address_id).where(Address.external == GROUP)
                )
            ).one()

    def shows(self) -> str:
        """Return what stands on the group's screen, in one message."""
        (shown,) = self.wall._screens.of(Channel.TELEGRAM, GROUP).messages
        return shown.text


@pytest.fixture
async def scene(estate_url: str, world: World) -> AsyncIterator[Scene]:
    """Return a ticket whose card waits to be sent."""
    opened = Scene(estate_url, world)
    await opened.begin()
    yield opened
    for replica in opened.replicas:
        await replica.db.dispose()


async def test_changes_before_a_card_is_sent_are_in_the_first_message(scene: Scene) -> None:
    await scene.change(5)
    await scene.deliver()
    assert scene.wall.edits_made == [""]
    assert "5" in scene.shows()


async def test_any_number_of_changes_is_one_edit(scene: Scene) -> None:
    await scene.deliver()
    first = (await scene.card()).message_id
    await scene.change(7)
    await scene.deliver()
    assert scene.wall.edits_made == ["", first]
    card = await scene.card()
    assert (card.message_id, card.shown) == (first, card.wanted)


@pytest.mark.parametrize("is_new", [True, False], ids=["a new card", "an edit"])
async def test_changes_while_a_card_is_on_its_way_lead_to_exactly_one_more_edit(scene: Scene, is_new: bool) -> None:
    if not is_new:
        await scene.deliver()
        await scene.change()
    before = len(scene.wall.letters)
    scene.wall.is_fast.clear()
    scene.wall.on_its_way.clear()
    delivering = asyncio.create_task(scene.deliver())
    await scene.wall.on_its_way.wait()
    await scene.change(4)
    scene.wall.is_fast.set()
    await delivering
    assert len(scene.wall.letters) == before + 2
    assert scene.wall.letters[-1].edit == (await scene.card()).message_id
    assert str(5 if not is_new else 4) in scene.shows()


async def test_nothing_changed_is_nothing_sent(scene: Scene) -> None:
    await scene.deliver()
    await scene.deliver()
    assert len(scene.wall.letters) == 1


async def test_a_message_that_the_provider_has_lost_becomes_a_new_card(scene: Scene) -> None:
    await scene.deliver()
    first = (await scene.card()).message_id
    await scene.change()
    scene.wall.answers = [Sent(Outcome.NEEDS_FIX, code="no_message")]
    await scene.deliver()
    assert scene.wall.edits_made == ["", first, ""]
    card = await scene.card()
    assert card.message_id not in {"", first}
    assert card.shown == card.wanted
    await scene.change()
    await scene.deliver()
    assert scene.wall.edits_made[-1] == card.message_id


@pytest.mark.parametrize("outcome", [Outcome.PERMANENT, Outcome.GONE])
async def test_a_card_that_could_not_be_changed_is_tried_again_at_the_next_change(
    scene: Scene, outcome: Outcome
) -> None:
    await scene.deliver()
    first = (await scene.card()).message_id
    await scene.change()
    scene.wall.answers = [Sent(outcome, code="refused")]
    await scene.deliver()
    assert scene.wall.edits_made == ["", first]
    await scene.change()
    await scene.deliver()
    assert scene.wall.edits_made == ["", first, first]
    assert "2" in scene.shows()


async def test_a_card_goes_to_its_topic_and_when_that_is_gone_to_the_group_itself(scene: Scene) -> None:
    async with scene.db.transaction() as session:
        await session.execute(update(TeamChat).values(topic="9"))
        await session.execute(update(Card).values(topic="9"))
        await session.execute(update(Outgoing).where(Outgoing.card_id.is_not(None)).values(topic="9"))
    scene.wall.answers = [Sent(Outcome.NEEDS_FIX, code="no_topic")]
    await scene.deliver()
    assert [letter.topic for letter in scene.wall.letters] == ["9", ""]
    assert (await scene.card()).topic == ""
    async with scene.db.reading() as session:
        assert (await session.scalars(select(TeamChat.topic))).all() == [""]
    await scene.change()
    await scene.deliver()
    assert scene.wall.edits_made[-1] == (await scene.card()).message_id


async def test_two_replicas_show_a_card_as_one(scene: Scene) -> None:
    """While both deliver and the ticket keeps changing: one message, no more edits than changes, the last one shown."""
    changes = 12

    async def change() -> None:
        for _ in range(changes):
            await scene.change()
            await asyncio.sleep(0.005)

    async def deliver(replica: Replica) -> None:
        while not changing.done():
            await replica.delivery.drain()
            await asyncio.sleep(0.002)

    changing = asyncio.create_task(change())
    await asyncio.gather(changing, *(deliver(replica) for replica in scene.replicas))
    await crowd.deliver_together(scene.replicas)
    edits = scene.wall.edits_made
    assert edits.count("") == 1
    assert len(edits) <= 1 + changes
    card = await scene.card()
    assert (card.shown, set(edits)) == (card.wanted, {"", card.message_id} if len(edits) > 1 else {""})
    assert str(changes) in scene.shows()


async def test_a_sender_that_comes_too_late_does_not_put_the_card_back(scene: Scene) -> None:
    """Its row was given to another sender meanwhile, who has shown a newer revision since."""
    scene.wall.is_fast.clear()
    late = asyncio.create_task(scene.deliver())
    await scene.wall.on_its_way.wait()
    await scene.db.run(lambda session: outbox.reap(session, desk_now=NOW, all_leases=True))
    await scene.change(3)
    other = Wall()
    await other.send(scene.wall.letters[0])  # so that the two walls count differently
    right = Replica(scene.url, scene.replicas[0].world, other, "right")
    await right.delivery.drain()
    shown = await scene.card()
    scene.wall.is_fast.set()
    await late
    card = await scene.card()
    assert (card.shown, card.message_id) == (shown.shown, shown.message_id) == (card.wanted, "2")
    assert (len(scene.wall.letters), len(other.letters)) == (1, 2)
    await right.db.dispose()
