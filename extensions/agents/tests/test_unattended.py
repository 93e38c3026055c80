"""Who decides where nobody can be asked."""

import pytest

from extensions.agents.unattended import Unattended
from gateway.core.messages import ToolCall

POLICIES = {"jot": "never_confirm", "wipe": "always_confirm", "odd": "sometimes"}


def test_what_may_run_unasked_is_not_asked_about() -> None:
    assert Unattended(POLICIES).asking(ToolCall("1", "jot", {})) is None


@pytest.mark.parametrize("name", ["wipe", "odd", "unheard_of"])
async def test_everything_else_is_refused_in_words(name: str) -> None:
    call, approver = ToolCall("1", name, {}), Unattended(POLICIES)
    approver.admit([call])
    question = approver.asking(call)
    assert question is not None
    with question as asked:
        assert asked.call is call
        assert not await asked.approved()
    assert not approver.denied.success
    assert "nobody can be asked" in approver.denied.result
