"""The streams of a session byte by byte, as the contract shows them."""

from typing import Any

import httpx
import pytest

from extensions.chat.tests.talking import ID, OLD, Rounds, Script, calls, end, kept, said, serving
from gateway.core.errors import BackendFailed, BackendUnreachable, ModelNotFound
from gateway.core.events import TextDelta, ThinkingDelta

DONE = f'event: done\ndata: {{"session_id":"{ID}"}}\n\n'
PLAIN = (
    'event: content_delta\ndata: {"content":"Good ","role":"assistant"}\n\n'
    'event: content_delta\ndata: {"content":"morning.","role":"assistant"}\n\n'
)


def complete(id: str, *, reason: str = "initial_setup") -> str:
    return (
        f'event: message_complete\ndata: {{"message_id":"{id}","model":"demo:latest",'
        '"eval_count":4,"prompt_eval_count":11,"context_window":'
        f'{{"current_window":8192,"usage_tokens":15,"reason":"{reason}"}}}}\n\n'
    )


def failed(code: str, message: str, **details: str) -> str:
    told = "".join(f'"{name}":"{value}",' for name, value in details.items())
    return (
        f'event: error\ndata: {{"code":"{code}","message":"{message}",'
        f'"details":{{{told}"session_id":"{ID}"}}}}\n\n'
    )


async def test_plain() -> None:
    async with serving(Rounds(said("Good ", "morning."))) as gateway:
        response = await gateway.stream("Hello")
        assert response.text == PLAIN + complete("00000000a1") + DONE
        assert await kept(gateway.sessions) == [("user", "Hello"), ("assistant", "Good morning.")]
        assert (await gateway.sessions.get(ID)).messages[1].id == "00000000a1"


async def test_the_headers_of_a_stream() -> None:
    async with serving(Rounds(said("Hi"))) as gateway:
        headers = (await gateway.stream()).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers


THINKING: Script = [[ThinkingDelta("Twelve "), ThinkingDelta("months…"), TextDelta("12")], [end()]]


async def test_thinking() -> None:
    async with serving(Rounds(THINKING, capabilities=("completion", "thinking"))) as gateway:
        response = await gateway.stream("How many?", think=True)
        assert response.text == (
            'event: thinking_delta\ndata: {"content":"Twelve "}\n\n'
            'event: thinking_delta\ndata: {"content":"months…"}\n\n'
            'event: content_delta\ndata: {"content":"12","role":"assistant"}\n\n'
            + complete("00000000a1")
            + DONE
        )
        reply: Any = (await gateway.sessions.get(ID)).messages[1]
        assert reply.thinking == "Twelve months…"


async def test_thinking_that_nobody_asked_for_is_neither_forwarded_nor_kept() -> None:
    async with serving(Rounds(THINKING)) as gateway:
        response = await gateway.stream("How many?")
        assert "thinking_delta" not in response.text
        reply: Any = (await gateway.sessions.get(ID)).messages[1]
        assert (reply.thinking, reply.content) == ("", "12")


async def test_regenerate() -> None:
    backend = Rounds(said("Good ", "morning."))
    async with serving(backend, *OLD) as gateway:
        response = await gateway.stream(None)
        assert response.text == PLAIN + complete("00000000a0", reason="no_adjustment") + DONE
        assert await kept(gateway.sessions) == [
            ("user", "Morning?"),
            ("assistant", "Good morning."),
        ]
    assert len(backend.requests[0].messages) == 1


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (
            BackendFailed("Ollama failed: out of memory"),
            failed("OLLAMA_ERROR", "Ollama failed: out of memory"),
        ),
        (KeyError("secret"), failed("INTERNAL_ERROR", "The gateway failed unexpectedly.")),
    ],
)
async def test_an_error_in_the_middle(error: Exception, event: str) -> None:
    async with serving(Rounds([[TextDelta("The first ")], error])) as gateway:
        response = await gateway.stream()
        assert response.text == (
            'event: content_delta\ndata: {"content":"The first ","role":"assistant"}\n\n'
            + event
            + DONE
        )
        assert await kept(gateway.sessions) == [("user", "Hi"), ("partial", "The first ")]


async def test_an_error_before_anything_was_said() -> None:
    async with serving(Rounds([BackendUnreachable("Nobody listens.")])) as gateway:
        response = await gateway.stream()
        assert response.text == failed("OLLAMA_UNREACHABLE", "Nobody listens.") + DONE
        assert await kept(gateway.sessions) == [("user", "Hi")]


async def test_a_model_that_is_gone() -> None:
    error = ModelNotFound("demo")
    async with serving(Rounds([error])) as gateway:
        response = await gateway.stream()
    assert response.text == failed("MODEL_NOT_FOUND", error.message, model="demo") + DONE


