"""Structured output that cannot lie."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from adapters.enforcing.backend import EnforcingBackend
from adapters.enforcing.schemas import BadSchema, compiled, complaint
from adapters.tests.answers import Answers
from gateway.core.errors import InvalidAnswer, InvalidRequest
from gateway.core.events import ChatEvent, Finished, TextDelta, TokenLogprob, Usage, each
from gateway.core.messages import SystemMessage, UserMessage, text, text_of
from gateway.core.requests import AnyJSON, ChatRequest, JSONOf
from gateway.testing import ScriptedBackend

AGE = {
    "type": "object",
    "properties": {"age": {"type": "integer", "minimum": 1}},
    "required": ["age"],
}
SCHEMA = JSONOf("age", Raw(msgspec.json.encode(AGE)))
GOOD = '{"age": 5}'


def said(*pieces: str, reason: Any = "stop") -> list[list[ChatEvent]]:
    deltas: list[list[ChatEvent]] = [[TextDelta(piece)] for piece in pieces]
    return [*deltas, [Finished(reason, Usage(10, 2))]]


def asked(wanted: Any = SCHEMA, **fields: Any) -> ChatRequest:
    system, user = SystemMessage(text("Be brief.")), UserMessage(text("How old?"))
    return ChatRequest(model="demo", messages=(system, user), response_format=wanted, **fields)


async def heard(backend: ScriptedBackend, request: ChatRequest) -> list[ChatEvent]:
    return [event async for event in each(EnforcingBackend(backend).chat(request))]


async def test_an_answer_that_fits_is_given() -> None:
    backend = Answers(said('{"age"', ": 5}"))
    request = asked()
    assert await heard(backend, request) == [TextDelta(GOOD), Finished("stop", Usage(10, 2))]
    assert request.notes.retries == 0
    system, told, _ = backend.requests[0].messages
    assert text_of(system.content) == "Be brief."
    assert '"minimum":1' in text_of(told.content)


@pytest.mark.parametrize(
    ("wanted", "bad"),
    [
        (SCHEMA, "Five."),
        (SCHEMA, ""),
        (SCHEMA, '{"age": 0}'),
        (SCHEMA, '{"age": 5'),
        (SCHEMA, '{"age": NaN}'),
        (SCHEMA, "[" * 5000 + "]" * 5000),
        (AnyJSON(), "[1]"),
        (AnyJSON(), "5"),
        (AnyJSON(), "Sure! {}"),
    ],
)
async def test_what_does_not_fit_is_asked_for_again_with_what_was_wrong(
    wanted: Any, bad: str
) -> None:
    backend = Answers(said(bad), said(GOOD))
    request = asked(wanted)
    assert await heard(backend, request) == [TextDelta(GOOD), Finished("stop", Usage(10, 4))]
    assert request.notes.retries == 1
    assert "not what was asked for" in text_of(backend.requests[1].messages[-1].content)


async def test_what_never_fits_is_an_error_and_never_a_false_success() -> None:
    backend = Answers(*[said("Five.")] * 4)
    with pytest.raises(InvalidAnswer):
        await heard(backend, asked())
    assert len(backend.requests) == 4


async def test_a_stream_flows_and_is_checked_before_its_end() -> None:
    events = await heard(Answers(said('{"age"', ": 5}")), asked(stream=True))
    assert events == [TextDelta('{"age"'), TextDelta(": 5}"), Finished("stop", Usage(10, 2))]


@pytest.mark.parametrize("bad", ['{"age": 0}', f"```json\n{GOOD}\n```"])
async def test_a_stream_that_does_not_fit_ends_in_an_error(bad: str) -> None:
    with pytest.raises(InvalidAnswer):
        await heard(Answers(said(bad)), asked(stream=True))


async def test_a_fence_around_the_json_is_taken_off() -> None:
    request = asked()
    events = await heard(Answers(said(f"```json\n{GOOD}\n```")), request)
    assert events[0] == TextDelta(GOOD)
    assert request.notes.repairs == ["fence"]


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_that_was_cut_says_so_and_is_not_checked(stream: bool) -> None:
    backend = Answers(said('{"ag', reason="length"))
    events = await heard(backend, asked(stream=stream))
    assert events == [TextDelta('{"ag'), Finished("length", Usage(10, 2))]


async def test_a_model_lost_in_white_space_is_stopped() -> None:
    backend = Answers([[TextDelta(" \n" * 300)]] * 100, said(GOOD))
    assert (await heard(backend, asked()))[0] == TextDelta(GOOD)


@pytest.mark.parametrize(
    "schema", [b'{"type": 5}', b'{"pattern": "(?=a)"}', b'{"$ref": "http://127.0.0.1:9/x"}']
)
async def test_a_schema_that_nothing_can_be_checked_with_is_refused_at_once(schema: bytes) -> None:
    backend = Answers()
    with pytest.raises(InvalidRequest) as caught:
        await heard(backend, asked(JSONOf("x", Raw(schema))))
    assert caught.value.param == "response_format.json_schema.schema"


def test_patterns_never_backtrack() -> None:
    schema = b'{"type": "string", "pattern": "^(a+)+$"}'
    assert complaint(schema, "a" * 50_000 + "b")


def test_schemas_are_bounded_and_kept() -> None:
    assert compiled(b"{}") is compiled(b"{}")
    with pytest.raises(BadSchema):
        compiled(b'{"description": "' + b"x" * 300_000 + b'"}')


async def test_a_retry_lost_in_white_space_is_stopped_as_well() -> None:
    lost: list[list[ChatEvent]] = [[TextDelta(" \n" * 300)]] * 100
    backend = Answers(said("Five."), lost, said(GOOD))
    assert (await heard(backend, asked()))[0] == TextDelta(GOOD)


async def test_a_retry_that_was_cut_is_what_the_caller_gets() -> None:
    events = await heard(Answers(said("Five."), said('{"ag', reason="length")), asked())
    assert events == [TextDelta('{"ag'), Finished("length", Usage(10, 4))]


async def test_the_logprobs_of_an_answer_without_its_fence_stay() -> None:
    entry = TokenLogprob("x", -1.0)
    fenced: list[list[ChatEvent]] = [
        [TextDelta(f"```json\n{GOOD}\n```", (entry,))],
        [Finished("stop")],
    ]
    assert (await heard(Answers(fenced), asked(logprobs=0)))[0] == TextDelta(GOOD, (entry,))


def test_validators_are_kept_only_of_small_schemas() -> None:
    large = b'{"description": "' + b"x" * 20_000 + b'"}'
    assert compiled(large) is not compiled(large)
    with pytest.raises(BadSchema):
        compiled(
            msgspec.json.encode({"properties": {f"p{n}": {"pattern": "a"} for n in range(300)}})
        )
