"""Fields that change the answer are honoured or refused by name, never dropped in silence."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from conformance_tests.checks import completion, error_of
from conformance_tests.judging.verdicts import offered
from conformance_tests.wire import Answer, Server, ask

Whole = dict[str, Any]


class Promise(NamedTuple):
    """`honoured` tells from the completion whether the field had its effect."""

    param: str
    fields: dict[str, Any]
    honoured: Callable[[Whole], bool]


def never(whole: Whole) -> bool:
    """No answer of a text model shows this effect."""
    return False


def calls(whole: Whole) -> list[str]:
    """The names of the called functions."""
    called = whole["choices"][0]["message"].get("tool_calls") or []
    return [call["function"]["name"] for call in called]


def function(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}


TOOLS = [function("clock"), function("lamp")]
LAMP = {"type": "function", "function": {"name": "lamp"}}
ONLY_LAMP = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [LAMP]}}
CUSTOM = {"type": "custom", "custom": {"name": "poem", "description": "Writes a poem"}}

PROMISES: dict[str, Promise] = {
    "n": Promise("n", {"n": 2}, lambda whole: len(whole["choices"]) == 2),
    "logit_bias": Promise("logit_bias", {"logit_bias": {"50256": -100}}, never),
    "logprobs": Promise(
        "logprobs",
        {"logprobs": True, "max_tokens": 2},
        lambda whole: all(e["logprob"] <= 0 for e in whole["choices"][0]["logprobs"]["content"]),
    ),
    "top_logprobs": Promise(
        "logprobs",
        {"logprobs": True, "top_logprobs": 2, "max_tokens": 1},
        lambda whole: len(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2,
    ),
    "tool_choice required": Promise(
        "tool_choice", {"tools": TOOLS, "tool_choice": "required"}, lambda whole: calls(whole) != []
    ),
    "tool_choice named": Promise(
        "tool_choice", {"tools": TOOLS, "tool_choice": LAMP}, lambda whole: calls(whole) == ["lamp"]
    ),
    "tool_choice allowed": Promise(
        "tool_choice",
        {"tools": TOOLS, "tool_choice": ONLY_LAMP},
        lambda whole: set(calls(whole)) == {"lamp"},
    ),
    "tool_choice unknown": Promise(
        "tool_choice", {"tools": TOOLS, "tool_choice": "perhaps"}, never
    ),
    "tool_choice not offered": Promise(
        "tool_choice",
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "saw"}}},
        never,
    ),
    "one call at a time": Promise(
        "parallel_tool_calls",
        {
            "messages": ask("Call the tool twice, two calls at once."),
            "tools": TOOLS[:1],
            "parallel_tool_calls": False,
        },
        lambda whole: len(calls(whole)) == 1,
    ),
    "custom tool": Promise(
        "tools",
        {"tools": [CUSTOM]},
        lambda whole: all(
            c["custom"]["input"] for c in whole["choices"][0]["message"]["tool_calls"]
        ),
    ),
    "functions": Promise(
        "functions",
        {"functions": [{"name": "clock", "parameters": {"type": "object"}}]},
        lambda whole: whole["choices"][0]["message"]["function_call"]["name"] == "clock",
    ),
    "function_call": Promise(
        "function",
        {"functions": [{"name": "clock"}], "function_call": {"name": "clock"}},
        lambda whole: whole["choices"][0]["message"]["function_call"]["name"] == "clock",
    ),
    "audio": Promise(
        "modalities",
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
        lambda whole: bool(whole["choices"][0]["message"]["audio"]["data"]),
    ),
    "web_search_options": Promise("web_search_options", {"web_search_options": {}}, never),
    "moderation": Promise(
        "moderation", {"moderation": {"model": "m", "policy": {"output": {"mode": "block"}}}}, never
    ),
    "reasoning_effort": Promise("reasoning_effort", {"reasoning_effort": "very much"}, never),
    "image at a URL": Promise(
        "messages",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/a.png"}},
                    ],
                }
            ]
        },
        never,
    ),
    "sound": Promise(
        "messages",
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
                    ],
                }
            ]
        },
        never,
    ),
    "file": Promise(
        "messages",
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
        never,
    ),
}


def streamed(answer: Answer) -> Whole:
    """What a stream of one choice or more says, in the form of a completion."""
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.body[:300]
    choices: dict[int, Whole] = {}
    for chunk in answer.chunks:
        for piece in chunk["choices"]:
            choice = choices.setdefault(piece["index"], {"message": {}, "logprobs": None})
            taken(choice, piece["delta"], piece.get("logprobs"))
    return {"choices": [choices[index] for index in sorted(choices)]}


def taken(choice: Whole, delta: Whole, logprobs: Whole | None) -> None:
    message = choice["message"]
    if logprobs:
        known = choice["logprobs"] or {"content": []}
        choice["logprobs"] = {"content": [*known["content"], *logprobs["content"]]}
    for fragment in delta.get("tool_calls") or ():
        calls = message.setdefault("tool_calls", [])
        if fragment["index"] == len(calls):
            calls.append({"function": fragment.get("function"), "custom": fragment.get("custom")})
    if delta.get("function_call", {}).get("name"):
        message["function_call"] = delta["function_call"]
    if delta.get("audio"):
        message["audio"] = {**message.get("audio", {}), **delta["audio"]}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", PROMISES)
def test_honoured_or_refused(server: Server, tools_model: str, name: str, stream: bool) -> None:
    """OpenAI API reference: what each field does. A 200 without it is an answer to another
    question (ollama issues 17921 and 6948).
    """
    promise = PROMISES[name]
    fields = {"model": tools_model, "messages": ask("Turn the lamp on."), **promise.fields}
    answer = server.chat(**fields, stream=stream)
    if answer.status != 200:
        error = error_of(answer)
        assert (answer.status, error["type"]) == (400, "invalid_request_error")
        assert (error["param"] or "").startswith(promise.param)
    else:
        assert promise.honoured(streamed(answer) if stream else completion(answer))


def test_logprobs_are_logarithms(server: Server) -> None:
    """OpenAI API reference, logprobs: token, logarithm and bytes, in the order of the text."""
    answer = server.chat(logprobs=True, temperature=0)
    (choice,) = completion(offered(answer, "logprobs"))["choices"]
    entries = choice["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == choice["message"]["content"]
    assert all(0 <= math.exp(entry["logprob"]) <= 1 for entry in entries)
    assert all(bytes(entry["bytes"]).decode() == entry["token"] for entry in entries)
