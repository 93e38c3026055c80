"""Answers in a form: what is asked, what is made of the answer, and how it fails."""

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from adapters.simulator import Simulator
from adapters.structured import OllamaStructured, twin_of
from adapters.tests.misbehaving import Peer, Server, answer, serving
from adapters.upstream.client import Timeouts
from gateway.core.errors import (
    BackendBusy,
    BackendFailed,
    BackendTimeout,
    BackendUnreachable,
    MochiError,
    ModelNotFound,
    Unsupported,
)
from gateway.core.messages import (
    AssistantMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
    UserMessage,
    text,
)
from gateway.core.metrics import Metrics
from gateway.core.structured import StructuredRequest


class Draft(Struct, frozen=True):
    summary: Annotated[str, Meta(min_length=1, description="Short.")]
    topics: list[str]
    rank: int = 3


GOOD = '{"summary": "Hello.", "topics": ["greeting"]}'
FIGURES = {
    "prompt_eval_count": 11,
    "eval_count": 5,
    "total_duration": 90,
    "load_duration": 20,
    "prompt_eval_duration": 30,
    "eval_duration": 40,
}
ASKED = StructuredRequest(model="m", messages=(UserMessage(text("Hi")),))


def said(content: str | None, **message: Any) -> bytes:
    whole = {"model": "m", "message": {"role": "assistant", "content": content, **message}}
    return answer(json.dumps({**whole, "done": True, **FIGURES}).encode())


