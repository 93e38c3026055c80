"""Calls and thoughts that a model wrote as text reach the client as calls and thoughts.

Each `demo-writes-…` of the simulator writes its calls the way of one family of models, on an Ollama
that passes the text on; `demo-thinks-…` think in their text.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance_tests.checks import Message, completion, fold
from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.wire import Answer, Server, ask

PLACE = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "dry": {"type": "boolean"},
    },
    "required": ["city", "days", "dry"],
}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": PLACE}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}
QUESTION = ask("How is the weather in Paris for 3 days?")

FAMILIES = {
    "hermes": "hermes",
    "qwen": "qwen-xml",
    "mistral": "mistral",
    "mistral-old": "mistral",
    "llama": "llama-json",
    "minimax": "minimax",
    "glm": "glm",
    "harmony": "harmony",
    "markdown": "markdown-json",
}
"""By the name of the model that writes so: the word under which a repair is told."""

STREAM = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
FAMILY = pytest.mark.parametrize("family", FAMILIES)


def said(answer: Answer, *, stream: bool) -> Message:
    """The only choice, whichever way it was sent."""
    if stream:
        return fold(answer)
    (choice,) = completion(answer)["choices"]
    message = choice["message"]
    whole = {"choices": [{**choice, "delta": message}]}
    calls = [{**call, "index": at} for at, call in enumerate(message.get("tool_calls") or ())]
    if calls:
        message["tool_calls"] = calls
    frames = b"data: " + json.dumps(whole).encode() + b"\n\n"
    return fold(Answer(200, {"content-type": "text/event-stream"}, frames))


def repairs(answer: Answer) -> set[str]:
    """The kinds of repair that the header tells, or the comments before the end of a stream."""
    comments = [line for line in answer.body.decode().splitlines() if line.startswith(": ")]
    told = [line.removeprefix(": x-mochi-repair: ") for line in comments]
    told.append(answer.headers.get("x-mochi-repair", ""))
    return {kind for line in told for kind in line.split(", ") if kind}


@STREAM
@FAMILY
def test_what_was_written_as_text_is_a_call(
    server: Server, root: Server, family: str, stream: bool
) -> None:
    """Ollama's parsers know some models and not others, and no model whose template is foreign."""
    answer = server.chat(
        model=f"demo-writes-{family}", messages=QUESTION, tools=[CLOCK, WEATHER], stream=stream
    )
    message = said(answer, stream=stream)
    (call,) = [call for call in message.calls if call.name == "weather"]
    given = json.loads(call.arguments)
    assert {name: type(value) for name, value in given.items()} == {
        "city": str,
        "days": int,
        "dry": bool,
    }
    assert all(call.id and call.type == "function" for call in message.calls)
    assert message.finish_reasons == ["tool_calls"]
    assert not set("<>[]{}`|") & set(message.content)
    assert FAMILIES[family] in repairs(answer)


@FAMILY
def test_a_repair_is_told_before_the_end_of_a_stream(
    server: Server, root: Server, family: str
) -> None:
    """WHATWG, server-sent events: clients skip comments; who wants to know finds them there."""
    answer = server.stream(model=f"demo-writes-{family}", messages=QUESTION, tools=[WEATHER])
    assert FAMILIES[family] in repairs(answer)
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert answer.body.count(b"x-mochi-repair") <= 1


