"""Which session is summarised, by which model, and what that is asked."""

import pytest
from msgspec.structs import replace

from extensions.sessions.session import (
    Call,
    Message,
    Session,
    SystemMessage,
    ToolMessage,
    UserMessage,
    WindowConfig,
)
from extensions.summaries.asking import UNSUPPORTED, question, supported, usual, worthwhile
from extensions.summaries.tests.talks import ANSWERED, ID, MODEL, NOW, answered
from gateway.core.messages import AssistantMessage, text_of
from gateway.core.models import ModelDetails

ASKS = UserMessage(id="u9", timestamp=NOW, content="And then?")
PROMPT = SystemMessage(id="s0", timestamp=NOW, content="Be brief.")
RESULT = ToolMessage(id="t1", timestamp=NOW, content="3", tool_name="add")


def session(*messages: Message, model: str = MODEL, summary_model: str | None = None) -> Session:
    return Session(
        id=ID,
        model=model,
        created_at=NOW,
        updated_at=NOW,
        messages=messages,
        summary_model=summary_model,
        window=WindowConfig(current_window=8192, last_adjustment="initial_setup"),
    )


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((), False),
        ((ANSWERED[1],), False),
        ((ANSWERED[0],), False),
        (ANSWERED, True),
        ((*ANSWERED, ASKS), False),
        ((*ANSWERED, RESULT), False),
        ((ASKS, answered("", calls=(Call("add", {}),))), False),
        ((PROMPT, answered("Hello.")), True),
    ],
)
def test_a_final_reply_is_the_last_of_at_least_two(
    messages: tuple[Message, ...], expected: bool
) -> None:
    assert worthwhile(session(*messages)) is expected


@pytest.mark.parametrize("model", UNSUPPORTED)
def test_models_that_do_not_keep_to_a_form(model: str) -> None:
    assert not supported(model)
    assert not supported(f"library/{model.upper()}")
    assert supported(f"{model}-q8_0")
    assert usual(session(model=model), str) is None
    assert usual(session(model=model, summary_model="gpt-oss:20b"), str) is None
    assert usual(session(model=model, summary_model="small:1b"), str) == "small:1b"


def test_the_sessions_own_model_comes_first() -> None:
    assert usual(session(summary_model="small:1b"), str) == MODEL


def test_an_alias_is_what_it_stands_for() -> None:
    aliases = {"gpt-4o": "qwen3:14b", "mini": "small:1b"}
    named = session(model="gpt-4o", summary_model="mini")
    assert usual(named, lambda name: aliases.get(name, name)) == "mini"


def test_the_question_follows_the_conversation_in_its_window() -> None:
    details = ModelDetails(name=MODEL, capabilities=frozenset(), context_length=40960)
    asked = question(session(PROMPT, *ANSWERED), MODEL, details, dynamic_windows=True)
    assert [text_of(message.content) for message in asked.messages[:-1]] == [
        "Be brief.",
        "Morning?",
        "Yes.",
    ]
    assert isinstance(asked.messages[2], AssistantMessage)
    assert '{"summary":' in text_of(asked.messages[-1].content)
    assert (asked.model, asked.context_length, asked.thinking) == (MODEL, 8192, None)


@pytest.mark.parametrize(("model", "window"), [(MODEL, 32768), ("small:1b", 8192)])
def test_another_model_has_a_window_by_need(model: str, window: int) -> None:
    grown = WindowConfig(current_window=32768, last_adjustment="usage_threshold")
    details = ModelDetails(name=model, capabilities=None, context_length=40960)
    asked = question(
        replace(session(*ANSWERED), window=grown), model, details, dynamic_windows=True
    )
    assert asked.context_length == window


def test_no_window_is_chosen_where_none_is_for_turns() -> None:
    details = ModelDetails(name=MODEL, capabilities=None)
    asked = question(session(*ANSWERED), MODEL, details, dynamic_windows=False)
    assert asked.context_length is None


def test_a_model_that_could_think_is_told_not_to() -> None:
    details = ModelDetails(name=MODEL, capabilities=frozenset({"thinking"}))
    assert question(session(*ANSWERED), MODEL, details, dynamic_windows=True).thinking is False
