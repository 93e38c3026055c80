"""Reasoning, and what it costs. It has no field in OpenAI's chat API; two names are in use."""

from typing import Any

import pytest

from conformance_tests.checks import completion
from conformance_tests.wire import Server


def said(message: dict[str, Any]) -> str:
    """All that has come, thoughts and answer, whichever names they have."""
    names = ("reasoning_content", "reasoning", "content", "refusal")
    return "".join(message.get(name) or "" for name in names)


@pytest.mark.parametrize("limit", [5, 10])
def test_what_is_counted_has_come(server: Server, thinking_model: str, limit: int) -> None:
    """opencode 44385: thoughts that use up the budget are counted, so they are sent, too."""
    whole = completion(server.chat(model=thinking_model, max_tokens=limit))
    assert whole["choices"][0]["finish_reason"] == "length"
    assert 0 < whole["usage"]["completion_tokens"] <= limit
    assert said(whole["choices"][0]["message"])


@pytest.mark.parametrize("limit", [5, 10])
def test_what_is_counted_has_been_streamed(server: Server, thinking_model: str, limit: int) -> None:
    """opencode 44385: the same of a stream, which would show nothing at all for a minute."""
    options = {"include_usage": True}
    chunks = server.stream(model=thinking_model, max_tokens=limit, stream_options=options).chunks
    assert "".join(said(choice["delta"]) for chunk in chunks for choice in chunk["choices"])
