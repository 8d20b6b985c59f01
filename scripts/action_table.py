"""For developers: write `docs/actions.md` from the action table; `--check` only says whether it is up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from services.tickets.clocks import MEETS, SPOKEN
from services.tickets.effects import HEARD, Heard
from services.tickets.rules import TABLE, Action, Repeat, Rule, Standing, State
from services.tickets.terms import Clock

PAGE = Path(__file__).resolve().parent.parent / "docs" / "actions.md"
COMMAND = "python -m scripts.action_table"

HEAD = f"""# What can be done to a ticket

Generated from `services/tickets/rules.py` by `{COMMAND}`; edit the table there.

A ticket is changed by actions only. `rules.decide(action, state, who, holds=…)` says what an action does or refuses it;
`services/tickets/engine.py` does it. Somebody with no standing does not learn that the ticket exists. `file` is not in
the table: it makes the ticket (`services/tickets/filing.py`), assigned when the rule of duty found somebody, else open.
"""

CLOCKS_HEAD = f"""## What meets which clock

A clock is met by an employee only: what the system says meets nothing. `next` starts with what the owner says
({", ".join(f"`{action}`" for action in Action if action in SPOKEN)}) unless an answer or a yes is owed already.
All clocks rest while the ticket is paused, and none runs once it is done or over. Terms: `services/tickets/terms.py`.
"""

STANDINGS: Mapping[Standing, str] = {
    Standing.REQUESTER: "for whom the ticket is: the person, or the address of a stranger",
    Standing.HOLDER: "the employee who has it",
    Standing.TEAM: "an employee of the ticket's team; nobody, when it is confidential",
    Standing.FRONT: "desk, supervisor, manager; while it is open the control room; of confidential ones only who leads",
    Standing.LEAD: "supervisor or manager of the community",
    Standing.SYSTEM: "a named part of the program, such as the closing by silence",
}
STATES: Mapping[State, str] = {
    State.OPEN: "nobody has it",
    State.ASSIGNED: "somebody has it but did not say yes",
    State.WORKING: "somebody said yes",
    State.PAUSED: "waits for parts, weather, the owner, another department or a word on a price; its clocks rest",
    State.DONE: "the owner has the word",
    State.CLOSED: "accepted, or closed by silence; may be returned for `tickets.reopen_days`",
    State.CANCELLED: "taken back",
    State.MERGED: "lives on in another ticket",
}
LISTENERS: Mapping[Heard, str] = {
    Heard.OWNER: "for whom the ticket is, and those whose tickets were merged into it; not when he does it himself",
    Heard.HOLDER: "who has the ticket then; not when he does it himself",
    Heard.FRONT: "the desk on duty; of confidential tickets who leads",
    Heard.ELSE: "the desk, where nobody holds the ticket or its owner can't be reached",
    Heard.LEADS: "supervisors and managers on duty",
}
CLOCKS: Mapping[Clock, str] = {
    Clock.ACCEPT: "that somebody says yes",
    Clock.ANSWER: "the first word of a person; an automatic reply is none",
    Clock.NEXT: "a person's word after the owner spoke last",
    Clock.ARRIVE: "somebody at the door, as promised",
    Clock.RESOLVE: "the matter settled",
}
REPEATS: Mapping[Repeat, str] = {
    Repeat.AGAIN: "it is done once more",
    Repeat.IGNORE: "nothing happens, and the person is told so kindly",
    Repeat.REFUSE: "it is refused",
}


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            HEAD,
            *_table(("action", "who may", "in states", "then", "brings", "repeated", "heard by"), map(_row, TABLE)),
            "",
            "*brings*: what goes with it; `?` may be left out. *repeated*: what the same action does when its effect",
            "is there already, by the same person. *heard by*: who is told, besides cards, which change by themselves.",
            "",
            *_table(("standing", "is"), STANDINGS.items()),
            "",
            *_table(("state", "means"), STATES.items()),
            "",
            *_table(("repeated", "means"), REPEATS.items()),
            "",
            *_table(("heard by", "is"), LISTENERS.items()),
            "",
            CLOCKS_HEAD,
            *_table(("clock", "waits for", "met by"), map(_clock, Clock)),
            "",
        ]
    )


def _row(action: Action) -> tuple[str, ...]:
    rule: Rule = TABLE[action]
    who = ", ".join(standing for standing in Standing if standing in rule.who)
    states = ", ".join(state for state in State if state in rule.states)
    heard = ", ".join(listener for listener in Heard if listener in HEARD[action])
    return action, who, states, rule.to or "as it was", rule.brings, rule.repeat, heard


def _clock(clock: Clock) -> tuple[str, str, str]:
    return clock, CLOCKS[clock], ", ".join(f"`{action}`" for action in Action if clock in MEETS.get(action, ()))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _line(head)
    yield _line("---" for _ in head)
    for row in rows:
        yield _line((f"`{row[0]}`", *row[1:]))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page, or with `--check` say that it must be written."""
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    wanted = page()
    if sys.argv[1:] == ["--check"]:
        found = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
        sys.exit(0 if found == wanted else f"{PAGE.name} is not up to date: run `{COMMAND}`")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main()
