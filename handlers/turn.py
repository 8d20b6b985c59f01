"""A turn: one event of one person, and the world it happens in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.actors import Actor, House
from services.catalog import Catalog
from services.db import Session
from services.messages import Inbound, T
from services.questions import Questions
from services.refusals import Refused
from services.settings import Policies, Policy
from services.texts import Texts
from services.understanding.reading import Reader, Reading


class NoCommunity(Refused):
    """The stranger has not said which estate he writes about."""

    key = "refused.no_community"


@dataclass(frozen=True, slots=True)
class World:
    """What does not change from turn to turn: texts, catalogue, vocabulary, defaults."""

    texts: Texts
    catalog: Catalog
    questions: Questions
    reader: Reader
    policies: Policies
    simplify: Callable[[str], str]
    zone: ZoneInfo  # of texts that belong to no community
    region: str = "CN"  # whose phone numbers are written without a country code
    desk_link: Callable[[str], str] = "/desk/enter/{}".format  # the address that a token of the desk's page makes


@dataclass(frozen=True, slots=True)
class Turn:
    """One event being worked: who, what, when, with which figures."""

    session: Session
    actor: Actor
    inbound: Inbound
    now: datetime
    policy: Policy
    world: World

    @property
    def house(self) -> House:
        """The community of the conversation; raises `NoCommunity`."""
        if self.actor.house is None:
            raise NoCommunity
        return self.actor.house

    @property
    def text(self) -> str:
        """What was typed."""
        return self.inbound.text.strip()

    def label(self, text: T) -> str:
        """Return a label in the person's language."""
        return self.world.texts.label(text, self.actor.locale)

    def understood(self, text: str | None = None) -> Reading:
        """Read the words (or those given) with the vocabulary."""
        return self.world.reader.read(self.text if text is None else text, now=self.now, zone=self.house.zone)

    def about(self) -> T:
        """The estate's 24-hour number as a line to end on."""
        return T("phone.line", phone=self.house.phone)
