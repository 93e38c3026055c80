"""Which calls need a yes: the tool's own policy, else the session's, else the safe one."""

from typing import Any

import pytest

from conformance_tests.mochi.caller import call, script
from conformance_tests.mochi.sessions import names, refusal
from conformance_tests.mochi.toolboxes import CONFIRM, Toolbox

ALWAYS, NEVER = "always_confirm", "never_confirm"

TABLE: list[tuple[str | None, str | None, bool]] = [
    (None, None, True),
    (None, ALWAYS, True),
    (None, NEVER, False),
    (ALWAYS, None, True),
    (ALWAYS, ALWAYS, True),
    (ALWAYS, NEVER, True),
    (NEVER, None, False),
    (NEVER, ALWAYS, False),
    (NEVER, NEVER, False),
]
"""The tool's policy, the session's, and whether is asked."""


def settings(own: str | None, session: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"tools": ["add"]}
    if session:
        found["execution_policy"] = session
    if own:
        found["tool_policies"] = {"add": own, "div": ALWAYS if own == NEVER else NEVER}
    return found


@pytest.mark.parametrize(("own", "session", "asks"), TABLE)
def test_the_table(bench: Toolbox, own: str | None, session: str | None, asks: bool) -> None:
    id = bench.begin(tool_settings=settings(own, session))
    first = names(bench.told(id, script([call("add", a=1)])))[0]
    assert first == (CONFIRM if asks else "tool_call")


def test_a_policy_that_there_is_not(bench: Toolbox) -> None:
    """Refused by name, and nothing is changed."""
    id = bench.with_tools("add")
    for wrong in (
        {"tools": ["add"], "execution_policy": "never"},
        {"tools": ["add"], "execution_policy": "confirm_destructive"},
        {"tools": ["add"], "tool_policies": {"add": "NEVER_CONFIRM"}},
    ):
        answer = bench.http.request("PATCH", f"/sessions/{id}", {"tool_settings": wrong})
        assert refusal(answer) == (422, "VALIDATION_ERROR")
        answer = bench.http.request(
            "POST", "/sessions", {"model": "caller", "tool_settings": wrong}
        )
        assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert names(bench.told(id, script([call("add", a=1)])))[0] == CONFIRM


@pytest.mark.parametrize("policy", ["confirm_destructive", "always", "", None, 7])
def test_a_policy_of_another_program(bench: Toolbox, policy: Any) -> None:
    """Whatever a file says that nobody understands, the person is asked."""
    id = bench.with_tools("add", execution_policy=NEVER)
    bench.say(id, "Hello.")
    written = bench.written(id)
    written["metadata"]["tool_settings"]["execution_policy"] = policy
    bench.put(id, written)
    assert names(bench.told(id, script([call("add", a=1)])))[0] == CONFIRM


def test_a_change_counts_from_the_next_turn(bench: Toolbox) -> None:
    id = bench.with_tools("add")
    assert names(bench.told(id, script([call("add", a=1)])))[0] == CONFIRM
    change = {"tool_settings": settings(NEVER, None)}
    assert bench.http.request("PATCH", f"/sessions/{id}", change).status == 200
    assert names(bench.told(id, script([call("add", a=1)])))[0] == "tool_call"
    change = {"tool_settings": {"tools": []}}
    assert bench.http.request("PATCH", f"/sessions/{id}", change).status == 200
    *_, (_, told) = bench.tool_messages(id)
    assert told == "2"
    bench.told(id, script([call("add", a=1)]))
    *_, (_, told) = bench.tool_messages(id)
    assert told == "Error: Tool 'add' not found"
