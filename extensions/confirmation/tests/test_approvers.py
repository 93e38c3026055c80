"""Which calls run unasked, by the settings of a session and the way it is talked to."""

import pytest

from extensions.confirmation.approvers import AskTheClient, Refuse
from extensions.confirmation.service import Confirmations
from extensions.sessions.session import ToolSettings
from gateway.core.errors import ToolExecutionDenied
from gateway.core.messages import ToolCall

HERE = "0f1e2d3c4b"
ADD = ToolCall("call_0", "add", {"a": 1})
ALWAYS, NEVER, UNKNOWN = "always_confirm", "never_confirm", "confirm_destructive"

POLICIES = [
    # the session's, the tool's own (None: it has none), whether somebody is asked
    (ALWAYS, None, True),
    (ALWAYS, ALWAYS, True),
    (ALWAYS, NEVER, False),
    (ALWAYS, UNKNOWN, True),
    (NEVER, None, False),
    (NEVER, ALWAYS, True),
    (NEVER, NEVER, False),
    (NEVER, UNKNOWN, True),
    (UNKNOWN, None, True),
    (UNKNOWN, NEVER, False),
    ("", None, True),
    ("NEVER_CONFIRM", None, True),
]


def settings(session: str, own: str | None) -> ToolSettings:
    policies = {"other": NEVER} | ({"add": own} if own else {})
    return ToolSettings(execution_policy=session, tool_policies=policies)


@pytest.mark.parametrize(("session", "own", "asked"), POLICIES)
async def test_a_stream_asks_its_reader(session: str, own: str | None, asked: bool) -> None:
    questions = Confirmations()
    approver = AskTheClient(questions, HERE, settings(session, own))
    approver.admit([ADD])
    question = approver.asking(ADD)
    assert (question is not None) is asked
    if question:
        with question as pending:
            assert len(questions) == 1
            questions.answer(HERE, pending.id, True)
    assert len(questions) == 0


@pytest.mark.parametrize(("session", "own", "asked"), POLICIES)
async def test_who_cannot_be_asked_is_refused(session: str, own: str | None, asked: bool) -> None:
    approver = Refuse(settings(session, own))
    other = ToolCall("call_1", "other", {})
    approver.admit([other])
    if not asked:
        approver.admit([other, ADD])
        approver.asking(ADD)
        return
    with pytest.raises(ToolExecutionDenied) as caught:
        approver.admit([other, ADD])
    assert caught.value.details == {
        "tool_name": "add",
        "reason": "confirmation_requires_streaming",
    }
    with pytest.raises(ToolExecutionDenied):
        approver.asking(ADD)


async def test_no_settings_at_all_mean_that_somebody_is_asked() -> None:
    assert AskTheClient(Confirmations(), HERE, ToolSettings()).asking(ADD) is not None
