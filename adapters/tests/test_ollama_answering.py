"""Lines of an answer in, events out."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from adapters.ollama import answering, wire
from adapters.ollama.answering import AnswerReader
from gateway.core.errors import BackendFailed, ModelLoadFailed
from gateway.core.events import (
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    Timings,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import ToolCall
from gateway.core.models import Embeddings, ModelCard, ModelDetails


def read(*lines: Any) -> list[ChatEvent]:
    reader = AnswerReader("demo")
    events = reader.read(b"".join([msgspec.json.encode(line) + b"\n" for line in lines]))
    if reader.failure is not None:
        raise reader.failure
    return list(events)


def called(*calls: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"tool_calls": list(calls)}}


def calls_of(events: list[ChatEvent]) -> list[ToolCall]:
    return [event.call for event in events if isinstance(event, ToolCalled)]


def test_thinking_comes_before_the_text_of_the_same_line() -> None:
    assert read(
        {"message": {"role": "assistant", "content": "", "thinking": "Hm"}, "done": False},
        {"message": {"content": "Yes", "thinking": "."}},
        {"message": {"content": ""}},
    ) == [ThinkingDelta("Hm"), ThinkingDelta("."), TextDelta("Yes")]


def test_the_last_line_counts_and_may_speak() -> None:
    assert read(
        {
            "message": {"content": "!"},
            "done": True,
            "done_reason": "stop",
            "total_duration": 40,
            "load_duration": 10,
            "prompt_eval_count": 26,
            "prompt_eval_cached_count": 20,
            "prompt_eval_duration": 11,
            "eval_count": 42,
            "eval_duration": 19,
        }
    ) == [
        TextDelta("!"),
        Finished("stop", Usage(26, 42, cached_tokens=20), Timings(40, 10, 11, 19)),
    ]


@pytest.mark.parametrize(
    ("done_reason", "reason"),
    [("stop", "stop"), ("length", "length"), ("load", "stop"), ("unload", "stop"), (None, "stop")],
)
def test_why_it_ended(done_reason: str | None, reason: Any) -> None:
    assert read({"done": True, "done_reason": done_reason}) == [Finished(reason)]


def test_calls_keep_their_ids_and_end_the_answer() -> None:
    first = {"id": "abc", "function": {"index": 0, "name": "f", "arguments": {"b": 1, "a": [2]}}}
    second = {"id": "def", "function": {"index": 0, "name": "f", "arguments": {}}}
    assert read(called(first), called(second) | {"done": True, "done_reason": "stop"}) == [
        ToolCalled(ToolCall("abc", "f", {"b": 1, "a": [2]})),
        ToolCalled(ToolCall("def", "f", {})),
        Finished("tool_calls"),
    ]


@pytest.mark.parametrize("id_", [{}, {"id": ""}, {"id": None}, {"id": "twice"}])
def test_ids_that_are_missing_or_repeated_are_minted(id_: dict[str, Any]) -> None:
    call = {"function": {"name": "f", "arguments": {}}} | id_
    first, second = calls_of(read(called(call), called(call)))
    assert first.id != second.id
    assert second.id.startswith("call_")


@pytest.mark.parametrize(
    ("arguments", "parsed"), [('{"a": 1}', {"a": 1}), ("", {}), (None, {}), ({}, {})]
)
def test_arguments_may_be_text(arguments: Any, parsed: dict[str, Any]) -> None:
    events = read(called({"function": {"name": "f", "arguments": arguments}}))
    assert [call.arguments for call in calls_of(events)] == [parsed]


@pytest.mark.parametrize(
    "call",
    [
        {"function": {"name": "f", "arguments": "{"}},
        {"function": {"name": "f", "arguments": "[1]"}},
        {"function": {"name": "f", "arguments": '{"a":' + "[" * 100_000}},
        {"function": {"name": "f", "arguments": [1]}},
        {"function": {"name": "", "arguments": {}}},
        {"id": "x"},
    ],
)
def test_a_call_that_makes_no_sense_fails(call: dict[str, Any]) -> None:
    with pytest.raises(BackendFailed):
        read(called(call))


def test_logprobs_ride_on_the_text() -> None:
    rival = {"token": "Ha", "logprob": -1.5, "bytes": [72, 97]}
    chosen = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": [rival]}
    entry = TokenLogprob("Hi", -0.5, (72, 105), (TokenLogprob("Ha", -1.5, (72, 97)),))
    assert read(
        {"message": {"content": "Hi"}, "logprobs": [chosen]},
        {"message": {"content": ""}, "logprobs": [chosen]},
        {"message": {"content": "", "thinking": "Hm"}, "logprobs": [chosen]},
        {"message": {"content": "Hi", "thinking": "Hm"}, "logprobs": [chosen]},
        called({"id": "c", "function": {"name": "f"}}) | {"logprobs": [chosen]},
    ) == [
        TextDelta("Hi", (entry,)),
        TextDelta("", (entry,)),
        ThinkingDelta("Hm"),
        ThinkingDelta("Hm"),
        TextDelta("Hi", (entry,)),
        ToolCalled(ToolCall("c", "f", {})),
    ]


def test_nulls_and_unknown_fields_are_nothing() -> None:
    silent = {"content": None, "thinking": None, "tool_calls": None, "images": None}
    assert read({"model": 5, "message": silent, "error": None, "logprobs": None}, {}) == []
    assert read({"error": ""}) == []
    assert read({"done": True, "eval_count": None, "context": [1]}) == [Finished("stop")]


def test_what_follows_the_end_is_ignored() -> None:
    reader = AnswerReader("demo")
    assert reader.read(b'{"done":true}\n{"message":{"content":"x"}}\n') == [Finished("stop")]
    reader = AnswerReader("demo")
    assert reader.read(b'{"done":true}\nrubbish\n') == [Finished("stop")]
    assert (reader.finished, reader.failure) == (True, None)


def test_an_error_line_wins_over_the_rest_of_its_line() -> None:
    with pytest.raises(ModelLoadFailed):
        read({"error": "CUDA: out of memory", "message": {"content": "x"}, "done": True})


@pytest.mark.parametrize(
    "bad",
    [
        b"<html>",
        b'{"message":',
        b"[]",
        b'{"message":{"content":5}}',
        b'{"message":"text"}',
        b'{"message":{"content":"\xff"}}',
        b'{"x":' + b"[" * 100_000,
        b'{"error":"scripted"}',
    ],
)
def test_what_was_said_before_a_failure_is_kept(bad: bytes) -> None:
    reader = AnswerReader("demo")
    assert reader.read(b'{"message":{"content":"Hi"}}\n\n' + bad + b"\n") == [TextDelta("Hi")]
    assert isinstance(reader.failure, BackendFailed)
    assert not reader.finished


def test_vectors() -> None:
    vectors = (Raw(b"[0.5,1.0]"), Raw(b"[0.0,-1.0]"))
    answer = wire.EmbedAnswer(embeddings=vectors, prompt_eval_count=3)
    assert answering.embeddings(answer, expected=2) == Embeddings(vectors, 3)
    assert Embeddings(vectors).floats() == [[0.5, 1.0], [0.0, -1.0]]
    assert answering.embeddings(wire.EmbedAnswer(), expected=0) == Embeddings(())
    with pytest.raises(BackendFailed):
        answering.embeddings(answer, expected=3)


def test_a_card() -> None:
    facts = wire.ModelFacts("gguf", "llama", "8.0B", "Q4_K_M")
    listed = wire.TaggedModel(
        name="demo:latest",
        modified_at="2026-08-21T18:48:22.123456789-07:00",
        size=7,
        digest="ab",
        details=facts,
    )
    pacific = timezone(-timedelta(hours=7))
    assert answering.card(listed) == ModelCard(
        name="demo:latest",
        modified_at=datetime(2026, 8, 21, 18, 48, 22, 123457, pacific),
        size=7,
        digest="ab",
        family="llama",
        parameter_size="8.0B",
        quantization="Q4_K_M",
        format="gguf",
    )


@pytest.mark.parametrize("modified_at", [None, "", "yesterday"])
def test_a_card_of_which_little_is_known(modified_at: str | None) -> None:
    listed = wire.TaggedModel(model="demo", modified_at=modified_at)
    assert answering.card(listed) == ModelCard(
        name="demo", modified_at=datetime.fromtimestamp(0, UTC)
    )


@pytest.mark.parametrize(
    ("info", "facts", "length"),
    [
        (
            {"general.architecture": "llama", "llama.context_length": 8, "x.context_length": 1},
            {},
            8,
        ),
        ({"gemma3.context_length": 8, "clip.context_length": 1}, {"family": "gemma3"}, 8),
        ({"general.architecture": "llama", "other.context_length": 8}, {}, 8),
        ({"context_length": 8}, {}, 8),
        ({"llama.context_length": None, "b.context_length": 8}, {"family": "llama"}, 8),
        ({}, {"context_length": 8}, 8),
        ({"general.architecture": "llama"}, {}, None),
        (None, {}, None),
    ],
)
def test_where_the_context_length_stands(
    info: dict[str, Any] | None, facts: dict[str, Any], length: int | None
) -> None:
    answer = wire.ShowAnswer(model_info=info, details=wire.ModelFacts(**facts))
    assert answering.details(answer, name="demo").context_length == length


def test_capabilities_that_are_not_told_are_unknown() -> None:
    assert answering.details(wire.ShowAnswer(), name="demo") == ModelDetails(
        name="demo", capabilities=None
    )
    answer = wire.ShowAnswer(capabilities=[])
    assert answering.details(answer, name="demo").capabilities == frozenset()
