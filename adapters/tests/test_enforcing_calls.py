"""Tool calls that are demanded, checked, and as many as were asked for."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from adapters.enforcing.backend import EnforcingBackend
from adapters.tests.answers import Answers
from gateway.core.errors import InvalidAnswer, InvalidRequest
from gateway.core.events import (
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    Usage,
    each,
)
from gateway.core.messages import ToolCall, UserMessage, text, text_of
from gateway.core.requests import (
    AnyText,
    ChatRequest,
    JSONOf,
    NamedTool,
    Sampling,
    ToolChoice,
    ToolDefinition,
)
from gateway.testing import ScriptedBackend

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PARIS, NOWHERE = {"city": "Paris"}, {"town": 1}


def tool(name: str, *, strict: bool = False) -> ToolDefinition:
    return ToolDefinition(name, f"Does {name}.", Raw(msgspec.json.encode(CITY)), strict)


def asked(choice: ToolChoice = "auto", **fields: Any) -> ChatRequest:
    fields.setdefault("tools", (tool("weather"),))
    return ChatRequest(
        model="demo", messages=(UserMessage(text("Hello")),), tool_choice=choice, **fields
    )


def said(words: str, tokens: int = 2, reason: Any = "stop") -> list[list[ChatEvent]]:
    return [[TextDelta(words)], [Finished(reason, Usage(10, tokens))]]


def called(*calls: tuple[str, Any]) -> list[list[ChatEvent]]:
    events: list[ChatEvent] = [
        ToolCalled(ToolCall(f"call_{i}", name, arguments))
        for i, (name, arguments) in enumerate(calls)
    ]
    return [events, [Finished("tool_calls", Usage(10, 3))]]


async def heard(backend: ScriptedBackend, request: ChatRequest) -> list[ChatEvent]:
    return [event async for event in each(EnforcingBackend(backend).chat(request))]


def calls(events: list[ChatEvent]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (event.call.name, event.call.arguments) for event in events if isinstance(event, ToolCalled)
    ]


async def test_a_call_that_comes_by_itself_is_passed_on_at_once() -> None:
    backend = Answers(called(("weather", PARIS)))
    events = await heard(backend, asked("required"))
    assert calls(events) == [("weather", PARIS)]
    assert events[-1] == Finished("tool_calls", Usage(10, 3))


async def test_a_model_that_chats_is_asked_for_the_arguments_alone() -> None:
    backend = Answers(said("Nice day!"), said('{"city": "Paris"}', 5))
    request = asked(NamedTool("weather"), tools=(tool("weather"), tool("other")))
    events = await heard(backend, request)
    assert calls(events) == [("weather", PARIS)]
    assert not [event for event in events if isinstance(event, TextDelta)]
    assert events[-1] == Finished("tool_calls", Usage(10, 7))
    first, second = backend.requests
    assert [known.name for known in first.tools] == ["weather"]
    assert (second.tools, second.tool_choice) == ((), "none")
    assert isinstance(second.response_format, JSONOf)
    assert second.response_format.schema == tool("weather").parameters
    assert "Nice day!" in text_of(second.messages[-2].content)
    assert "Does weather." in text_of(second.messages[-1].content)
    assert request.notes.retries == 1


async def test_of_several_functions_the_model_names_one_first() -> None:
    backend = Answers(said("Hm."), said('{"name": "b"}'), said('{"city": "Rome"}'))
    request = asked("required", tools=(tool("a"), tool("b")))
    assert calls(await heard(backend, request)) == [("b", {"city": "Rome"})]
    assert request.notes.retries == 2


async def test_thinking_is_shown_while_the_text_is_kept_back() -> None:
    thought: list[ChatEvent] = [ThinkingDelta("Well"), TextDelta("Hi")]
    backend = Answers([thought, [Finished("stop")]], said('{"city": "Paris"}'))
    events = await heard(backend, asked("required"))
    assert [type(event) for event in events] == [ThinkingDelta, ToolCalled, Finished]


async def test_arguments_that_do_not_fit_are_asked_for_again_with_what_was_wrong() -> None:
    backend = Answers(called(("weather", NOWHERE)), said("{}"), said('{"city": "Paris"}'))
    request = asked("required")
    assert calls(await heard(backend, request)) == [("weather", PARIS)]
    assert '"city" is a required property' in text_of(backend.requests[2].messages[-1].content)
    assert request.notes.retries == 2


async def test_a_strict_function_is_checked_without_any_choice() -> None:
    backend = Answers(called(("weather", NOWHERE)), said('{"city": "Paris"}'))
    request = asked(tools=(tool("weather", strict=True),))
    events = await heard(backend, request)
    assert calls(events) == [("weather", PARIS)]
    assert isinstance(events[0], ToolCalled)
    assert events[0].call.id == "call_0"


async def test_the_first_call_alone_where_only_one_is_wanted() -> None:
    backend = Answers(called(("weather", PARIS), ("weather", {"city": "Rome"})))
    events = await heard(backend, asked(parallel_tool_calls=False))
    assert calls(events) == [("weather", PARIS)]


async def test_a_model_that_gives_in_never_ends_in_an_error() -> None:
    backend = Answers(*[said("No.")] * 4)
    with pytest.raises(InvalidAnswer):
        await heard(backend, asked("required"))
    assert len(backend.requests) == 4


async def test_a_demanded_call_that_is_cut_off_is_no_call() -> None:
    backend = Answers(said("Well"), said('{"ci', 5, "length"))
    events = await heard(backend, asked("required"))
    assert events == [Finished("length", Usage(10, 7))]


async def test_an_answer_cut_off_before_any_call_is_not_asked_for_again() -> None:
    events = await heard(Answers(said("Well, I", 4, "length")), asked("required"))
    assert events == [Finished("length", Usage(10, 4))]


async def test_text_flows_where_the_model_is_free_to_chat() -> None:
    events = await heard(Answers(said("Hi")), asked())
    assert events == [TextDelta("Hi"), Finished("stop", Usage(10, 2))]


async def test_our_own_questions_do_not_obey_stop_and_logprobs() -> None:
    backend = Answers(said("Well"), said('{"city": "Paris"}'))
    await heard(backend, asked("required", sampling=Sampling(stop=("}",)), logprobs=1))
    assert backend.requests[0].sampling.stop == ("}",)
    assert (backend.requests[1].sampling.stop, backend.requests[1].logprobs) == ((), None)


async def test_a_call_or_else_the_format() -> None:
    wanted = JSONOf("city", Raw(msgspec.json.encode(CITY)))
    backend = Answers(called(("weather", PARIS)))
    assert calls(await heard(backend, asked(response_format=wanted))) == [("weather", PARIS)]
    assert backend.requests[0].response_format == AnyText()
    backend = Answers(said('{"city": "Rome"}'))
    assert (await heard(backend, asked(response_format=wanted)))[0] == TextDelta('{"city": "Rome"}')
    backend = Answers(said("Rome."), said('{"city": "Rome"}'))
    assert (await heard(backend, asked(response_format=wanted)))[0] == TextDelta('{"city": "Rome"}')
    assert (backend.requests[1].response_format, backend.requests[1].tools) == (wanted, ())


async def test_a_schema_that_nothing_can_be_checked_with_is_refused_at_once() -> None:
    bad = ToolDefinition("f", "", Raw(b'{"type": 5}'), strict=True)
    with pytest.raises(InvalidRequest) as caught:
        await heard(Answers(), asked(tools=(bad,)))
    assert caught.value.param == "tools"


async def test_every_strict_call_has_its_own_retries() -> None:
    wrong = [("weather", {"town": n}) for n in range(4)]
    backend = Answers(called(*wrong), *[said('{"city": "Paris"}')] * 4)
    events = await heard(backend, asked(tools=(tool("weather", strict=True),)))
    assert calls(events) == [("weather", PARIS)] * 4


async def test_a_named_function_is_called_once() -> None:
    backend = Answers(called(("weather", PARIS), ("weather", {"city": "Rome"})))
    assert calls(await heard(backend, asked(NamedTool("weather")))) == [("weather", PARIS)]


async def test_what_follows_the_only_call_is_not_shown() -> None:
    script: list[list[ChatEvent]] = [
        [ToolCalled(ToolCall("c", "weather", PARIS)), TextDelta("And now"), ThinkingDelta("Hm")],
        [Finished("tool_calls", Usage(10, 9))],
    ]
    events = await heard(Answers(script), asked(parallel_tool_calls=False))
    assert [type(event) for event in events] == [ToolCalled, Finished]
