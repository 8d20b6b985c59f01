"""Who may do what with units, people and money: one table, and the one function that reads it, pure.

What can be done to tickets stands in `services.tickets.rules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.actors import Actor, Home, Role, Tie


class Deed(StrEnum):
    """What somebody may want to see or do."""

    SEE_DUE = "see_due"  # amounts of a unit, for who pays
    SEE_PAST = "see_past"  # paid bills and receipts of his own time
    SAY_OF_BILLS = "say_of_bills"  # paid already, this line is wrong, an invoice, a promise
    SEE_HOUSEHOLD = "see_household"  # who else is tied to the unit
    INVITE = "invite"  # somebody into the household
    SEND_AWAY = "send_away"  # end the tie of somebody of the household
    NAME_PROXY = "name_proxy"
    SEE_PERSON = "see_person"  # an owner's file, for the desk
    SEE_ACCOUNT = "see_account"  # a unit's bills, payments, attempts, for who works with them
    TAKE_PAYMENT = "take_payment"
    TAKE_BACK = "take_back"  # a refund, a reversal
    ADJUST = "adjust"  # a bill corrected or let off
    ANSWER_MATTER = "answer_matter"  # what owners say of bills
    COLLECT = "collect"  # today's list, outcomes, visits
    SPARE = "spare"  # a household is not dunned for a while
    SEE_RATES = "see_rates"  # what was collected, of everybody
    SEE_OWN_RATE = "see_own_rate"
    SEND_LETTERS = "send_letters"
    RUN_BILLS = "run_bills"
    IMPORT = "import"
    EXPORT = "export"
    EDIT_REGISTER = "edit_register"  # a sale, a lease, who pays
    DECIDE_LINKS = "decide_links"
    ISSUE_CODES = "issue_codes"
    SEE_LOOKS = "see_looks"  # who looked at whose data
    ERASE = "erase"  # one person's data, or all of it in a file


@dataclass(frozen=True, slots=True)
class Subject:
    """What a deed is about: something of a community, often of a unit."""

    community_id: int
    unit_id: int | None = None
    person_id: int | None = None  # whose own it is: a bill that stayed with who left
    collector_id: int | None = None  # a staff id: who collects there
    on: date | None = None  # the day it is of: a household sees nothing of others' times


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may: people by their tie to the unit, employees by their role."""

    ties: frozenset[Tie] = frozenset()
    pays: bool = False  # a tenant only where tenants pay
    proven: bool = False  # only with a strong proof, lately: amounts
    roles: frozenset[Role] = frozenset()
    own_units: frozenset[Role] = frozenset()  # these only where they collect


OWNERS = frozenset({Tie.OWNER, Tie.PROXY})
HOUSEHOLD = frozenset(Tie)
LEADS = frozenset({Role.SUPERVISOR, Role.MANAGER})
MONEY = frozenset({Role.FINANCE}) | LEADS
COUNTER = frozenset({Role.DESK}) | LEADS
COLLECTOR = frozenset({Role.COLLECTOR})

TABLE: dict[Deed, Rule] = {
    Deed.SEE_DUE: Rule(HOUSEHOLD, pays=True, proven=True),
    Deed.SEE_PAST: Rule(HOUSEHOLD, pays=True, proven=True),
    Deed.SAY_OF_BILLS: Rule(HOUSEHOLD, pays=True),
    Deed.SEE_HOUSEHOLD: Rule(frozenset({Tie.OWNER, Tie.TENANT}), roles=COUNTER),
    Deed.INVITE: Rule(frozenset({Tie.OWNER, Tie.TENANT}), proven=True),
    Deed.SEND_AWAY: Rule(frozenset({Tie.OWNER, Tie.TENANT}), roles=COUNTER),
    Deed.NAME_PROXY: Rule(frozenset({Tie.OWNER, Tie.TENANT})),
    Deed.SEE_PERSON: Rule(roles=COUNTER),
    Deed.SEE_ACCOUNT: Rule(roles=COUNTER | MONEY, own_units=COLLECTOR),
    Deed.TAKE_PAYMENT: Rule(roles=COUNTER | MONEY, own_units=COLLECTOR),
    Deed.TAKE_BACK: Rule(roles=MONEY),
    Deed.ADJUST: Rule(roles=MONEY),
    Deed.ANSWER_MATTER: Rule(roles=MONEY),
    Deed.COLLECT: Rule(roles=LEADS, own_units=COLLECTOR),
    Deed.SPARE: Rule(roles=LEADS),
    Deed.SEE_RATES: Rule(roles=MONEY),
    Deed.SEE_OWN_RATE: Rule(roles=COLLECTOR | MONEY),
    Deed.SEND_LETTERS: Rule(roles=MONEY),
    Deed.RUN_BILLS: Rule(roles=MONEY),
    Deed.IMPORT: Rule(roles=MONEY),
    Deed.EXPORT: Rule(roles=MONEY),
    Deed.EDIT_REGISTER: Rule(roles=COUNTER),
    Deed.DECIDE_LINKS: Rule(roles=COUNTER),
    Deed.ISSUE_CODES: Rule(roles=COUNTER),
    Deed.SEE_LOOKS: Rule(roles=LEADS),
    Deed.ERASE: Rule(roles=frozenset({Role.MANAGER})),
}


def may(actor: Actor, deed: Deed, subject: Subject) -> bool:
    """Whether somebody may do the deed. The system may what its capabilities list."""
    if actor.system:
        return deed in actor.capabilities
    rule = TABLE[deed]
    if rule.proven and not actor.sees_amounts:
        return False
    return _by_tie(actor, rule, subject) or _by_role(actor, rule, subject)


def _by_tie(actor: Actor, rule: Rule, subject: Subject) -> bool:
    if not rule.ties or actor.person_id is None or subject.unit_id is None:
        return False
    if subject.person_id is not None and rule.pays:  # who left owing it, and nobody who lives there now
        return subject.person_id == actor.person_id
    return any(_fits(home, rule, subject) for home in actor.homes)


def _fits(home: Home, rule: Rule, subject: Subject) -> bool:
    if (home.community_id, home.unit_id) != (subject.community_id, subject.unit_id) or home.tie not in rule.ties:
        return False
    if subject.on is not None and home.since is not None and subject.on < home.since:
        return False
    return not rule.pays or home.tie is not Tie.TENANT or home.payer is Tie.TENANT


def _by_role(actor: Actor, rule: Rule, subject: Subject) -> bool:
    member = next((one for one in actor.memberships if one.community_id == subject.community_id), None)
    if member is None:
        return False
    if member.role in rule.roles:
        return True
    collects = subject.unit_id is None or subject.collector_id == member.staff_id
    return member.role in rule.own_units and collects
