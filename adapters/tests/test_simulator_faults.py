"""Every fault over the socket: it shows what its entry in the table says."""

import asyncio
import json
from typing import Any

import pytest

from adapters.simulator import Simulator
from adapters.simulator.faults import FAULTS, fault_of
from adapters.tests.sockets import Reply, ask, connected, post_bytes, read_reply, until

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def chat(model: str, **more: Any) -> dict[str, Any]:
    message = {"role": "user", "content": "Count to 9, twice"}
    return {"model": model, "messages": [message], **more}


async def streamed(model: str, **more: Any) -> Reply:
    async with Simulator() as simulator:
        return await ask(simulator, "/api/chat", chat(model, **more))


async def at_once(model: str, **more: Any) -> Reply:
    return await streamed(model, stream=False, **more)


def calls(reply: Reply) -> list[Any]:
    return [call for line in reply.lines for call in line["message"].get("tool_calls", ())]


@pytest.mark.parametrize("name", FAULTS)
async def test_a_broken_model_exists_without_being_listed(name: str) -> None:
    async with Simulator() as simulator:
        shown = await ask(simulator, "/api/show", {"model": name})
        listed = await ask(simulator, "/api/tags")
    assert shown.status == 200
    assert name not in listed.body.decode()


@pytest.mark.parametrize("name", [n for n, fault in FAULTS.items() if fault.status])
async def test_refusals_have_their_status_streamed_or_not(name: str) -> None:
    fault = FAULTS[name]
    for reply in (await streamed(name), await at_once(name)):
        assert reply.status == fault.status
        assert reply.json == {"error": fault.error, **fault.more}


@pytest.mark.parametrize("status", [400, 401, 418, 503, 599])
async def test_any_status_by_name(status: int) -> None:
    reply = await streamed(f"demo-broken-status-{status}")
    assert reply.status == status
    assert "error" in reply.json


@pytest.mark.parametrize("name", ["demo-broken-status-200", "demo-broken-nothing", "demo-broken-"])
async def test_other_names_are_unknown_models(name: str) -> None:
    assert fault_of(name) is None
    assert (await streamed(name)).status == 404


async def test_an_engine_error_of_a_stream_is_framed_as_a_stream() -> None:
    reply = await streamed("demo-broken-engine-error")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.headers["Transfer-Encoding"] == "chunked"


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("demo-broken-engine-dies", 3),
        ("demo-broken-runner-stops", 5),
        ("demo-broken-map", 2),
        ("demo-broken-calls-bad", 0),
    ],
)
async def test_an_error_line_ends_the_stream(name: str, before: int) -> None:
    reply = await streamed(name)
    assert reply.status == 200
    assert reply.whole
    assert [list(line) for line in reply.lines[before:]] == [["error"]]
    assert all(not line["done"] for line in reply.lines[:before])
    assert (await at_once(name)).status == 500


async def test_go_map_notation() -> None:
    reply = await streamed("demo-broken-map")
    assert "map[code:500 message:" in reply.lines[-1]["error"]


async def test_no_done() -> None:
    reply = await streamed("demo-broken-no-done")
    assert reply.whole
    assert not any(line["done"] for line in reply.lines)
    assert (await at_once("demo-broken-no-done")).json["done"] is False


async def test_missing_fields() -> None:
    assert "done_reason" not in (await streamed("demo-broken-no-done-reason")).lines[-1]
    last = (await streamed("demo-broken-no-eval-count")).lines[-1]
    assert last["done"] is True
    assert not {"eval_count", "prompt_eval_count"} & last.keys()


async def test_empty_answers() -> None:
    (only,) = (await streamed("demo-broken-empty")).lines
    assert (only["message"]["content"], only["done_reason"]) == ("", "stop")
    empty = await streamed("demo-broken-empty-body")
    assert (empty.status, empty.body, empty.whole) == (200, b"", True)
    nothing = (await at_once("demo-broken-empty-body")).json
    assert (nothing["model"], nothing["created_at"]) == ("", "0001-01-01T00:00:00Z")


async def test_thinking_only() -> None:
    reply = await streamed("demo-broken-thinking-only")
    assert reply.text == ""
    assert reply.lines[0]["message"]["thinking"]
    assert reply.lines[-1]["done_reason"] == "length"


@pytest.mark.parametrize(("name", "lines"), [("demo-broken-reset", 3), ("demo-broken-close", 3)])
async def test_the_connection_ends_in_the_middle(name: str, lines: int) -> None:
    reply = await streamed(name)
    assert not reply.whole
    assert len(reply.lines) == lines


async def test_a_reset_is_no_orderly_end() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        writer.write(post_bytes("/api/chat", chat("demo-broken-reset-first")))
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_a_close_before_the_first_byte() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        writer.write(post_bytes("/api/chat", chat("demo-broken-close-first")))
        assert await reader.read() == b""


@pytest.mark.parametrize(
    ("name", "whole"), [("demo-broken-half-line", True), ("demo-broken-half-line-close", False)]
)
async def test_half_a_line(name: str, whole: bool) -> None:
    reply = await streamed(name)
    assert reply.whole is whole
    *lines, half = reply.body.split(b"\n")
    assert [json.loads(line)["done"] for line in lines] == [False] * 3
    with pytest.raises(json.JSONDecodeError):
        json.loads(half)


