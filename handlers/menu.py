"""The menu of six, help, the language, and "a person"."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated

from handlers.answers import filled
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.repair import closed, requester
from handlers.turn import Turn
from services import people, places
from services.actors import Role
from services.catalog import Kind
from services.messages import Channel, Choice, Keyboard, Reply, T, lines, pairs, plain, reply
from services.texts import LOCALES
from services.tickets import filing
from services.tickets.filing import Request

FIRST_HAN = 0x2E80  # from here on a name's first sign is the family name
STAFF_BUTTONS = (Choice(T("command.jobs"), "go:jobs"), Choice(T("command.new"), "go:new"))
MORE = ("invoice", "release_slip", "move_car", "certificate", "parking")


def called(name: str, sex: str) -> T:
    """Address somebody: 王女士 when the sex is known, else the name."""
    if name and sex in {"female", "male"}:
        return T(f"call.{sex}", name=name[0] if ord(name[0]) >= FIRST_HAN else name)
    return plain(name) if name else T("call.nobody")


async def start(turn: Turn) -> Reply:
    """Greet a known person with the menu."""
    if turn.actor.staff:
        return reply(T("menu.hello_staff", name=plain(turn.actor.name)), STAFF_BUTTONS)
    name = called(turn.actor.name, turn.actor.sex)
    return reply(T("menu.hello", name=name, estate=turn.house.name, phone=turn.house.phone), keyboard=Keyboard.MENU)


async def helped(turn: Turn) -> Reply:
    """Say what can be done here."""
    staff = T("help.staff") if turn.actor.staff else None
    leads = T("help.leads") if turn.actor.is_lead else None
    role = turn.actor.staff.role if turn.actor.staff is not None else None
    money = T("help.money") if role in {Role.FINANCE, Role.COLLECTOR} else None
    return reply(lines(T("help.owner"), staff, leads, money, turn.about()), keyboard=Keyboard.MENU)


async def greeted(turn: Turn) -> Reply:  # noqa: ARG001
    """Answer a lone greeting with one short line."""
    return reply(T("menu.greeting"))


async def thanked(turn: Turn) -> Reply | None:
    """Answer thanks on chat with a word; by text message with nothing, it costs money and time."""
    return None if turn.inbound.channel is Channel.SMS else reply(T("menu.thanks"))


async def noted(turn: Turn) -> Reply | None:
    """Answer "ok, got it" on chat with as little; by text message with nothing."""
    return None if turn.inbound.channel is Channel.SMS else reply(T("menu.noted"))


async def person(turn: Turn) -> Reply:
    """Give the number at once, and offer to be called back."""
    text = T("person.call", phone=turn.house.phone)
    return reply(text, [Choice(T("person.callback"), "go:callback")])


async def unsubscribe(turn: Turn) -> Reply:
    """Say who takes people off the list."""
    return reply(T("unsubscribe", phone=turn.house.phone))


async def more(turn: Turn) -> Reply:
    """Show the rest of what the desk does."""
    choices = [Choice(T(f"more.{name}"), f"go:ask:{name}") for name in MORE]
    choices += [
        Choice(T("more.household"), "go:family" if turn.actor.here else "go:review"),
        Choice(T("more.language"), "go:language"),
    ]
    return reply(lines(T("menu.more"), turn.about()), *pairs(choices, across=3))


async def language(turn: Turn) -> Reply:  # noqa: ARG001
    """Offer the three languages, each in its own words."""
    return reply(T("language.ask"), [Choice(T(f"language.{locale}"), f"go:language:{locale}") for locale in LOCALES])


async def set_language(turn: Turn, locale: str) -> Reply:
    """Keep the chosen language."""
    if locale not in LOCALES:
        return await language(turn)
    await people.remember_locale(turn.session, turn.actor, locale=locale, chosen=True)
    text = T(f"language.set.{locale}")
    answer = reply(text, STAFF_BUTTONS) if turn.actor.staff else reply(text, keyboard=Keyboard.MENU)
    return dataclasses.replace(answer, locale=locale)


async def not_understood(turn: Turn) -> Reply:
    """Admit it, and offer what it may have been."""
    choices = [
        Choice(T("menu.repair"), "go:repair"),
        Choice(T("menu.complaint"), "go:complaint"),
        Choice(T("menu.fees"), "go:fees"),
        Choice(T("menu.person"), "go:person"),
    ]
    return reply(lines(T("unclear.what"), turn.about()), *pairs(choices))


@dataclass(frozen=True, kw_only=True)
class AskDesk(Form, name="inquiry"):
    """A matter for the desk: an invoice, a release slip, a certificate, a call back."""

    what: Annotated[str, free_words(least=1)]
    matter: Annotated[str, filled()] = "other"

    async def submit(self, turn: Turn) -> Reply:
        """File it with the desk, which answers by a person."""
        home = next(iter(turn.actor.here), None)
        ticket = await filing.file(
            turn.session,
            turn.actor,
            house=turn.house,
            request=Request(
                category=turn.world.catalog.of_kind(self.matter, Kind.INQUIRY),
                matter=self._matter(turn),
                place=turn.world.texts.label(places.unit_label(home), turn.house.locale)
                if home
                else turn.actor.name or turn.house.name,
                unit_id=home.unit_id if home else None,
                requester=await requester(turn),
            ),
            now=turn.now,
            policy=turn.policy,
        )
        return reply(lines(T("inquiry.filed", number=ticket.number, phone=turn.house.phone), closed(turn)))

    def _matter(self, turn: Turn) -> str:
        """Name what it is about, where that was chosen, before the person's own words."""
        if self.matter not in {*MORE, "bill"}:
            return self.what
        return turn.world.texts.label(
            T("inquiry.matter", label=T(f"more.{self.matter}"), what=self.what), turn.house.locale
        )
