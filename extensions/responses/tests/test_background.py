"""Responses that run in the server, whether a client waits for them or not."""

import asyncio
from pathlib import Path

import pytest

from conformance_tests.response_events import events_of
from extensions.responses.tests.serving import HI, Notebook, Page, files, said, serving, until
from gateway.core.errors import BackendFailed, ConversationNotFound, MochiError, SessionNotFound
from gateway.core.events import TextDelta
from gateway.testing import ScriptedBackend
from gateway.tests.response_streams import judged
from gateway.tests.sdk_types import judge_response

HALF = [TextDelta("Half an ")]


async def test_it_is_queued_runs_and_is_polled(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(0.1, HALF, 0.2, HI)) as gateway:
        made = await gateway.made(background=True)
        judge_response(made)
        assert (made["status"], made["background"], made["output"]) == ("queued", True, [])
        assert (await gateway.get(made["id"])).json() == made
        early = await gateway.post(previous_response_id=made["id"])
        assert (early.status_code, early.json()["error"]["param"]) == (400, "previous_response_id")
        states = set()
        while (now := (await gateway.get(made["id"])).json())["status"] != "completed":
            judge_response(now)
            states.add(now["status"])
            await asyncio.sleep(0.02)
        assert states == {"queued", "in_progress"}
        assert said(now) == "Half an Hi there."
        await gateway.made(previous_response_id=made["id"], input="Two")
        assert gateway.heard() == ["Hello", "Half an Hi there.", "Two"]


@pytest.mark.parametrize("script", [(30.0,), (HALF, 30.0)], ids=["queued", "in progress"])
async def test_it_is_cancelled(tmp_path: Path, script: tuple[list[TextDelta] | float]) -> None:
    async with serving(tmp_path, ScriptedBackend(*script)) as gateway:
        made = await gateway.made(background=True)
        await until(lambda: gateway.backend.requests)
        await asyncio.sleep(0.05)
        cancelled = await gateway.sdk.responses.cancel(made["id"])
        assert cancelled.status == "cancelled"
        assert gateway.backend.left.is_set()
        assert (await gateway.sdk.responses.cancel(made["id"])).status == "cancelled"
        whole = (await gateway.get(made["id"])).json()
        assert said(whole) == ("Half an " if len(script) > 1 else "")
        told = judged((await gateway.get(made["id"], stream="true")).content)
        assert told[-1]["response"] == whole