async def test_silence_lasts_until_the_client_leaves() -> None:
    async with Simulator() as simulator:
        for name, begins in (("demo-broken-silent", False), ("demo-broken-silent-later", True)):
            async with connected(simulator) as (reader, writer):
                writer.write(post_bytes("/api/chat", chat(name)))
                if begins:
                    await reader.readuntil(b"\r\n\r\n")
                await until(lambda: simulator.active == 1)
                assert begins or not reader._buffer  # type: ignore[attr-defined]
            await until(lambda: simulator.active == 0)
        assert simulator.cancelled == 2


async def test_pauses_of_a_length() -> None:
    loop = asyncio.get_running_loop()
    for name in ("demo-broken-pause-0.05", "demo-broken-stall-0.05"):
        began = loop.time()
        reply = await streamed(name)
        assert loop.time() - began >= 0.05
        assert reply.lines[-1]["done"] is True


async def test_a_megabyte_in_one_line() -> None:
    reply = await streamed("demo-broken-megabyte")
    assert max(len(line) for line in reply.body.splitlines()) > 900_000
    assert reply.lines[-1]["done"] is True


async def test_lines_split_inside_of_characters() -> None:
    reply = await streamed("demo-broken-split")
    assert max(len(piece) for piece in reply.pieces) == 5
    assert any(not decodes(piece) for piece in reply.pieces)
    assert "東京" in reply.text
    assert reply.lines[-1]["done"] is True


def decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


async def test_a_slow_drip_comes_to_its_end() -> None:
    message = [{"role": "user", "content": "say hi"}]
    reply = await streamed("demo-broken-drip", messages=message)
    assert max(len(piece) for piece in reply.pieces) == 40
    assert reply.text == "hi"


async def test_all_lines_in_one_chunk() -> None:
    reply = await streamed("demo-broken-burst")
    assert len(reply.pieces) == 1
    assert len(reply.lines) > 5


async def test_lines_that_are_no_objects() -> None:
    garbage = (await streamed("demo-broken-garbage")).body.splitlines()
    assert garbage[2] == b"Segmentation fault (core dumped)"
    blank = (await streamed("demo-broken-blank-lines")).body.split(b"\n")
    assert blank[::2] == [b""] * len(blank[::2])


async def test_wrong_types() -> None:
    third = (await streamed("demo-broken-types")).lines[2]
    assert (third["message"], third["done"]) == ("hello", "no")


async def test_pages_instead_of_answers() -> None:
    page = await streamed("demo-broken-html")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html")
    assert (await at_once("demo-broken-proxy")).status == 502
    plain = await streamed("demo-broken-content-type")
    assert plain.headers["Content-Type"] == "text/plain"
    assert plain.lines[-1]["done"] is True


async def test_what_is_no_http() -> None:
    async with Simulator() as simulator:
        for name, start in (
            ("demo-broken-http", b"SSH-2.0"),
            ("demo-broken-framing", b"HTTP/1.1 200"),
        ):
            async with connected(simulator) as (reader, writer):
                writer.write(post_bytes("/api/chat", chat(name)))
                assert (await reader.read()).startswith(start)


async def test_calls_with_index_zero_and_calls_without_ids() -> None:
    indexed = calls(await streamed("demo-broken-calls-index", tools=[WEATHER]))
    assert [call["function"]["index"] for call in indexed] == [0, 0]
    bare = calls(await streamed("demo-broken-calls-no-id", tools=[WEATHER]))
    assert [list(call) for call in bare] == [["function"], ["function"]]
    same = calls(await streamed("demo-broken-calls-same-id", tools=[WEATHER]))
    assert len({call["id"] for call in same}) == 1
    foreign = calls(await streamed("demo-broken-calls-string", tools=[WEATHER]))
    assert isinstance(json.loads(foreign[0]["function"]["arguments"]), dict)


async def test_calls_and_thinking_in_one_object() -> None:
    (only,) = (await streamed("demo-broken-calls-with-thinking", tools=[WEATHER])).lines
    assert list(only["message"]) == ["role", "content", "thinking", "tool_calls"]


async def test_text_around_a_call() -> None:
    reply = await streamed("demo-broken-calls-with-text", tools=[WEATHER])
    kinds = ["tool_calls" in line["message"] for line in reply.lines[:3]]
    assert kinds == [False, True, False]
    assert reply.text.startswith("Let me look that up.")


async def test_an_old_server() -> None:
    async with Simulator() as simulator:
        shown = (await ask(simulator, "/api/show", {"model": "demo-broken-old"})).json
        said = await ask(simulator, "/api/chat", chat("demo-broken-old"))
        called = await ask(simulator, "/api/chat", chat("demo-broken-old", tools=[WEATHER]))
    assert "capabilities" not in shown
    assert said.text.startswith("<think>")
    assert said.text.endswith("</think>1 2 3 4 5 6 7 8 9")
    (call, _) = calls(called)
    assert list(call) == ["function"]
    assert list(call["function"]) == ["name", "arguments"]


async def test_faults_show_in_generate_as_well() -> None:
    async with Simulator() as simulator:
        body = {"model": "demo-broken-engine-dies", "prompt": "Count to 9"}
        reply = await ask(simulator, "/api/generate", body)
    assert "error" in reply.lines[-1]


async def test_a_reply_is_read_after_another_fault_on_the_same_server() -> None:
    async with Simulator() as simulator:
        await ask(simulator, "/api/chat", chat("demo-broken-reset"))
        reply = await ask(simulator, "/api/chat", chat("demo", stream=False))
    assert reply.json["done"] is True


async def test_read_reply_knows_an_unfinished_body() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab")
    reader.feed_eof()
    assert not (await read_reply(reader)).whole