@STREAM
@FAMILY
def test_the_result_is_sent_back_and_leads_to_an_answer(
    server: Server, root: Server, family: str, stream: bool
) -> None:
    """OpenAI's function calling guide: the loop goes on as with any other call."""
    model = f"demo-writes-{family}"
    first = server.chat(model=model, messages=QUESTION, tools=[WEATHER])
    message = completion(first)["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "Sunny."}
    messages = [*QUESTION, message, result]
    answer = server.chat(model=model, messages=messages, tools=[WEATHER], stream=stream)
    second = said(answer, stream=stream)
    assert "Sunny." in second.content
    assert (second.calls, second.finish_reasons) == ([], ["stop"])


MARKUP = [
    '<tool_call>{"name": "weather", "arguments": {"city": "Rome"}}</tool_call>',
    "<function=weather><parameter=city>Rome</parameter></function>",
    '[TOOL_CALLS]weather[ARGS]{"city": "Rome"}',
    '<|python_tag|>{"name": "weather", "parameters": {"city": "Rome"}}',
    '{"name": "weather", "arguments": {"city": "Rome"}}',
    "I would write <think> here, and </think> there.",
]


@STREAM
@pytest.mark.parametrize("markup", MARKUP, ids=range(len(MARKUP)))
@pytest.mark.parametrize("fields", [{}, {"tools": [WEATHER], "tool_choice": "none"}], ids=str)
def test_where_nothing_may_be_called_the_text_stays(
    server: Server, root: Server, fields: dict[str, Any], markup: str, stream: bool
) -> None:
    """Who explains how a model writes its calls wants to be read, and not to be called."""
    answer = server.chat(
        model="demo-tools", messages=ask(f"Repeat: {markup}"), stream=stream, **fields
    )
    message = said(answer, stream=stream)
    assert (message.content, message.calls) == (markup, [])
    assert message.finish_reasons == ["stop"]
    assert repairs(answer) == set()


@STREAM
def test_damaged_calls_are_mended(server: Server, root: Server, stream: bool) -> None:
    """Small models almost know the names of their tools, and write every value as a string."""
    messages = QUESTION
    answer = server.chat(model="demo-careless", messages=messages, tools=[WEATHER], stream=stream)
    (call,) = said(answer, stream=stream).calls
    given = json.loads(call.arguments)
    assert (call.name, type(given["days"]), type(given["dry"])) == ("weather", int, bool)
    assert repairs(answer) == {"name", "types"}


THINKERS = pytest.mark.parametrize("model", ["demo-thinks-aloud", "demo-thinks-open"])


@STREAM
@THINKERS
def test_thoughts_are_no_part_of_the_answer(
    server: Server, root: Server, model: str, stream: bool
) -> None:
    """DeepSeek-R1 and its likes, imported into Ollama without a template that says so, think in
    their text; with some the template itself opens `<think>`, so that only its end is to be seen.
    """
    answer = server.chat(model=model, messages=ask("Say hello."), stream=stream)
    message = said(answer, stream=stream)
    assert message.content == "hello"
    assert message.reasoning.startswith("The user")
    assert "think>" not in message.reasoning
    assert message.finish_reasons == ["stop"]
    assert repairs(answer) == {"think"}


@STREAM
@THINKERS
@pytest.mark.parametrize("limit", [5, 20])
def test_thoughts_that_are_cut_off_stay_thoughts(
    server: Server, root: Server, model: str, limit: int, stream: bool
) -> None:
    """A model may use up `max_tokens` before it answers: `length`, and nothing that looks like an
    answer."""
    answer = server.chat(model=model, max_tokens=limit, stream=stream)
    message = said(answer, stream=stream)
    assert message.reasoning
    assert (message.content, message.finish_reasons) == ("", ["length"])


@STREAM
@THINKERS
def test_thoughts_come_before_calls(server: Server, root: Server, model: str, stream: bool) -> None:
    """The reasoning is shown, the call is made, and nothing is left between the two."""
    answer = server.chat(model=model, messages=QUESTION, tools=[WEATHER], stream=stream)
    message = said(answer, stream=stream)
    assert message.reasoning
    assert message.content == ""
    assert [call.name for call in message.calls] == ["weather"]
    assert message.finish_reasons == ["tool_calls"]


@pytest.fixture(scope="module")
def as_it_came(gateway: Gateway) -> Iterator[Server]:
    """The `/v1` of a gateway that mends no calls."""
    with gateway_alone(gateway.ollama, MOCHI_REPAIR="false") as running:
        yield Server(running.root + "/v1", "demo")


@STREAM
@FAMILY
def test_repairs_can_be_switched_off(as_it_came: Server, family: str, stream: bool) -> None:
    """MOCHI_REPAIR=false: whoever parses the text of models for themselves gets it as it is."""
    model = f"demo-writes-{family}"
    answer = as_it_came.chat(model=model, messages=QUESTION, tools=[WEATHER], stream=stream)
    message = said(answer, stream=stream)
    assert (message.calls, message.finish_reasons) == ([], ["stop"])
    assert "weather" in message.content
    assert "Paris" in message.content
    # Its channel for thoughts is no call, and is split off.
    assert repairs(answer) == ({"harmony", "think"} if family == "harmony" else set())


@STREAM
def test_damaged_calls_stay_damaged(as_it_came: Server, stream: bool) -> None:
    """MOCHI_REPAIR=false holds for names and arguments, too."""
    messages = QUESTION
    answer = as_it_came.chat(
        model="demo-careless", messages=messages, tools=[WEATHER], stream=stream
    )
    (call,) = said(answer, stream=stream).calls
    assert call.name != "weather"
    assert isinstance(json.loads(call.arguments)["days"], str)


@THINKERS
def test_thoughts_are_split_off_all_the_same(as_it_came: Server, model: str) -> None:
    """They are no call: `MOCHI_REPAIR` says nothing about them."""
    assert said(as_it_came.chat(model=model), stream=False).content == "hello"
