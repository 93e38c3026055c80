"""What holds of every answer of a kind, checked once, so that tests can name what is special."""

import json
from dataclasses import dataclass, field
from typing import Any

from conformance_tests.wire import Answer

__all__ = [
    "FINISH_REASONS",
    "Call",
    "Message",
    "answered_or_refused",
    "completion",
    "each_chunk_says_something",
    "error_of",
    "fits",
    "fold",
    "message_of",
]

FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter", "function_call"}
DELTA = {"role", "content", "refusal", "tool_calls", "reasoning_content", "reasoning"}


def error_of(answer: Answer) -> dict[str, Any]:
    """What a refusal tells, under OpenAI's four names, wherever a server has put it.

    Whether it stands in its place and has its shape is asked by `openai/error_shape` alone, so that
    a server with another envelope fails there, and not wherever it refuses something rightly.
    """
    assert answer.status >= 400, f"{answer.status}, but an error was due: {answer.body[:300]!r}"
    assert answer.headers["content-type"].startswith("application/json"), answer.body[:300]
    assert answer.complete
    told = answer.json.get("error", answer.json)
    error = {"message": told} if isinstance(told, str) else told
    assert error.get("message"), answer.body[:300]
    return {"type": None, "param": None, "code": None, **error}


def answered_or_refused(answer: Answer) -> None:
    """A completion, a stream, or a refusal that blames the client; never a failure."""
    if answer.status != 200:
        assert 400 <= answer.status < 500, answer.body[:500]
        error_of(answer)


def completion(answer: Answer) -> dict[str, Any]:
    """A whole chat completion, its required fields in place; the object."""
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.complete
    whole: dict[str, Any] = answer.json
    assert whole["object"] == "chat.completion"
    assert isinstance(whole["id"], str)
    assert isinstance(whole["created"], int)
    assert isinstance(whole["model"], str)
    for index, choice in enumerate(whole["choices"]):
        assert choice["index"] == index
        assert isinstance(choice["finish_reason"], str)
        assert choice["message"]["role"] == "assistant"
        assert isinstance(choice["message"]["content"], str | None)
    return whole


def message_of(answer: Answer) -> dict[str, Any]:
    """The message of a completion with one choice."""
    (choice,) = completion(answer)["choices"]
    message: dict[str, Any] = choice["message"]
    return message


@dataclass
class Call:
    """A tool call put together from its fragments."""

    id: str = ""
    type: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class Message:
    """A streamed message put together as strict clients do: every string field concatenated."""

    role: str = ""
    content: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    finish_reasons: list[str] = field(default_factory=list)
    usage: dict[str, int] | None = None


def fold(answer: Answer) -> Message:
    """The message of a stream with one choice.

    A fragment of a call without an index belongs to the last one, unless it has a name: that it
    should have an index is asked by `openai/tool_fragments`.
    """
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.body[:300]
    assert answer.complete
    message = Message()
    for chunk in answer.chunks:
        assert "error" not in chunk, chunk
        message.usage = chunk.get("usage") or message.usage
        for choice in chunk["choices"]:
            assert choice["index"] == 0
            take(message, choice["delta"])
            if choice["finish_reason"] is not None:
                message.finish_reasons.append(choice["finish_reason"])
    return message


def each_chunk_says_something(answer: Answer) -> None:
    """Whether every chunk of a stream with one choice has a role, a piece or the end, and nothing
    of a kind that only one server knows."""
    *chunks, last = [chunk["choices"][0]["delta"] for chunk in answer.chunks if chunk["choices"]]
    assert all(delta.keys() <= DELTA for delta in [*chunks, last])
    assert all(any(delta.values()) for delta in chunks)


def take(message: Message, delta: dict[str, Any]) -> None:
    message.role += delta.get("role") or ""
    message.content += delta.get("content") or ""
    message.reasoning += delta.get("reasoning_content") or ""
    for fragment in delta.get("tool_calls") or ():
        function = fragment.get("function") or {}
        index = fragment.get("index", len(message.calls) - (not function.get("name")))
        assert 0 <= index <= len(message.calls), "calls are numbered from 0, in order"
        if index == len(message.calls):
            message.calls.append(Call())
        call = message.calls[index]
        call.id += fragment.get("id") or ""
        call.type = fragment.get("type") or call.type
        call.name += function.get("name") or ""
        call.arguments += function.get("arguments") or ""


def fits(content: str, **types: type) -> bool:
    """Whether `content` is a JSON object with just these keys, each of its type."""
    value = json.loads(content)
    return value.keys() == types.keys() and all(type(value[k]) is t for k, t in types.items())
