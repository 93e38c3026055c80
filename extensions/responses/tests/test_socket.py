"""Responses over a WebSocket, as the official client speaks it and as nobody should."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import BaseModel, OpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from extensions.responses.tests.serving import HI, Gateway, Notebook, files, said, serving, until
from gateway.core.errors import BackendFailed, ModelNotFound
from gateway.core.events import TextDelta
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.testing import ScriptedBackend

SLOW: Sequence[Any] = ([TextDelta("Hi ")], 30.0, HI)
ASKED = {"type": "response.create", "model": "demo", "input": "Hello"}


@asynccontextmanager
async def talking(gateway: Gateway, **headers: str) -> AsyncIterator[ClientConnection]:
    url = gateway.url.replace("http", "ws") + "/responses"
    async with connect(url, proxy=None, additional_headers=headers, max_size=None) as client:
        yield client


async def ask(client: ClientConnection, **fields: Any) -> None:
    await client.send(json.dumps(ASKED | fields))


async def heard(client: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        event: dict[str, Any] = json.loads(await client.recv())
    return event


async def answer(client: ClientConnection) -> list[dict[str, Any]]:
    """The events of one answer, whose numbers have no gap."""
    events = [await heard(client)]
    while events[-1]["type"] not in (
        "response.completed",
        "response.incomplete",
        "response.failed",
        "error",
    ):
        events.append(await heard(client))
    if events[-1]["type"] != "error":
        assert [event["sequence_number"] for event in events] == [*range(len(events))]
    return events


async def error(client: ClientConnection) -> dict[str, Any]:
    """The only event of an answer."""
    (event,) = await answer(client)
    assert event["type"] == "error"
    return event


async def closing_code(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as caught:
        await heard(client)
    assert caught.value.rcvd is not None
    return int(caught.value.rcvd.code)


async def test_the_official_client_chains_responses_on_one_connection(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, gateway.sdk.responses.connect() as connection:
        previous: str | None = None
        for text in ("One", "Two", "Three"):
            await connection.response.create(
                model="demo", input=text, previous_response_id=previous
            )
            async for event in connection:
                if event.type == "response.completed":
                    previous = event.response.id
                    break
        assert gateway.heard() == ["One", "Hi there.", "Two", "Hi there.", "Three"]
        kept = await gateway.sdk.responses.retrieve(str(previous))
        assert kept.output_text == "Hi there."


async def test_the_official_client_tells_its_streams_apart(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, gateway.sdk.responses.connect() as connection:
        for lane in ("a", "b"):
            await connection.response.create(model="demo", input=lane, stream_id=lane)
        answered: list[tuple[str | None, str]] = []
        async for event in connection:
            assert isinstance(event, BaseModel)
            if event.type == "response.completed":
                answered.append((event.stream_id, event.response.output_text))
            else:
                assert event.to_dict()["stream_id"] == "ab"[len(answered)]
            if len(answered) == 2:
                break
        assert answered == [("a", "Hi there."), ("b", "Hi there.")]


async def test_the_official_client_without_a_loop(tmp_path: Path) -> None:
    def talk(url: str) -> str:
        client = OpenAI(base_url=url, api_key="unused", max_retries=0)
        with client, client.responses.connect() as connection:
            connection.response.create(model="demo", input="Hello")
            for event in connection:
                if event.type == "response.completed":
                    return event.response.output_text
        return ""

    async with serving(tmp_path) as gateway:
        assert await asyncio.to_thread(talk, gateway.url) == "Hi there."


async def test_the_events_are_those_of_a_stream(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        streamed = (await gateway.post(stream=True)).text
        async with talking(gateway) as client:
            await ask(client)
            events = await answer(client)
    types = [line[7:] for line in streamed.splitlines() if line.startswith("event: ")]
    assert [event["type"] for event in events] == types
    assert said(events[-1]["response"]) == "Hi there."
    assert not any("headers" in event for event in events)


async def test_questions_wait_for_their_turn_and_name_their_stream(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, talking(gateway) as client:
        await ask(client, input="One", stream_id="a")
        await ask(client, input="Two", stream_id="b")
        await ask(client, input="Three")
        for lane in ("a", "b", None):
            events = await answer(client)
            assert {event.get("stream_id") for event in events} == {lane}
    assert [gateway.heard(at) for at in range(3)] == [["One"], ["Two"], ["Three"]]


async def test_what_was_ignored_is_in_the_first_event(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, talking(gateway) as client:
        await ask(client, colour="red")
        first, *rest = await answer(client)
    assert first["headers"] == {"x-mochi-ignored": "colour"}
    assert not any("headers" in event for event in rest)


async def test_a_session_of_the_handshake_has_no_effect_and_is_named(tmp_path: Path) -> None:
    named = {"x-mochi-session": "0f1e2d3c4b"}
    async with serving(tmp_path) as gateway, talking(gateway, **named) as client:
        await ask(client)
        first, *_ = await answer(client)
        assert first["headers"] == {"x-mochi-ignored": "x-mochi-session"}
    strict = Rules(strict=True)
    async with serving(tmp_path, rules=strict) as gateway, talking(gateway, **named) as client:
        await ask(client)
        assert (await error(client))["error"]["param"] == "x-mochi-session"


async def test_a_response_joins_its_conversation(tmp_path: Path) -> None:
    notebook = Notebook("conv_1")
    async with serving(tmp_path, conversations=notebook) as gateway, talking(gateway) as client:
        for text in ("One", "Two"):
            await ask(client, input=text, conversation="conv_1", store=False)
            assert (await answer(client))[-1]["type"] == "response.completed"
    assert gateway.heard() == ["One", "Hi there.", "Two"]


@pytest.mark.parametrize(
    ("message", "param", "words"),
    [
        ("no json", None, "not valid JSON"),
        ("", None, "empty"),
        ("[]", None, "object"),
        ("{}", "type", "type"),
        ('{"type": "response.make"}', "type", "no event 'response.make'"),
        ('{"type": 5}', "type", "type"),
        ('{"colour": ' + "[" * 100_000, None, "nested"),
        (json.dumps(ASKED | {"model": 5}), "model", "model"),
        (json.dumps(ASKED | {"background": True}), "background", "background"),
        (json.dumps(ASKED | {"stream": False}), "stream", "stream"),
        (json.dumps(ASKED | {"generate": False}), "generate", "generate"),
        (json.dumps(ASKED | {"previous_response_id": "resp_0"}), "previous_response_id", "resp_0"),
        (b'{"type": "response.create"}', None, "binary"),
    ],
)
async def test_what_cannot_be_answered_is_an_error_event_and_no_end(
    tmp_path: Path, message: str | bytes, param: str | None, words: str
) -> None:
    async with serving(tmp_path) as gateway, talking(gateway) as client:
        await client.send(message)
        refused = await error(client)
        assert refused["status"] == 400
        assert refused["error"]["type"] == "invalid_request_error"
        assert refused["error"]["param"] == param
        assert words in refused["error"]["message"]
        await ask(client)
        assert (await answer(client))[-1]["type"] == "response.completed"


async def test_an_error_names_its_stream_and_its_headers(tmp_path: Path) -> None:
    rules = Rules(max_open=0)
    async with serving(tmp_path, rules=rules) as gateway, talking(gateway) as client:
        await ask(client, stream_id="a")
        refused = await error(client)
    assert (refused["status"], refused["stream_id"]) == (503, "a")
    assert refused["error"]["headers"] == {"retry-after": "1"}


async def test_an_error_of_the_model_before_the_first_event(tmp_path: Path) -> None:
    backend = ScriptedBackend(ModelNotFound("demo"))
    async with serving(tmp_path, backend) as gateway, talking(gateway) as client:
        await ask(client)
        refused = await error(client)
    assert refused["status"] == 404
    assert refused["error"]["code"] == "model_not_found"


async def test_an_error_of_the_model_amid_its_answer(tmp_path: Path) -> None:
    backend = ScriptedBackend([TextDelta("Hi ")], BackendFailed("It broke."))
    async with serving(tmp_path, backend) as gateway, talking(gateway) as client:
        for _ in range(2):
            await ask(client)
            last = (await answer(client))[-1]
            assert last["type"] == "response.failed"
            assert "It broke." in last["response"]["error"]["message"]


async def test_a_response_cannot_be_steered(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway, talking(gateway) as client:
        steer = {"type": "response.steer", "input": "Stop", "previous_response_id": "resp_1"}
        await client.send(json.dumps(steer))
        failed = await heard(client)
    assert failed["type"] == "response.steer.failed"
    assert failed["steer"] == {"input": "Stop", "previous_response_id": "resp_1"}
    assert failed["error"]["code"] == "steering_not_supported"


async def test_too_much_that_waits_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(*SLOW)) as gateway, talking(gateway) as client:
        await ask(client)
        assert (await heard(client))["type"] == "response.created"
        for number in range(17):
            await ask(client, stream_id=str(number))
        async with asyncio.timeout(5):
            while (event := await heard(client))["type"] != "error":
                pass
    assert (event["status"], event["stream_id"]) == (503, "16")


async def test_a_message_larger_than_a_body_may_be_ends_the_connection(tmp_path: Path) -> None:
    rules = GuardRules(max_body=1000)
    async with serving(tmp_path, guards=rules) as gateway, talking(gateway) as client:
        await ask(client, input="x" * 1000)
        assert await closing_code(client) == 1009


@pytest.mark.parametrize("leave", ["close", "abort"])
async def test_a_client_that_leaves_ends_its_response(tmp_path: Path, leave: str) -> None:
    backend = ScriptedBackend(*SLOW)
    async with serving(tmp_path, backend) as gateway:
        async with talking(gateway) as client:
            await ask(client)
            id = (await heard(client))["response"]["id"]
            await ask(client, input="Never asked")
            if leave == "abort":
                client.transport.abort()
        async with asyncio.timeout(3):
            await backend.left.wait()
        await until(lambda: any(id in path.name for path in tmp_path.rglob("*")))
        kept = await gateway.ended(id)
        assert (kept["status"], said(kept)) == ("cancelled", "Hi ")
        assert len(backend.requests) == 1


async def test_a_server_that_stops_lets_the_answer_finish(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mochi")
    backend = ScriptedBackend([TextDelta("Hi ")], 0.4, [HI[-1]])
    async with serving(tmp_path, backend) as gateway:
        client = await connect(gateway.url.replace("http", "ws") + "/responses", proxy=None)
        idle = await connect(gateway.url.replace("http", "ws") + "/responses", proxy=None)
        await ask(client)
        await heard(client)
        await ask(client, stream_id="late")
    assert await closing_code(idle) == 1001
    events = [json.loads(message) async for message in client]
    (refused,) = [event for event in events if event["type"] == "error"]
    assert (refused["status"], refused["stream_id"]) == (503, "late")
    assert "response.completed" in [event["type"] for event in events]
    assert client.close_code == 1001
    assert [line for line in caplog.messages if line.startswith("Running answers (1)")]


async def test_who_waits_for_no_answer_is_none_that_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "mochi")
    async with serving(tmp_path) as gateway:
        idle = await connect(gateway.url.replace("http", "ws") + "/responses", proxy=None)
    assert await closing_code(idle) == 1001
    assert not [line for line in caplog.messages if "answers" in line]


async def test_an_answer_that_outlasts_the_grace_has_a_last_word(tmp_path: Path) -> None:
    async with serving(tmp_path, ScriptedBackend(*SLOW)) as gateway:
        client = await connect(gateway.url.replace("http", "ws") + "/responses", proxy=None)
        await ask(client)
        await heard(client)
    last = [json.loads(message) async for message in client][-1]
    assert last["type"] == "response.failed"
    assert "shutting down" in last["response"]["error"]["message"]
    assert client.close_code == 1001


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example", "Authorization": "Bearer secret"}, 403),
        ({"Host": "evil.example", "Authorization": "Bearer secret"}, 403),
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer secret"}, 403),
    ],
)
async def test_the_guards_stand_before_the_handshake(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    rules = GuardRules(api_key="secret", cors_origins=())
    async with serving(tmp_path, guards=rules) as gateway:
        with pytest.raises(InvalidStatus) as caught:
            async with talking(gateway, **headers):
                pass
        assert caught.value.response.status_code == status
        assert b'"error"' in caught.value.response.body
        async with talking(gateway, Authorization="Bearer secret") as client:
            await ask(client)
            assert (await answer(client))[-1]["type"] == "response.completed"


async def test_there_is_no_websocket_at_another_path(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        with pytest.raises(InvalidStatus) as caught:
            await connect(gateway.url.replace("http", "ws") + "/responses/resp_1", proxy=None)
    assert caught.value.response.status_code == 404


async def test_the_last_response_of_a_connection_is_followed_though_it_is_not_stored(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as gateway, talking(gateway) as client:
        ids: list[str] = []
        for text in ("One", "Two", "Three"):
            previous = ids[-1] if ids else None
            await ask(client, input=text, store=False, previous_response_id=previous)
            ids.append((await answer(client))[-1]["response"]["id"])
        assert gateway.heard() == ["One", "Hi there.", "Two", "Hi there.", "Three"]
        await ask(client, previous_response_id=ids[0])
        assert (await error(client))["error"]["code"] == "previous_response_not_found"
        async with talking(gateway) as other:
            await ask(other, previous_response_id=ids[-1])
            assert (await error(other))["error"]["code"] == "previous_response_not_found"
        assert not files(tmp_path)
