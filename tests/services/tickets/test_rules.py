"""The action table, walked: every action in every state by everybody."""

from __future__ import annotations

from itertools import chain, combinations, product

import pytest

from services.refusals import NotAllowed, Refused
from services.tickets.rules import (
    TABLE,
    Action,
    AlreadyDone,
    AlreadyTaken,
    Change,
    Repeat,
    Standing,
    State,
    decide,
)

OVER = {State.CLOSED, State.CANCELLED}
CROWDS = [frozenset(crowd) for crowd in chain.from_iterable(combinations(Standing, size) for size in range(4))]
ENDS = {Action.OWNER_ACCEPTS, Action.CLOSE, Action.CANCEL}
OF_OWNERS = {Action.ANSWER, Action.OWNER_ACCEPTS, Action.OWNER_RETURNS, Action.URGE}
BY_OWNERS = OF_OWNERS | {Action.NOTE, Action.RESCHEDULE, Action.CANCEL}


def outcome(action: Action, state: State, who: frozenset[Standing], *, holds: bool = False) -> Change | Refused:
    try:
        return decide(action, state, who, holds=holds)
    except Refused as refused:
        return refused


def test_every_action_but_filing_has_its_row() -> None:
    assert set(TABLE) == set(Action) - {Action.FILE}


@pytest.mark.parametrize("action", TABLE)
def test_whoever_is_not_named_is_refused_in_every_state(action: Action) -> None:
    for state, who, holds in product(State, CROWDS, (False, True)):
        if not who & TABLE[action].who:
            assert isinstance(outcome(action, state, who, holds=holds), NotAllowed | AlreadyTaken)


@pytest.mark.parametrize("action", TABLE)
def test_whoever_is_named_may_in_the_states_of_the_row_and_in_no_other(action: Action) -> None:
    rule = TABLE[action]
    for state, who in product(State, CROWDS):
        if who & rule.who:
            expected = Change(rule.to or state) if state in rule.states else None
            found = outcome(action, state, who)
            assert found == expected if expected else isinstance(found, Refused)


@pytest.mark.parametrize("action", TABLE)
def test_a_repeat_does_what_the_row_says(action: Action) -> None:
    rule = TABLE[action]
    for state in State:
        found = outcome(action, state, rule.who, holds=True)
        if rule.repeat is Repeat.IGNORE:
            assert found == Change(state, repeated=True)
        elif rule.repeat is Repeat.REFUSE:
            assert isinstance(found, AlreadyDone)


def test_a_ticket_ends_by_the_owners_word_by_silence_or_by_being_taken_back() -> None:
    for action, state in product(TABLE, set(State) - OVER):
        found = outcome(action, state, frozenset(Standing))
        if isinstance(found, Change) and found.state in OVER:
            assert action in ENDS


def test_only_the_owner_brings_a_closed_ticket_back_and_nobody_a_cancelled_one() -> None:
    for action, state in product(TABLE, OVER):
        found = outcome(action, state, frozenset(Standing))
        if isinstance(found, Change) and found.state not in OVER:
            assert (action, state) == (Action.OWNER_RETURNS, State.CLOSED)


def test_an_owner_may_what_owners_do_and_nothing_else() -> None:
    allowed = {
        action
        for action, state in product(TABLE, State)
        if isinstance(outcome(action, state, frozenset({Standing.REQUESTER})), Change)
    }
    assert allowed == BY_OWNERS


def test_employees_never_speak_for_the_owner() -> None:
    staff = frozenset(Standing) - {Standing.REQUESTER}
    for action, state in product(OF_OWNERS, State):
        assert isinstance(outcome(action, state, staff), NotAllowed)


def test_the_system_only_assigns_hands_on_and_closes() -> None:
    allowed = {
        action
        for action, state in product(TABLE, State)
        if isinstance(outcome(action, state, frozenset({Standing.SYSTEM})), Change)
    }
    assert allowed == {Action.ASSIGN, Action.HAND_ON, Action.CLOSE}


def test_work_in_hand_belongs_to_the_holder() -> None:
    others = frozenset({Standing.TEAM, Standing.FRONT, Standing.REQUESTER})
    for action in (Action.CALLED, Action.ON_THE_WAY, Action.ARRIVED, Action.PROBLEM, Action.DONE, Action.NOT_OURS):
        assert isinstance(outcome(action, State.WORKING, others), Refused)
        assert isinstance(outcome(action, State.WORKING, frozenset({Standing.HOLDER})), Change)


def test_whoever_comes_too_late_to_accept_hears_that_it_is_taken() -> None:
    for who in (frozenset({Standing.TEAM}), frozenset({Standing.FRONT})):
        assert isinstance(outcome(Action.ACCEPT, State.WORKING, who), AlreadyTaken)
