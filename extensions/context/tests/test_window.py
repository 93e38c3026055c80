"""The rules of the context window, and that the first which applies decides."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from extensions.context.window import (
    Decision,
    adjusted,
    estimate,
    first_window,
    next_window,
    usage_of,
)
from extensions.sessions.session import (
    AssistantMessage,
    Message,
    Session,
    UserMessage,
    WindowChange,
    WindowConfig,
)
from gateway.core import messages as core
from gateway.core.requests import ToolDefinition

NOW = "2026-03-04T05:06:07.000890"
LARGE = 131_072
SAFE = 117_964


def said(prompt: int | None, answer: int | None, model: str = "m:1b") -> AssistantMessage:
    return AssistantMessage(
        id="a",
        timestamp=NOW,
        content="",
        model=model,
        prompt_eval_count=prompt,
        eval_count=answer,
    )


def session(*messages: Message, current: int | None = 8192, **config: Any) -> Session:
    window = WindowConfig(current_window=current, **config)
    return Session(
        id="s", model="m:1b", created_at=NOW, updated_at=NOW, messages=messages, window=window
    )


def decided(
    session: Session, estimate: int = 10, max_context: int | None = LARGE, enabled: bool = True
) -> tuple[int | None, str]:
    decision = next_window(session, enabled=enabled, max_context=max_context, estimate=estimate)
    return decision.window, decision.reason


USED = said(5000, 1000)
OTHER = said(5000, 1000, model="other:1b")


@pytest.mark.parametrize(
    ("given", "estimate", "window", "reason"),
    [
        # 1: what a person has set stays, even above what the model can take
        (session(OTHER, current=200_000, manual_override=True), 10, 200_000, "manual_override"),
        (
            session(current=512, manual_override=True, dynamic_enabled=False),
            10,
            512,
            "manual_override",
        ),
        (session(USED, current=None, manual_override=True), 10, 16384, "initial_setup"),
        # 2: nothing is sent
        (session(OTHER, dynamic_enabled=False), 10, None, "no_adjustment"),
        (session(dynamic_enabled=False), 10, None, "no_adjustment"),
        # 3: another model answered last
        (session(OTHER), 10, 16384, "model_change"),
        (session(USED, said(None, None, model="other:1b")), 10, 16384, "model_change"),
        (session(said(None, None, model="other:1b")), 20_000, 65536, "model_change"),
        (session(OTHER, current=None), 70_000, SAFE, "model_change"),
        (session(OTHER, USED), 10, 16384, "usage_threshold"),
        (session(said(5, 5, model="m:1b")), 10, 8192, "no_adjustment"),
        # 4: no usage yet
        (session(), 10, 8192, "initial_setup"),
        (session(current=None), 10, 8192, "initial_setup"),
        (session(said(None, 3), said(3, None)), 10, 8192, "initial_setup"),
        (session(), 5461, 8192, "initial_setup"),
        (session(), 5462, 16384, "initial_setup"),
        (session(), 100_000, SAFE, "initial_setup"),
        (session(current=32768), 10, 32768, "initial_setup"),
        # 5: no window yet
        (session(USED, current=None), 10, 16384, "initial_setup"),
        (session(USED, current=None), 9000, 32768, "initial_setup"),
        # 6: half as much again does not fit
        (session(said(5461, 0)), 10, 8192, "no_adjustment"),
        (session(said(5462, 0)), 10, 16384, "usage_threshold"),
        (session(said(10, 0)), 5462, 16384, "usage_threshold"),
        (session(said(100_000, 0), current=65536), 10, SAFE, "usage_threshold"),
        (session(said(110_000, 0), current=SAFE), 10, SAFE, "no_adjustment"),
        # 7: as it is, unless the model takes less
        (session(USED, current=16384), 10, 16384, "no_adjustment"),
        (session(USED, current=200_000), 10, SAFE, "no_adjustment"),
    ],
)
def test_the_first_rule_that_applies(
    given: Session, estimate: int, window: int | None, reason: str
) -> None:
    assert decided(given, estimate) == (window, reason)


def test_the_server_can_leave_windows_to_ollama_but_not_those_of_people() -> None:
    assert decided(session(OTHER), enabled=False) == (None, "no_adjustment")
    fixed = session(current=512, manual_override=True)
    assert decided(fixed, enabled=False) == (512, "manual_override")


@pytest.mark.parametrize(
    ("max_context", "window"), [(4096, 3686), (8192, 7372), (9102, 8191), (None, 8192), (0, 8192)]
)
def test_a_tenth_of_the_model_is_left_free(max_context: int | None, window: int) -> None:
    assert decided(session(), max_context=max_context) == (window, "initial_setup")
    assert first_window(max_context) == WindowConfig(
        current_window=window, last_adjustment="initial_setup"
    )


def test_a_model_without_its_tag_is_the_same_model() -> None:
    short = Session(
        id="s", model="m", created_at=NOW, updated_at=NOW, messages=(said(1, 1, "m:latest"),)
    )
    assert decided(short) == (8192, "initial_setup")


def test_the_latest_answer_with_both_counts_tells_the_usage() -> None:
    hello = UserMessage(id="u", timestamp=NOW, content="Hello")
    assert usage_of(session(said(1, 2), said(3, 4), said(5, None), hello)) == 7
    assert usage_of(session(said(0, 0))) == 0
    assert usage_of(session(hello)) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_window_of_the_same_model_never_shrinks_nor_changes_often(
    usage: int, estimated: int, max_context: int
) -> None:
    safe = max_context * 9 // 10
    current = min(safe, 8192)
    for usages in ((), (said(usage // 2, usage - usage // 2),)):
        window, _ = decided(session(*usages, current=current or None), estimated, max_context)
        assert window is not None
        assert current <= window <= safe
        need = max(usage if usages else 0, estimated)
        assert window == safe or window >= 1.5 * need
        current = window
    again = decided(session(said(usage, 0), current=current or None), estimated, max_context)
    assert again[0] == current


def test_what_is_decided_is_recorded() -> None:
    config = first_window(LARGE)
    grown = adjusted(config, Decision(16384, "usage_threshold"), at=NOW, usage_tokens=6000)
    assert grown == WindowConfig(
        current_window=16384,
        last_adjustment="usage_threshold",
        history=(
            WindowChange(
                timestamp=NOW, window_size=16384, reason="usage_threshold", usage_tokens=6000
            ),
        ),
    )


@pytest.mark.parametrize(
    ("decision", "window"),
    [
        (Decision(8000, "no_adjustment"), 8000),
        (Decision(8192, "manual_override"), 8192),
        (Decision(None, "no_adjustment"), 8192),
    ],
)
def test_what_is_no_adjustment_is_not_in_the_history(decision: Decision, window: int) -> None:
    config = adjusted(first_window(LARGE), decision, at=NOW, usage_tokens=1)
    assert config == WindowConfig(current_window=window, last_adjustment=decision.reason)


def test_the_last_ten_adjustments_are_kept() -> None:
    config = first_window(LARGE)
    for window in range(1, 13):
        config = adjusted(config, Decision(window, "model_change"), at=NOW, usage_tokens=0)
    assert [change.window_size for change in config.history] == list(range(3, 13))


@pytest.mark.parametrize(
    ("messages", "tools", "tokens"),
    [
        ((), (), 0),
        ((core.UserMessage(core.text("x")),), (), 1),
        ((core.UserMessage(core.text("x" * 7)),), (), 2),
        ((core.UserMessage(core.text("x" * 8)),), (), 3),
        ((core.UserMessage(core.text("日" * 7)),), (), 2),
        ((core.AssistantMessage(tool_calls=(core.ToolCall("id", "add", {"a": 1}),)),), (), 3),
        ((core.ToolMessage(core.text("1234"), "id", "add"),), (), 2),
        ((), (ToolDefinition("add", "Adds.", Raw(b'{"a":{}}')),), 5),
    ],
)
def test_three_and_a_half_characters_are_a_token(
    messages: tuple[core.Message, ...], tools: tuple[ToolDefinition, ...], tokens: int
) -> None:
    assert estimate(messages, tools) == tokens
