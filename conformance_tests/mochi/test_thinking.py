"""Reasoning has no field in OpenAI's chat API; two names for it are in use."""

import pytest

from conformance_tests.checks import completion, fold, message_of
from conformance_tests.wire import Server, ask


def test_both_names(server: Server, thinking_model: str, root: Server) -> None:
    """DeepSeek, vLLM and llama.cpp say `reasoning_content`, OpenRouter and Ollama `reasoning`."""
    message = message_of(server.chat(model=thinking_model))
    assert message["reasoning_content"] == message["reasoning"] != ""
    assert "<think>" not in message["content"]


def test_both_names_in_a_stream(server: Server, thinking_model: str, root: Server) -> None:
    """The same for deltas; the answer follows the reasoning."""
    answer = server.stream(model=thinking_model, stream_options={"include_usage": True})
    deltas = [chunk["choices"][0]["delta"] for chunk in answer.chunks if chunk["choices"]]
    thought = [delta for delta in deltas if "reasoning" in delta]
    assert thought
    assert all(delta["reasoning"] == delta["reasoning_content"] for delta in thought)
    message = fold(answer)
    assert message.reasoning
    assert message.content
    assert "<think>" not in message.content


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max"])
def test_every_effort_is_understood(server: Server, thinking_model: str, effort: str) -> None:
    """OpenAI API reference, reasoning_effort: seven words; `none` switches reasoning off."""
    message = message_of(server.chat(model=thinking_model, reasoning_effort=effort))
    assert message["content"]
    assert ("reasoning" in message) == (effort != "none")


@pytest.mark.parametrize("effort", ["none", "low", "high", None])
def test_effort_does_no_harm_to_other_models(
    server: Server, root: Server, effort: str | None
) -> None:
    """Agents send it to every model; Ollama refuses it for models that do not think."""
    completion(server.chat(reasoning_effort=effort))


def test_thinking_is_not_sent_back_as_an_answer(
    server: Server, thinking_model: str, root: Server
) -> None:
    """Clients return the whole message, reasoning included, in the next turn."""
    message = message_of(server.chat(model=thinking_model))
    messages = [*ask("Say hello."), message, *ask("And again.")]
    assert message_of(server.chat(model=thinking_model, messages=messages))["content"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_budget_that_thinking_uses_up(
    server: Server, thinking_model: str, root: Server, stream: bool
) -> None:
    """opencode 44385: tokens that are counted but never arrive, and an empty answer that looks
    finished. The thoughts are there, and the reason is `length`.
    """
    options = {"stream_options": {"include_usage": True}} if stream else {}
    answer = server.chat(model=thinking_model, max_tokens=5, stream=stream, **options)
    if stream:
        message = fold(answer)
        thoughts, content, usage = message.reasoning, message.content, message.usage
        (reason,) = message.finish_reasons
    else:
        whole = completion(answer)
        (choice,) = whole["choices"]
        thoughts, content = choice["message"]["reasoning_content"], choice["message"]["content"]
        reason, usage = choice["finish_reason"], whole["usage"]
    assert thoughts
    assert (content, reason) == ("", "length")
    assert usage
    assert 0 < usage["completion_tokens"] <= 5
