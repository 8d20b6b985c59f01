"""The action table, walked: every action in every state by everybody."""

from __future__ import annotations

from itertools import chain, combinations, product

import pytest

from services.refusals import NotAllowed, Refused
from services.tickets.rules import (
    HELD,
    IN_HAND,
    LIVE,
    NOT_YET,
    ON_SITE,
    OVER,
    TABLE,
    AcceptFirst,
    Action,
    AlreadyDone,
    AlreadyTaken,
    Change,
    Repeat,
    Standing,
    State,
    TooLate,
    decide,
    taking,
)

CROWDS = [frozenset(crowd) for crowd in chain.from_iterable(combinations(Standing, size) for size in range(4))]
ENDS = {Action.OWNER_ACCEPTS, Action.CLOSE, Action.CANCEL, Action.MERGE, Action.FOUND_RIGHT}
BACK = {
    (Action.APPEAL, State.CLOSED),
    (Action.OWNER_RETURNS, State.CLOSED),
    (Action.REOPEN, State.CLOSED),
    (Action.REOPEN, State.CANCELLED),
    (Action.UNMERGE, State.MERGED),
}
OF_OWNERS = {Action.ANSWER, Action.OWNER_ACCEPTS, Action.OWNER_RETURNS, Action.URGE, Action.NO_SHOW, Action.APPEAL}
BY_OWNERS = OF_OWNERS | {Action.NOTE, Action.RESCHEDULE, Action.CANCEL, Action.AGREE, Action.DECLINE}
OF_SYSTEM = {Action.ASSIGN, Action.HAND_ON, Action.GIVE_BACK, Action.RESUME, Action.CLOSE, Action.INHERIT}
OF_HOLDERS = ON_SITE | {Action.NOT_OURS}


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


def test_a_ticket_ends_by_the_owners_word_by_silence_by_being_taken_back_or_in_another() -> None:
    for action, state in product(TABLE, set(State) - OVER):
        found = outcome(action, state, frozenset(Standing))
        if isinstance(found, Change) and found.state in OVER:
            assert action in ENDS


def test_what_is_over_comes_back_by_its_owner_or_by_the_desk() -> None:
    found = {
        (action, state): outcome(action, state, frozenset(Standing)) for action, state in product(TABLE, sorted(OVER))
    }
    assert {way for way, change in found.items() if isinstance(change, Change) and change.state not in OVER} == BACK


def test_states_are_told_apart_without_a_gap() -> None:
    assert NOT_YET | HELD == IN_HAND
    assert IN_HAND | {State.DONE} == LIVE
    assert set(State) == LIVE | OVER
    assert not LIVE & OVER


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


def test_the_system_only_passes_work_on_ends_rests_and_closes() -> None:
    allowed = {
        action
        for action, state in product(TABLE, State)
        if isinstance(outcome(action, state, frozenset({Standing.SYSTEM})), Change)
    }
    assert allowed == OF_SYSTEM


def test_work_in_hand_belongs_to_the_holder() -> None:
    others = frozenset({Standing.TEAM, Standing.FRONT, Standing.REQUESTER})
    for action in OF_HOLDERS:
        assert isinstance(outcome(action, State.WORKING, others), Refused)
        assert isinstance(outcome(action, State.WORKING, frozenset({Standing.HOLDER})), Change)


def test_whoever_comes_too_late_to_accept_hears_that_it_is_taken() -> None:
    for who in (frozenset({Standing.TEAM}), frozenset({Standing.FRONT})):
        assert isinstance(outcome(Action.ACCEPT, State.WORKING, who), AlreadyTaken)


def test_what_is_done_on_site_comes_after_saying_yes() -> None:
    for action, state in product(ON_SITE, NOT_YET):
        assert isinstance(outcome(action, state, frozenset(Standing)), AcceptFirst)


def test_a_rest_ends_by_going_on_by_the_owners_word_or_with_the_ticket() -> None:
    ends = {
        action
        for action in TABLE
        if isinstance(found := outcome(action, State.PAUSED, frozenset(Standing)), Change)
        and found.state is not State.PAUSED
    }
    staying = {Action.CALLED, Action.PROBLEM, Action.EXTEND, Action.RESCHEDULE, Action.ASK, Action.ANSWER, Action.TELL}
    assert {Action.RESUME, Action.AGREE, Action.DECLINE, Action.DONE, Action.CANCEL} <= ends
    assert not ends & staying


def test_a_price_is_agreed_on_only_while_somebody_is_at_work() -> None:
    for action, state in product((Action.AGREE, Action.DECLINE), set(State) - HELD):
        assert isinstance(outcome(action, state, frozenset(Standing)), TooLate)


def test_taking_is_a_yes_to_what_one_was_given_and_a_grab_of_what_is_free() -> None:
    assert taking(frozenset({Standing.HOLDER, Standing.TEAM}), State.ASSIGNED) is Action.ACCEPT
    assert taking(frozenset({Standing.TEAM}), State.ASSIGNED) is Action.GRAB
    assert taking(frozenset({Standing.LEAD}), State.OPEN) is Action.GRAB
    assert taking(frozenset({Standing.TEAM}), State.WORKING) is Action.ACCEPT  # whose refusal says who has it
