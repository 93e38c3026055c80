"""Every personality over the socket: a model's habits, on a server that keeps its rules."""

import json
from typing import Any

import jsonschema_rs
import pytest

from adapters.simulator import Simulator
from adapters.simulator.personalities import PERSONALITIES
from adapters.simulator.tokens import split
from adapters.simulator.writing import FAMILIES
from adapters.tests.sockets import Reply, ask

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "description": "Time in a city"}}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
QUESTIONS = [f"Who is person number {number}?" for number in range(12)]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


async def streamed(model: str, *messages: dict[str, Any], **more: Any) -> Reply:
    async with Simulator() as simulator:
        asked = messages or (user("The weather in Paris for 3 days?"),)
        return await ask(simulator, "/api/chat", {"model": model, "messages": list(asked), **more})


def calls(reply: Reply) -> list[tuple[str, Any]]:
    made = [call for line in reply.lines for call in line["message"].get("tool_calls", ())]
    return [(call["function"]["name"], call["function"]["arguments"]) for call in made]


def fits(text: str, schema: Any) -> bool:
    try:
        return jsonschema_rs.is_valid(schema, json.loads(text))
    except json.JSONDecodeError:
        return False


@pytest.mark.parametrize("name", PERSONALITIES)
async def test_it_exists_without_being_listed_and_answers_the_same_twice(name: str) -> None:
    async with Simulator() as simulator:
        shown = (await ask(simulator, "/api/show", {"model": name})).json
        listed = await ask(simulator, "/api/tags")
        body = {"model": name, "messages": [user("Weather?")], "tools": [WEATHER], "stream": False}
        said = [(await ask(simulator, "/api/chat", body)).json["message"] for _ in range(2)]
    assert set(shown["capabilities"]) == {"completion", "tools"}
    assert "{% if tools %}" in shown["template"]
    assert name not in listed.body.decode()
    assert said[0] == said[1]


async def test_what_was_asked_can_be_seen() -> None:
    async with Simulator() as simulator:
        body = {"model": "demo-chatty", "messages": [user("Hi")], "tools": [WEATHER]}
        await ask(simulator, "/api/chat", body)
    (seen,) = simulator.requests
    assert (seen.method, seen.path, json.loads(seen.body)) == ("POST", "/api/chat", body)


async def test_chatty_never_calls() -> None:
    reply = await streamed("demo-chatty", tools=[WEATHER])
    assert not calls(reply)
    assert reply.text
    assert fits((await streamed("demo-chatty", format=PERSON)).text, PERSON)


@pytest.mark.parametrize("model", ["demo-sloppy", "demo-hopeless"])
async def test_a_format_is_missed_in_two_ways(model: str) -> None:
    said = [(await streamed(model, user(text), format=PERSON)).text for text in QUESTIONS]
    assert not any(fits(text, PERSON) for text in said)
    (short,) = {tuple(json.loads(text)) for text in said if text.startswith("{")}
    assert short == ("age",)
    assert any(text.startswith("Of course! ") for text in said)
    assert not fits((await streamed(model, format="json")).text, {})


async def test_sloppy_listens_and_hopeless_does_not() -> None:
    told = (
        {"role": "system", "content": "Answer in JSON."},
        user(QUESTIONS[0]),
        {"role": "assistant", "content": "Of course!"},
        user("That was no JSON. Answer again."),
    )
    assert fits((await streamed("demo-sloppy", *told, format=PERSON)).text, PERSON)
    assert not fits((await streamed("demo-hopeless", *told, format=PERSON)).text, PERSON)
    assert not fits((await streamed("demo-sloppy", *told[:2], format=PERSON)).text, PERSON)


