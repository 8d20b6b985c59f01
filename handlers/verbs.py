"""Every verb that a button or a typed word may name, and what employees type for them."""

from __future__ import annotations

from collections.abc import Mapping

from handlers import appeals, grievances, holdups, leading, mine, offers, rectify, relay, upstairs, work
from handlers.tickets import Verb

VERBS: Mapping[str, Verb] = {
    **mine.VERBS,
    **offers.VERBS,
    **work.VERBS,
    **holdups.VERBS,
    **leading.VERBS,
    **upstairs.VERBS,
    **rectify.VERBS,
    **appeals.VERBS,
    **grievances.VERBS,
    "talk": relay.talk,
}
TYPED: Mapping[str, str] = {**work.TYPED, **holdups.TYPED, **upstairs.TYPED}
CODES: Mapping[str, str] = {  # the short word before a number
    "short.accept": "accept",
    "short.called": "called",
    "short.on_the_way": "on_the_way",
    "short.arrived": "arrived",
    "short.done": "done",
    "short.give_back": "give_back",
    "short.pause": "pause",
    "short.extend": "extend",
    "short.no_access": "no_access",
    "short.hand_on": "hand_on",
    "short.problem": "problem",
    "short.not_ours": "not_ours",
    "short.resume": "resume",
    "short.quote": "quote",
    "short.ask": "ask",
    "short.view": "view",
}
