"""Which chat completions are handed to the keeper, and as what."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest

from gateway.app import create_app
from gateway.core.errors import BackendFailed, StorageUnavailable
from gateway.core.events import ChatEvent, Finished, TextDelta, ThinkingDelta, ToolCalled, Usage
from gateway.core.messages import ToolCall
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.http.openai.keeping import Completed
from gateway.testing import ScriptedBackend, live_server

ANSWER: Sequence[Sequence[ChatEvent]] = (
    [ThinkingDelta("Hm")],
    [TextDelta("H"), TextDelta("i")],
    [ToolCalled(ToolCall("call_1", "f", {"a": 1}))],
    [Finished("tool_calls", Usage(3, 2))],
)
MESSAGES = [{"role": "user", "content": "Hello", "cache_control": None}]


class Shelf:
    """Remembers what it is to keep, or cannot."""

    def __init__(self, broken: bool = False) -> None:
        self.kept: list[Completed] = []
        self._broken = broken

    async def keep(self, completed: Completed) -> None:
        if self._broken:
            raise StorageUnavailable("Full.")
        self.kept.append(completed)


async def chat(
    shelf: Shelf | None, *script: Any, rules: Rules | None = None, **fields: Any
) -> httpx.Response:
    backend = ScriptedBackend(*(script or ANSWER))
    app = create_app(backend, keeper=shelf, guards=GuardRules(), rules=rules)
    body = {"model": "demo", "messages": MESSAGES, **fields}
    async with live_server(app) as url, httpx.AsyncClient(trust_env=False) as http:
        return await http.post(f"{url}/v1/chat/completions", json=body)


@pytest.mark.parametrize("n", [1, 2])
async def test_whole_and_streamed_are_kept_as_the_same(n: int) -> None:
    shelf = Shelf()
    answer = await chat(shelf, store=True, n=n, metadata={"a": "b"})
    await chat(shelf, store=True, n=n, metadata={"a": "b"}, stream=True)
    whole, streamed = shelf.kept
    assert bytes(whole.completion) == answer.content
    one, other = (msgspec.json.decode(kept.completion) for kept in shelf.kept)
    assert len(one["choices"]) == n
    assert other == {**one, "id": streamed.id, "created": streamed.created}
    for kept in shelf.kept:
        assert (kept.model, kept.metadata) == ("demo", {"a": "b"})
        assert [msgspec.json.decode(message) for message in kept.messages] == MESSAGES


async def test_a_stream_that_is_kept_is_like_any_other() -> None:
    kept = await chat(Shelf(), store=True, stream=True, stream_options={"include_usage": True})
    plain = await chat(None, stream=True, stream_options={"include_usage": True})
    assert shape(kept) == shape(plain)
    assert kept.text.endswith("data: [DONE]\n\n")


def shape(answer: httpx.Response) -> list[Any]:
    frames = [frame[6:] for frame in answer.text.split("\n\n") if frame.startswith("data: {")]
    return [{**msgspec.json.decode(f), "id": "", "created": 0} for f in frames]


@pytest.mark.parametrize("fields", [{}, {"store": False}, {"store": None}])
@pytest.mark.parametrize("stream", [False, True])
async def test_nothing_is_kept_unasked(fields: dict[str, Any], stream: bool) -> None:
    shelf = Shelf()
    answer = await chat(shelf, stream=stream, metadata={"a": "b"}, **fields)
    assert answer.headers["x-mochi-ignored"] == "messages[0].cache_control, metadata"
    assert shelf.kept == []


@pytest.mark.parametrize("stream", [False, True])
async def test_what_breaks_off_is_not_kept(stream: bool) -> None:
    shelf = Shelf()
    await chat(shelf, [TextDelta("H")], BackendFailed("Broke."), store=True, stream=stream)
    assert shelf.kept == []


async def test_who_leaves_leaves_nothing() -> None:
    shelf, backend = Shelf(), ScriptedBackend([TextDelta("H")], 30.0)
    app = create_app(backend, keeper=shelf, guards=GuardRules())
    body = {"model": "demo", "messages": MESSAGES, "store": True, "stream": True}
    async with live_server(app) as url, httpx.AsyncClient(trust_env=False) as http:
        async with http.stream("POST", f"{url}/v1/chat/completions", json=body) as response:
            await anext(response.aiter_lines())
        async with asyncio.timeout(1):
            await backend.left.wait()
    assert shelf.kept == []


async def test_who_cannot_keep_it_says_so() -> None:
    whole = await chat(Shelf(broken=True), store=True)
    assert (whole.status_code, whole.json()["error"]["code"]) == (503, "storage_unavailable")
    streamed = await chat(Shelf(broken=True), store=True, stream=True)
    *_, last = [line for line in streamed.text.split("\n\n") if line]
    assert msgspec.json.decode(last[6:])["error"]["code"] == "storage_unavailable"


@pytest.mark.parametrize("stream", [False, True])
async def test_without_a_keeper_the_field_has_no_effect(stream: bool) -> None:
    answer = await chat(None, store=True, metadata={"a": "b"}, stream=stream)
    assert answer.headers["x-mochi-ignored"] == "messages[0].cache_control, store, metadata"
    strict = await chat(
        None, store=True, messages=[{"role": "user", "content": "Hi"}], rules=Rules(strict=True)
    )
    assert (strict.status_code, strict.json()["error"]["param"]) == (400, "store")