class Scripted:
    """Answers with one piece after the other, the last for ever; keeps what it was asked."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.heads: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    async def __call__(self, peer: Peer) -> None:
        while True:
            head, _, body = (await self.request(peer)).partition(b"\r\n\r\n")
            self.heads.append(head.decode().lower())
            self.bodies.append(json.loads(body))
            await peer.send(self.answers[min(len(self.bodies), len(self.answers)) - 1])

    async def request(self, peer: Peer) -> bytes:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return head + await peer.reader.readexactly(length)


async def failure(base_url: str, timeouts: Timeouts | None = None) -> MochiError:
    with pytest.raises(MochiError) as raised:
        await OllamaStructured(base_url, timeouts).answer(ASKED, Draft)
    return raised.value


async def test_the_simulator_answers_in_the_form() -> None:
    async with Simulator() as simulator:
        ollama = OllamaStructured(simulator.url)
        request = StructuredRequest(
            model="demo-thinking", messages=ASKED.messages, context_length=4096, thinking=False
        )
        made = await ollama.answer(request, Draft)
    assert made.summary
    assert made.topics


async def test_what_is_asked() -> None:
    script = Scripted(said(GOOD))
    conversation = (
        SystemMessage(text("Be brief.")),
        UserMessage(text("1+2?")),
        AssistantMessage(tool_calls=(ToolCall("c1", "add", {"a": 1, "b": 2}),)),
        ToolMessage(text("3"), "c1", "add"),
        AssistantMessage(text("3.")),
        UserMessage(text("Summarise.")),
    )
    async with serving(script) as server:
        made = await OllamaStructured(server.url).answer(
            StructuredRequest(
                model="m", messages=conversation, context_length=8192, thinking=False
            ),
            Draft,
        )
    assert made == Draft("Hello.", ["greeting"])
    (body,) = script.bodies
    assert [(m["role"], m.get("content", "")) for m in body["messages"]] == [
        ("system", "Be brief."),
        ("user", "1+2?"),
        ("assistant", ""),
        ("tool", "3"),
        ("assistant", "3."),
        ("user", "Summarise."),
    ]
    called = body["messages"][2]["tool_calls"][0]["function"]
    assert called == {"name": "add", "arguments": {"a": 1, "b": 2}}
    assert body["messages"][3]["tool_name"] == "add"
    assert body["options"] == {"num_ctx": 8192}
    assert (body["model"], body["stream"], body["think"]) == ("m", False, False)
    assert body["format"]["required"] == ["summary", "topics"]
    assert body["format"]["properties"]["summary"]["description"] == "Short."
    assert body["format"]["properties"]["topics"]["items"] == {"type": "string"}


async def test_nothing_is_said_of_a_window_or_of_thinking_unless_it_is_asked_for() -> None:
    script = Scripted(said(GOOD))
    async with serving(script) as server:
        await OllamaStructured(server.url).answer(ASKED, Draft)
    assert script.bodies[0].keys().isdisjoint({"think"})
    assert "num_ctx" not in script.bodies[0].get("options", {})


@pytest.mark.parametrize("bad", ["Hello", '{"summary": "", "topics": []}', None])
async def test_three_tries_and_no_more(
    bad: str | None, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    script = Scripted(said(bad))
    with caplog.at_level(logging.DEBUG, logger="stamina"):
        async with serving(script) as server:
            error = await failure(server.url)
    assert type(error) is BackendFailed
    assert "'m' did not answer in the form" in error.message
    # Content of null is a TypeError of the library, which it does not try again.
    assert len(script.bodies) == (1 if bad is None else 3)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "bad", ["", "[]", "{}", '{"summary": 3, "topics": []}', '{"summary": "x", "topics": [1]}']
)
def test_what_does_not_fit(bad: str) -> None:
    with pytest.raises(ValueError, match="Draft"):
        twin_of(Draft).model_validate_json(bad)


async def test_a_later_try_that_fits_is_the_answer_and_every_try_is_counted() -> None:
    script = Scripted(said("Sure!"), said('{"summary"'), said(GOOD))
    metrics = Metrics()
    async with serving(script) as server:
        made = await OllamaStructured(server.url, metrics=metrics).answer(ASKED, Draft)
    assert made == Draft("Hello.", ["greeting"])
    assert len(script.bodies) == 3
    assert script.bodies[0] == script.bodies[2]
    metrics.settle()
    counted = metrics.models.by_name["m:latest"]
    assert (counted.prompt_tokens, counted.completion_tokens) == (3 * 11, 3 * 5)
    assert (counted.load, counted.prompt, counted.generation) == (3 * 20, 3 * 30, 3 * 40)


@pytest.mark.parametrize(
    "fenced", [f"```json\n{GOOD}\n```", f"\n```\n{GOOD}```\n", f"  ```JSON\n\n{GOOD}\n\n```  "]
)
async def test_a_code_fence_around_the_answer_is_none_of_it(fenced: str) -> None:
    script = Scripted(said(fenced))
    async with serving(script) as server:
        assert (await OllamaStructured(server.url).answer(ASKED, Draft)).summary == "Hello."
    assert len(script.bodies) == 1


REFUSALS: list[tuple[bytes, type[MochiError]]] = [
    (answer(b'{"error":"model \'m\' not found"}', "404 Not Found"), ModelNotFound),
    (answer(b"404 page not found", "404 Not Found"), BackendFailed),
    (answer(b'{"error":"\\"m\\" does not support chat"}', "400 Bad Request"), Unsupported),
    (answer(b'{"error":"server busy"}', "503 Service Unavailable"), BackendBusy),
    (answer(b"[1]", "500 Internal Server Error"), BackendFailed),
    (answer(b"", "302 Found", "Location: http://127.0.0.1:1/\r\n"), BackendFailed),
    (answer(b"<html>"), BackendFailed),
    (answer(b"[1]"), BackendFailed),
    (answer(b'{"message": 7}'), BackendFailed),
    (answer(b'{"error": "out of memory"}'), BackendFailed),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", BackendFailed),
    (b"SSH-2.0-OpenSSH\r\n", BackendFailed),
]


@pytest.mark.parametrize(("refusal", "expected"), REFUSALS)
async def test_refusals_and_garbage(refusal: bytes, expected: type[MochiError]) -> None:
    async def once(peer: Peer) -> None:
        await Scripted().request(peer)
        await peer.send(refusal)

    async with serving(once) as server:
        assert type(await failure(server.url)) is expected


async def test_an_ollama_that_is_not_there() -> None:
    began = time.monotonic()
    error = await failure("http://me:secret@127.0.0.1:1")
    assert type(error) is BackendUnreachable
    assert "127.0.0.1:1" in error.message
    assert "secret" not in error.message
    assert time.monotonic() - began < 5


async def test_an_ollama_that_hangs_up_or_is_silent() -> None:
    async def hang_up(peer: Peer) -> None:
        await Scripted().request(peer)
        await peer.reset()

    async def silent(peer: Peer) -> None:
        await peer.left()

    async with serving(hang_up) as server:
        assert type(await failure(server.url)) is BackendFailed
    async with serving(silent) as server:
        error = await failure(server.url, Timeouts(first_byte=0.2))
        assert type(error) is BackendTimeout


async def test_the_environment_is_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("OLLAMA_API_KEY", "theirs")
    script = Scripted(said(GOOD))
    async with serving(script) as server:
        await OllamaStructured(server.url).answer(ASKED, Draft)
        await OllamaStructured(server.url.replace("//", "//me:p%40ss@") + "/ollama").answer(
            ASKED, Draft
        )
    assert "authorization" not in script.heads[0]
    assert "post /api/chat " in script.heads[0]
    assert "authorization: basic bwu6cebzcw==" in script.heads[1]
    assert "post /ollama/api/chat " in script.heads[1]


async def cancelled_at(server: Server, moment: Sequence[asyncio.Event]) -> float:
    asking = asyncio.create_task(OllamaStructured(server.url).answer(ASKED, Draft))
    for event in moment:
        await event.wait()
    began = time.monotonic()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.idle.wait()
    return time.monotonic() - began


async def test_it_ends_at_once_and_so_does_the_work_upstream(nothing_left: None) -> None:
    asked = asyncio.Event()

    async def silent(peer: Peer) -> None:
        await Scripted().request(peer)
        asked.set()
        await peer.left()

    async with asyncio.timeout(5), serving(silent) as server:
        assert await cancelled_at(server, [asked]) < 0.3


async def test_no_connection_is_left(nothing_left: None) -> None:
    async with serving(Scripted(said(GOOD))) as server:
        ollama = OllamaStructured(server.url)
        await ollama.answer(ASKED, Draft)
        await server.idle.wait()
        await ollama.answer(ASKED, Draft)
        assert server.connections == 2
        await server.idle.wait()


def test_nothing_is_imported_before_the_first_answer() -> None:
    program = (
        "import sys; import adapters.structured as s; s.OllamaStructured('http://x');"
        "print([n for n in ('httpx', 'ollama', 'ollama_instructor', 'pydantic', 'stamina')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"
