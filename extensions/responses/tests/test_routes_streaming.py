"""Streams of `/v1/responses`: their order, their ends, and what is left of one that is cut."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.response_events import events_of
from extensions.responses.past import Archive
from extensions.responses.question import read_question
from extensions.responses.run import Run
from extensions.responses.store import ResponseStore
from extensions.responses.tests.serving import HI, Gateway, Notebook, Page, said, serving, until
from extensions.sessions.tests.disks import HastyDisk
from gateway.core.errors import BackendFailed
from gateway.core.events import TextDelta, ThinkingDelta, ToolCalled
from gateway.core.messages import ToolCall
from gateway.core.notes import Notes
from gateway.dialects.openai.responses.items import Item, Message
from gateway.dialects.openai.responses.wire import Response
from gateway.http.leaving import LEFT
from gateway.testing import ScriptedBackend
from gateway.tests.response_streams import judged

HALF = [TextDelta("Half an ")]


async def streamed(gateway: Gateway, **fields: Any) -> list[dict[str, Any]]:
    answer = await gateway.post(stream=True, **fields)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    return judged(answer.content)


async def test_a_stream_tells_the_response_that_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        events = await streamed(gateway)
        assert [event["type"] for event in events][:3] == [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
        ]
        whole = events[-1]["response"]
        assert (events[-1]["type"], said(whole)) == ("response.completed", "Hi there.")
        assert (await gateway.get(whole["id"])).json() == whole
        followed = await streamed(gateway, previous_response_id=whole["id"], input="Two")
        assert gateway.heard() == ["Hello", "Hi there.", "Two"]
        again = await gateway.get(followed[-1]["response"]["id"], stream="true")
        assert said(judged(again.content)[-1]["response"]) == "Hi there."


async def test_it_is_kept_before_its_end_is_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        stream = await gateway.sdk.responses.create(model="demo", input="One", stream=True)
        async for event in stream:
            if event.type == "response.completed":
                assert (await gateway.store.get(event.response.id)).output


@pytest.mark.parametrize("stored", [True, False])
async def test_a_failure_on_the_way(tmp_path: Path, stored: bool) -> None:
    backend = ScriptedBackend(HALF, BackendFailed("Broke."))
    notebook = Notebook("conv_1")
    async with serving(tmp_path, backend, conversations=notebook) as gateway:
        events = await streamed(gateway, store=stored, conversation="conv_1")
        failed = events[-1]["response"]
        assert (events[-1]["type"], failed["error"]["message"]) == ("response.failed", "Broke.")
        assert said(failed) == "Half an "
        kept = await gateway.get(failed["id"])
        assert kept.json() == failed if stored else kept.status_code == 404
        [_, answer] = notebook.pages["conv_1"]
        assert isinstance(answer, Message)
        assert answer.status == "incomplete"


async def test_an_answer_that_breaks_off(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(HALF)) as gateway:
        events = await streamed(gateway)
        assert events[-1]["type"] == "response.failed"


async def test_a_full_disk_fails_the_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with serving(tmp_path) as gateway:
        monkeypatch.setattr("extensions.shards.Shards.create", full)
        events = await streamed(gateway)
        assert events[-1]["type"] == "response.failed"
        assert said(events[-1]["response"]) == "Hi there."
        plain = await gateway.post()
        assert (plain.status_code, plain.json()["error"]["code"]) == (503, "storage_unavailable")
        assert (await gateway.post(store=False)).status_code == 200


async def test_a_client_that_leaves_ends_the_work_and_what_was_said_is_kept(
    tmp_path: Path,
) -> None:
    backend = ScriptedBackend([ThinkingDelta("Hm.")], HALF, 30.0)
    notebook = Notebook("conv_1")
    async with serving(tmp_path, backend, conversations=notebook) as gateway:
        asked = {"model": "demo", "input": "Hello", "stream": True, "conversation": "conv_1"}
        async with gateway.http.stream("POST", "/responses", json=asked) as answer:
            text = ""
            async for piece in answer.aiter_text():
                text += piece
                if "Half an" in text:
                    break
        await until(lambda: backend.left.is_set() and len(notebook.pages["conv_1"]) == 3)
        id = events_of(text.encode())[0]["response"]["id"]
        kept = await gateway.ended(id)
        assert (kept["status"], said(kept)) == ("cancelled", "Half an ")
        assert kept["output"][-1]["status"] == "incomplete"
        backend.script = (HI,)
        await gateway.made(conversation="conv_1", input="Again")  # its turn is free
        assert len(notebook.pages["conv_1"]) == 5


async def test_what_was_said_stays_in_a_conversation_without_a_response(tmp_path: Path) -> None:
    backend = ScriptedBackend(HALF, 30.0)
    notebook = Notebook("conv_1")
    async with serving(tmp_path, backend, conversations=notebook) as gateway:
        asking = asyncio.create_task(gateway.post(conversation="conv_1"))
        await until(lambda: backend.requests)
        await asyncio.sleep(0.1)
        asking.cancel()
        await until(lambda: backend.left.is_set() and len(notebook.pages["conv_1"]) == 2)
        backend.script = (HALF, BackendFailed("Broke."))
        assert (await gateway.post(conversation="conv_1")).status_code == 502
        assert len(notebook.pages["conv_1"]) == 4
        backend.script = (HALF,)
        assert (await gateway.post(conversation="conv_1")).status_code == 502
        assert len(notebook.pages["conv_1"]) == 6
        statuses = [response.status for response in notebook.responses]
        assert statuses == ["cancelled", "failed", "failed"]
        backend.script = (BackendFailed("Broke."),)
        assert (await gateway.post(conversation="conv_1")).status_code == 502
        assert len(notebook.pages["conv_1"]) == 6


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_of_an_answer_that_broke_off_waits_for_no_result(
    tmp_path: Path, stream: bool
) -> None:
    called = ToolCalled(ToolCall("call_1", "add", {"a": 1}))
    backend = ScriptedBackend([*HALF, called], BackendFailed("Broke."))
    notebook = Notebook("conv_1")
    async with serving(tmp_path, backend, conversations=notebook) as gateway:
        await gateway.post(conversation="conv_1", stream=stream)
        assert [type(item) for item in notebook.pages["conv_1"]] == [Message, Message]
        backend.script = (HI,)
        await gateway.made(conversation="conv_1")


async def test_an_answer_without_a_word_is_a_failure_in_any_case(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend()) as gateway:
        for truncation in ("auto", "disabled"):
            assert (await gateway.post(truncation=truncation)).status_code == 502


async def test_a_server_that_stops_fails_what_does_not_end(tmp_path: Path) -> None:
    backend = ScriptedBackend(HALF, 30.0)
    store = ResponseStore(tmp_path, disk=HastyDisk())
    question = read_question(b'{"model": "demo", "input": "Hello"}', Notes())
    run = Run(question, backend, Archive(store, None))

    async def ask() -> bytes:
        return b"".join([frames async for frames in run.frames()])

    asking = asyncio.create_task(ask())
    await until(lambda: run.begun)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert b"response.failed" in run.last
    assert b"shutting down" in bytes((await store.get(question.id)).response)


async def test_turns_of_a_conversation_follow_each_other(tmp_path: Path) -> None:
    notebook = Notebook("conv_1")
    async with serving(tmp_path, ScriptedBackend(0.005, HI), conversations=notebook) as gateway:
        asked: dict[str, Any] = {"conversation": "conv_1", "store": False}
        made = [gateway.post(input=str(n), stream=n % 2 == 0, **asked) for n in range(20)]
        assert {answer.status_code for answer in await asyncio.gather(*made)} == {200}
        told = [item.role for item in notebook.pages["conv_1"] if isinstance(item, Message)]
        assert told == ["user", "assistant"] * 20
        assert sorted(len(request.messages) for request in gateway.backend.requests) == [
            2 * n + 1 for n in range(20)
        ]


class SlowNotebook(Notebook):
    """Conversations of which somebody loses patience while they are written."""

    task: asyncio.Task[bytes]

    @asynccontextmanager
    async def open(self, id: str) -> AsyncGenerator[Page, None]:
        async with super().open(id) as page:
            yield SlowPage(self, page.id)


class SlowPage(Page):
    async def append(self, input: Sequence[Item], response: Response) -> int:
        assert isinstance(self.notebook, SlowNotebook)
        self.notebook.task.cancel(LEFT)
        await asyncio.sleep(0.05)
        return await super().append(input, response)


async def test_what_is_left_while_it_is_kept_is_kept_once(tmp_path: Path) -> None:
    store, notebook = ResponseStore(tmp_path, disk=HastyDisk()), SlowNotebook("conv_1")
    question = read_question(
        b'{"model": "demo", "input": "Hello", "conversation": "conv_1"}', Notes()
    )
    run = Run(question, ScriptedBackend(HI), Archive(store, notebook))

    async def ask() -> bytes:
        return b"".join([frames async for frames in run.frames()])

    notebook.task = asyncio.create_task(ask())
    await asyncio.wait([notebook.task])
    assert notebook.task.cancelled()
    assert len(notebook.pages["conv_1"]) == 2
    assert b"response.completed" in run.last
    assert b'"completed"' in bytes((await store.get(question.id)).response)