async def test_an_answer_without_an_end_is_an_error() -> None:
    async with serving(Rounds([[TextDelta("Half")]], said("Whole."))) as gateway:
        response = await gateway.stream()
        assert "message_complete" not in response.text
        assert failed("OLLAMA_ERROR", "Ollama's answer broke off before its end.") in response.text
        await gateway.stream(None)
        assert await kept(gateway.sessions) == [("user", "Hi"), ("assistant", "Whole.")]


@pytest.mark.parametrize("begun", [[], [[TextDelta("N")]]])
async def test_a_failed_attempt_to_answer_anew_loses_nothing(begun: Script) -> None:
    async with serving(Rounds([*begun, BackendFailed("Broke.")]), *OLD) as gateway:
        await gateway.stream(None)
        assert (await gateway.sessions.get(ID)).messages == OLD


async def test_a_partial_answer_to_an_old_question_without_one_is_kept() -> None:
    backend = Rounds([[TextDelta("N")], BackendFailed("Broke.")])
    async with serving(backend, OLD[0]) as gateway:
        await gateway.stream(None)
        assert await kept(gateway.sessions) == [("user", "Morning?"), ("partial", "N")]


async def test_a_new_answer_that_fails_after_its_first_message_has_replaced_the_old_one() -> None:
    backend = Rounds(calls(("nope", {})), [[TextDelta("N")], BackendFailed("Broke.")])
    async with serving(backend, *OLD) as gateway:
        await gateway.stream(None)
        assert [who for who, _ in await kept(gateway.sessions)] == [
            "user",
            "assistant",
            "tool",
            "partial",
        ]


async def test_a_call_of_a_tool_that_does_not_exist() -> None:
    backend = Rounds(calls(("nope", {"a": 1})), said("Sorry."))
    async with serving(backend) as gateway:
        response = await gateway.stream()
        assert response.text == (
            'event: tool_call\ndata: {"tool_name":"nope","arguments":{"a":1},"call_index":0}\n\n'
            'event: tool_result\ndata: {"tool_name":"nope","success":false,'
            '"result":"Error: Tool \'nope\' not found",'
            '"error_message":"Tool \'nope\' not found","call_index":0}\n\n'
            "event: tool_continuation_start\n"
            'data: {"message":"Continuing with 1 tool result."}\n\n'
            'event: content_delta\ndata: {"content":"Sorry.","role":"assistant"}\n\n'
            + complete("00000000a3", reason="no_adjustment")
            + DONE
        )


async def test_the_whole_answer() -> None:
    backend = Rounds(calls(("nope", {})), said("Sorry."))
    async with serving(backend) as gateway:
        response = await gateway.chat()
    assert response.json() == {
        "session_id": ID,
        "message": {
            "role": "assistant",
            "content": "Sorry.",
            "thinking": "",
            "model": "demo:latest",
            "message_id": "00000000a3",
            "timestamp": "2026-03-04T05:06:07.000890",
            "eval_count": 4,
            "prompt_eval_count": 11,
        },
        "tool_calls_executed": [{"name": "nope", "arguments": {}, "success": False}],
        "context_window": {
            "current_window": 8192,
            "usage_tokens": 15,
            "reason": "no_adjustment",
        },
    }


@pytest.mark.parametrize("route", ["", "/stream"])
@pytest.mark.parametrize(
    ("id", "body", "status", "code"),
    [
        ("ffffffffff", {"message": "Hi"}, 404, "SESSION_NOT_FOUND"),
        ("..%2fx", {"message": "Hi"}, 404, None),
        (ID, {"message": ""}, 422, "VALIDATION_ERROR"),
        (ID, {"message": 5}, 422, "VALIDATION_ERROR"),
        (ID, {"message": "Hi", "think": "loud"}, 422, "VALIDATION_ERROR"),
        (ID, {"message": None}, 400, "INVALID_MESSAGE_INDEX"),
        (ID, {}, 400, "INVALID_MESSAGE_INDEX"),
    ],
)
async def test_what_is_refused_before_the_stream_opens(
    route: str, id: str, body: Any, status: int, code: str | None
) -> None:
    backend = Rounds(said("Hi"))
    async with serving(backend) as gateway:
        response = await gateway.http.post(f"/api/v1/chat/{id}{route}", json=body)
    assert response.status_code == status
    assert code is None or response.json()["error"]["code"] == code
    assert backend.requests == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(BackendUnreachable("Away."), 502), (ModelNotFound("demo"), 404), (BackendFailed("No."), 502)],
)
async def test_a_whole_answer_that_fails_is_an_ordinary_error(
    error: Exception, status: int
) -> None:
    async with serving(Rounds([[TextDelta("Half")], error])) as gateway:
        response: httpx.Response = await gateway.chat()
        assert response.status_code == status
        assert await kept(gateway.sessions) == [("user", "Hi"), ("partial", "Half")]
