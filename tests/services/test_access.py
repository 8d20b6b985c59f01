"""Who may do what with units, people and money: the whole table, walked with everybody who may ever ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from services import access, actors
from services.access import TABLE, Deed, Subject, may
from services.actors import Actor, Home, House, Membership, Proof, Role, Tie, UnitKind

HERE, ELSEWHERE = 1, 2
UNIT, NEXT_DOOR = 10, 11
OWNER, LEFT = 100, 101
COLLECTS, COLLECTS_OTHERS = 7, 8
HOUSE = House(HERE, "阳光花园", ZoneInfo("Asia/Shanghai"), "zh_Hans", "0571-8888 0000")
FLAT = Home(UNIT, HERE, "3", "2", "1502", Tie.OWNER, UnitKind.FLAT, Tie.OWNER, date(2026, 1, 1))
SUBJECT = Subject(HERE, UNIT, collector_id=COLLECTS)


def lives(tie: Tie, *, payer: Tie = Tie.OWNER, proof: Proof = Proof.CONTACT, unit: int = UNIT) -> Actor:
    """Return somebody with a tie to a unit."""
    home = replace(FLAT, tie=tie, payer=payer, unit_id=unit)
    return Actor(1, OWNER, HOUSE, "zh_Hans", proof=proof, proof_is_recent=True, homes=(home,))


def works(role: Role, *, at: int = HERE, staff_id: int = 1) -> Actor:
    """Return somebody who works somewhere."""
    member = Membership(staff_id, at, "01", role, "team", None)
    return Actor(2, 200, HOUSE, "zh_Hans", proof=Proof.CODE, proof_is_recent=True, memberships=(member,))


CAST = {
    "stranger": Actor(3, None, HOUSE, "zh_Hans"),
    "owner": lives(Tie.OWNER),
    "owner, only by his number": lives(Tie.OWNER, proof=Proof.REGISTER),
    "tenant who pays": lives(Tie.TENANT, payer=Tie.TENANT),
    "tenant": lives(Tie.TENANT),
    "family": lives(Tie.FAMILY),
    "proxy": lives(Tie.PROXY),
    "former owner": Actor(4, LEFT, HOUSE, "zh_Hans", proof=Proof.CONTACT, proof_is_recent=True),
    "neighbour": lives(Tie.OWNER, unit=NEXT_DOOR),
    "engineer": works(Role.ENGINEER),
    "security": works(Role.SECURITY),
    "cleaning": works(Role.CLEANING),
    "greening": works(Role.GREENING),
    "desk": works(Role.DESK),
    "collector": works(Role.COLLECTOR, staff_id=COLLECTS),
    "collector of others": works(Role.COLLECTOR, staff_id=COLLECTS_OTHERS),
    "finance": works(Role.FINANCE),
    "supervisor": works(Role.SUPERVISOR),
    "manager": works(Role.MANAGER),
    "manager elsewhere": works(Role.MANAGER, at=ELSEWHERE),
}
LEADS = {"supervisor", "manager"}
BOOKS = LEADS | {"finance"}
COUNTER = LEADS | {"desk"}
PAYING = {"owner", "tenant who pays", "family", "proxy"}
WHO = {
    Deed.SEE_DUE: PAYING,
    Deed.SEE_PAST: PAYING,
    Deed.SAY_OF_BILLS: PAYING | {"owner, only by his number"},
    Deed.SEE_HOUSEHOLD: {"owner", "owner, only by his number", "tenant who pays", "tenant"} | COUNTER,
    Deed.INVITE: {"owner", "tenant who pays", "tenant"},
    Deed.SEND_AWAY: {"owner", "owner, only by his number", "tenant who pays", "tenant"} | COUNTER,
    Deed.NAME_PROXY: {"owner", "owner, only by his number", "tenant who pays", "tenant"},
    Deed.SEE_PERSON: COUNTER,
    Deed.SEE_ACCOUNT: COUNTER | BOOKS | {"collector"},
    Deed.TAKE_PAYMENT: COUNTER | BOOKS | {"collector"},
    Deed.TAKE_BACK: BOOKS,
    Deed.ADJUST: BOOKS,
    Deed.ANSWER_MATTER: BOOKS,
    Deed.COLLECT: LEADS | {"collector"},
    Deed.SPARE: LEADS,
    Deed.SEE_RATES: BOOKS,
    Deed.SEE_OWN_RATE: BOOKS | {"collector", "collector of others"},
    Deed.SEND_LETTERS: BOOKS,
    Deed.RUN_BILLS: BOOKS,
    Deed.IMPORT: BOOKS,
    Deed.EXPORT: BOOKS,
    Deed.EDIT_REGISTER: COUNTER,
    Deed.DECIDE_LINKS: COUNTER,
    Deed.ISSUE_CODES: COUNTER,
    Deed.SEE_LOOKS: LEADS,
    Deed.ERASE: {"manager"},
}


def test_every_deed_has_its_line_and_its_expectation() -> None:
    assert set(TABLE) == set(Deed) == set(WHO)


@pytest.mark.parametrize("deed", Deed)
def test_a_deed_is_for_these_and_nobody_else(deed: Deed) -> None:
    assert {name for name, actor in CAST.items() if may(actor, deed, SUBJECT)} == WHO[deed]


@pytest.mark.parametrize(("name", "deed"), list(product(CAST, Deed)))
def test_nobody_may_anything_with_a_unit_of_another_community(name: str, deed: Deed) -> None:
    there = Subject(ELSEWHERE, UNIT, collector_id=COLLECTS)
    assert may(CAST[name], deed, there) == (name == "manager elsewhere" and "manager" in WHO[deed])


@pytest.mark.parametrize("deed", [Deed.SEE_DUE, Deed.SEE_PAST, Deed.SAY_OF_BILLS])
def test_what_somebody_left_owing_is_his_and_not_his_successors(deed: Deed) -> None:
    left = Subject(HERE, UNIT, person_id=LEFT)
    assert {name for name, actor in CAST.items() if may(actor, deed, left)} == {"former owner"}


@pytest.mark.parametrize("deed", [Deed.SEE_DUE, Deed.SEE_PAST])
def test_nobody_sees_what_was_before_his_time(deed: Deed) -> None:
    before, since = replace(SUBJECT, on=date(2025, 12, 31)), replace(SUBJECT, on=date(2026, 1, 1))
    assert {name for name, actor in CAST.items() if may(actor, deed, before)} == set()
    assert {name for name, actor in CAST.items() if may(actor, deed, since)} == WHO[deed]


@pytest.mark.parametrize("deed", [deed for deed in Deed if TABLE[deed].proven])
def test_amounts_need_a_proof_that_is_strong_and_recent(deed: Deed) -> None:
    for proof in Proof:
        strong = proof in actors.STRONG
        assert may(lives(Tie.OWNER, proof=proof), deed, SUBJECT) == strong
        old = replace(lives(Tie.OWNER, proof=proof), proof_is_recent=False)
        assert not may(old, deed, SUBJECT)


def test_a_part_of_the_system_may_what_it_was_made_for_and_nothing_else() -> None:
    till = actors.system("till", Deed.TAKE_PAYMENT)
    assert [deed for deed in Deed if may(till, deed, SUBJECT)] == [Deed.TAKE_PAYMENT]


def test_who_works_here_and_lives_here_has_what_either_has() -> None:
    both = replace(works(Role.ENGINEER), homes=(FLAT,), person_id=OWNER)
    assert may(both, Deed.SEE_DUE, SUBJECT)
    assert not may(both, Deed.SEE_ACCOUNT, SUBJECT)
    assert not may(both, Deed.SEE_DUE, replace(SUBJECT, unit_id=NEXT_DOOR))


def test_a_collector_sees_lists_of_his_own_but_no_unit_of_others() -> None:
    own, other = works(Role.COLLECTOR, staff_id=COLLECTS), works(Role.COLLECTOR, staff_id=COLLECTS_OTHERS)
    assert may(own, Deed.COLLECT, Subject(HERE))
    assert may(other, Deed.COLLECT, Subject(HERE))
    assert not may(other, Deed.COLLECT, SUBJECT)


def test_the_table_names_roles_and_ties_that_there_are() -> None:
    for rule in TABLE.values():
        assert rule.ties <= set(Tie)
        assert rule.roles | rule.own_units <= set(Role)
    assert access.LEADS <= access.MONEY