async def test_what_does_not_run_in_the_background_cannot_be_cancelled(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        made = await gateway.made()
        assert (await gateway.post(f"/{made['id']}/cancel")).status_code == 400
        assert (await gateway.post("/resp_123456789/cancel")).status_code == 404
        background = await gateway.made(background=True)
        await gateway.ended(background["id"])
        answer = await gateway.post(f"/{background['id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "completed")


async def test_it_is_streamed_and_the_stream_resumed(tmp_path: Path) -> None:
    script = (0.05, HALF, 0.1, HALF, 0.1, HI)
    async with serving(tmp_path, ScriptedBackend(*script)) as gateway:
        asked = {"model": "demo", "input": "Hello", "background": True, "stream": True}
        text = b""
        async with gateway.http.stream("POST", "/responses", json=asked) as answer:
            async for piece in answer.aiter_bytes():
                text += piece
                if text.count(b"Half an ") == 1:
                    break
        first = events_of(text[: text.rindex(b"\n\n") + 2])
        assert [event["type"] for event in first][:2] == ["response.created", "response.queued"]
        id, number = first[0]["response"]["id"], first[-1]["sequence_number"]
        rest = await gateway.get(id, stream="true", starting_after=number)
        assert not gateway.backend.left.is_set()
        later = events_of(rest.content)
        assert later[0]["sequence_number"] == number + 1
        whole = text[: text.rindex(b"\n\n") + 2] + rest.content
        assert said(judged(whole)[-1]["response"]) == "Half an Half an Hi there."
        assert (await gateway.get(id, stream="true")).content == whole
        assert (await gateway.get(id, stream="true", starting_after=number)).content == rest.content


async def test_one_that_is_told_again_has_an_end_for_everybody(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        made = await gateway.made()
        whole = await gateway.get(made["id"], stream="true")
        assert judged(whole.content)[-1]["response"] == made
        rest = await gateway.get(made["id"], stream="true", starting_after=3)
        assert whole.content.endswith(rest.content)
        assert events_of(rest.content)[0]["sequence_number"] == 4
        end = await gateway.get(made["id"], stream="true", starting_after=999)
        [last] = events_of(end.content)
        assert (last["type"], last["sequence_number"]) == ("response.completed", 1000)
        for query in (
            {"starting_after": 3},
            {"stream": "x"},
            {"stream": "1", "starting_after": -1},
        ):
            assert (await gateway.get(made["id"], **query)).status_code == 400
        assert (await gateway.get("resp_123456789", stream="true")).status_code == 404


async def test_the_sdk_streams_one_that_runs(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(0.1, HALF, 0.1, HI)) as gateway:
        made = await gateway.sdk.responses.create(model="demo", input="Hello", background=True)
        async with gateway.sdk.responses.stream(response_id=made.id, starting_after=2) as stream:
            numbers = [event.sequence_number async for event in stream]
            final = await stream.get_final_response()
        assert numbers == list(range(3, numbers[-1] + 1))
        assert final.output_text == "Half an Hi there."


async def test_a_failure_is_kept(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(BackendFailed("Broke."))) as gateway:
        made = await gateway.made(background=True)
        failed = await gateway.ended(made["id"])
        judge_response(failed)
        assert (failed["status"], failed["error"]["message"]) == ("failed", "Broke.")
        told = judged((await gateway.get(made["id"], stream="true")).content)
        assert told[-1]["type"] == "response.failed"


async def test_what_is_refused_at_once(tmp_path: Path) -> None:
    notebook = Notebook()
    async with serving(tmp_path, conversations=notebook, most_background=1) as gateway:
        orphan = [{"type": "function_call_output", "call_id": "c", "output": "x"}]
        assert (await gateway.post(background=True, input=orphan)).status_code == 400
        unknown = "resp_" + "0" * 24
        answer = await gateway.post(background=True, previous_response_id=unknown)
        assert answer.status_code == 400
        assert (await gateway.post(background=True, model="unknown")).status_code == 404
        assert (await gateway.post(background=True, conversation="conv_1")).status_code == 404
        assert files(tmp_path) == []
        gateway.backend.script = (30.0,)
        first = await gateway.made(background=True)
        assert (await gateway.post(background=True)).status_code == 503
        await gateway.http.post(f"/responses/{first['id']}/cancel")
        gateway.backend.script = (HI,)
        await gateway.made(background=True)


async def test_one_that_is_deleted_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(HALF, 30.0)) as gateway:
        made = await gateway.made(background=True)
        await until(lambda: gateway.backend.requests)
        assert (await gateway.http.delete(f"/responses/{made['id']}")).status_code == 200
        assert gateway.backend.left.is_set()
        assert (await gateway.get(made["id"])).status_code == 404
        assert files(tmp_path) == []


async def test_it_waits_for_its_turn_in_a_conversation(tmp_path: Path) -> None:
    notebook = Notebook("conv_1")
    async with serving(tmp_path, conversations=notebook) as gateway:
        async with notebook.open("conv_1") as page:
            made = await gateway.made(background=True, conversation="conv_1")
            await asyncio.sleep(0.05)
            assert (await gateway.get(made["id"])).json()["status"] == "queued"
            assert not page.items
        assert (await gateway.ended(made["id"]))["status"] == "completed"
        assert len(notebook.pages["conv_1"]) == 2


async def test_the_end_of_the_server_waits_for_it(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(0.3, HI), patience=5) as gateway:
        made = await gateway.made(background=True)
    async with serving(tmp_path) as gateway:
        assert (await gateway.get(made["id"])).json()["status"] == "completed"


async def test_what_does_not_end_in_time_has_failed(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(HALF, 30.0), patience=0.1) as gateway:
        made = await gateway.made(background=True)
    async with serving(tmp_path) as gateway:
        failed = (await gateway.get(made["id"])).json()
        assert (failed["status"], said(failed)) == ("failed", "Half an ")
        assert failed["error"]["message"] == "The gateway is shutting down."


async def test_one_that_cannot_be_kept_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with serving(tmp_path, ScriptedBackend(0.1, HI)) as gateway:
        made = await gateway.made(background=True)
        monkeypatch.setattr("extensions.shards.Shards.put", full)
        failed = await gateway.ended(made["id"])
        assert (failed["status"], "kept" in failed["error"]["message"]) == ("failed", True)


class Vanishing(Notebook):
    """Conversations that are deleted while something is said in them."""

    def __init__(self, *ids: str, error: MochiError) -> None:
        super().__init__(*ids)
        self._error = error

    async def append(self, input: object, response: object) -> int:
        raise self._error


@pytest.mark.parametrize("error", [ConversationNotFound("conv_1"), SessionNotFound("1")])
async def test_a_conversation_that_goes_meanwhile_fails_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: MochiError
) -> None:
    notebook = Vanishing("conv_1", error=error)
    monkeypatch.setattr(Page, "append", notebook.append)
    async with serving(tmp_path, conversations=notebook) as gateway:
        made = await gateway.made(background=True, conversation="conv_1")
        failed = await gateway.ended(made["id"])
        assert (failed["status"], said(failed)) == ("failed", "Hi there.")
        assert failed["error"]["code"] == "server_error"
        told = "The conversation 'conv_1' was deleted before the response had ended."
        assert failed["error"]["message"] == told