async def test_without_a_format_they_are_like_others() -> None:
    said = [(await streamed(model)).text for model in ("demo-sloppy", "demo-tools")]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("family", "written"),
    [
        (
            "hermes",
            '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}\n'
            "</tool_call>",
        ),
        (
            "qwen",
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n"
            "<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>",
        ),
        ("mistral", '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris", "days": 3}'),
        (
            "mistral-old",
            '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}]',
        ),
        (
            "llama",
            '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris", "days": 3}}',
        ),
        (
            "minimax",
            '<minimax:tool_call>\n<invoke name="get_weather">\n'
            '<parameter name="city">Paris</parameter>\n<parameter name="days">3</parameter>\n'
            "</invoke>\n</minimax:tool_call>",
        ),
        (
            "glm",
            "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n"
            "<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>",
        ),
        (
            "harmony",
            "<|channel|>analysis<|message|>I need a tool for this.<|end|>"
            "<|start|>assistant<|channel|>commentary to=functions.get_weather "
            '<|constrain|>json<|message|>{"city": "Paris", "days": 3}<|call|>',
        ),
        (
            "markdown",
            'Let me look that up:\n\n```json\n{"name": "get_weather", '
            '"arguments": {"city": "Paris", "days": 3}}\n```',
        ),
    ],
)
async def test_calls_written_as_text(family: str, written: str) -> None:
    reply = await streamed(f"demo-writes-{family}", tools=[WEATHER])
    assert not calls(reply)
    assert reply.text == written
    assert [line["message"]["content"] for line in reply.lines[:-1]] == split(written)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_writer_calls_only_when_others_would(family: str) -> None:
    model = f"demo-writes-{family}"
    assert (await streamed(model)).text == (await streamed("demo-tools")).text
    result = {"role": "tool", "tool_name": "get_weather", "content": "18 C"}
    reply = await streamed(model, user("Weather?"), result, tools=[WEATHER])
    assert reply.text == "I looked it up: `get_weather` returned: 18 C"
    failed = {"role": "tool", "tool_name": "get_weather", "content": "Error: no"}
    reply = await streamed(model, user("Weather?"), failed, tools=[WEATHER])
    assert reply.text == "I could not do that: `get_weather` returned: Error: no"
    twice = await streamed(model, user("The weather in both cities?"), tools=[WEATHER])
    assert twice.text.count("get_weather") == 2


async def test_the_template_of_a_writer_shows_its_format() -> None:
    async with Simulator() as simulator:
        shown = await ask(simulator, "/api/show", {"model": "demo-writes-glm"})
    assert "<tool_call>{{ call.name }}\n<arg_key>{{ key }}</arg_key>" in shown.json["template"]


async def test_thoughts_in_the_text() -> None:
    plain = (await streamed("demo-tools")).text
    aloud = (await streamed("demo-thinks-aloud")).text
    assert aloud.startswith("<think>\nThe user wants")
    assert aloud.endswith(f"\n</think>\n\n{plain}")
    assert (await streamed("demo-thinks-open")).text == aloud.removeprefix("<think>\n")
    assert fits((await streamed("demo-thinks-open", format=PERSON)).text, PERSON)
    called = await streamed("demo-thinks-aloud", tools=[WEATHER])
    assert called.text.endswith("</think>\n\n")
    assert calls(called) == [("get_weather", {"city": "Paris", "days": 3})]
    assert (await streamed("demo-thinks-aloud", think=True)).status == 400


async def test_an_opened_tag_ends_the_template() -> None:
    async with Simulator() as simulator:
        shown = await ask(simulator, "/api/show", {"model": "demo-thinks-open"})
    assert shown.json["template"].endswith("<think>\n")


async def test_careless_calls() -> None:
    both = calls(await streamed("demo-careless", user("Weather of both?"), tools=[WEATHER]))
    assert {name for name, _ in both} == {"Get_weather", "functions.get_weather"}
    (only,) = calls(await streamed("demo-careless", tools=[WEATHER]))
    assert only[1] == {"city": "Paris", "days": "3"}


@pytest.mark.parametrize(("text", "times"), [("What time is it?", 2), ("The time in both?", 3)])
async def test_the_first_tool_again_and_again(text: str, times: int) -> None:
    made = calls(await streamed("demo-repeats", user(text), tools=[WEATHER, TIME]))
    assert [name for name, _ in made] == ["get_weather"] * times


async def test_generate_has_the_habits_of_text_too() -> None:
    async with Simulator() as simulator:
        body = {"model": "demo-hopeless", "prompt": "Who?", "format": PERSON, "stream": False}
        answer = (await ask(simulator, "/api/generate", body)).json["response"]
    assert not fits(answer, PERSON)
