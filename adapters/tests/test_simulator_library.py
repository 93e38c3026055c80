"""Models that come and go: pulled, created, copied, deleted, loaded, unloaded."""

import asyncio
import hashlib
from typing import Any

from adapters.simulator import Simulator
from adapters.tests.sockets import Reply, ask, connected, post_bytes, until


def chat(model: str = "demo", **more: Any) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": False,
        **more,
    }


async def names(simulator: Simulator) -> list[str]:
    return [model["name"] for model in (await ask(simulator, "/api/tags")).json["models"]]


async def loaded(simulator: Simulator) -> dict[str, Any]:
    models = (await ask(simulator, "/api/ps")).json["models"]
    return {model["name"]: model["context_length"] for model in models}


async def test_exactly_seven_models_are_listed() -> None:
    async with Simulator() as simulator:
        assert sorted(await names(simulator)) == [
            "demo-embed:latest",
            "demo-go:latest",
            "demo-qwen:latest",
            "demo-thinking:latest",
            "demo-tools:latest",
            "demo-vision:latest",
            "demo:latest",
        ]


async def test_a_large_model_is_there_without_being_listed() -> None:
    async with Simulator() as simulator:
        card = (await ask(simulator, "/api/show", {"model": "demo-long"})).json
        assert card["model_info"]["llama.context_length"] == 131_072
        assert {"completion", "tools", "vision"} == set(card["capabilities"])
        long = chat("demo-long", options={"num_ctx": 200_000})
        long["messages"][0]["content"] = "x " * 100_000
        reply = await ask(simulator, "/api/chat", long)
        assert reply.json["prompt_eval_count"] > 100_000
        assert await loaded(simulator) == {"demo-long:latest": 131_072}


async def test_a_pull_reports_progress_and_brings_the_model() -> None:
    async with Simulator() as simulator:
        assert (await ask(simulator, "/api/chat", chat("demo-new"))).status == 404
        reply = await ask(simulator, "/api/pull", {"model": "demo-new"})
        assert "demo-new:latest" in await names(simulator)
        assert (await ask(simulator, "/api/chat", chat("demo-new"))).status == 200
    done = [line["completed"] for line in reply.lines if "completed" in line]
    assert done == sorted(done)
    assert done[-1] == reply.lines[1]["total"]
    assert "completed" not in reply.lines[1]
    assert [line["status"] for line in reply.lines[-3:]] == [
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]


async def test_what_is_there_is_not_pulled_again() -> None:
    async with Simulator() as simulator:
        reply = await ask(simulator, "/api/pull", {"model": "demo"})
        once = await ask(simulator, "/api/pull", {"model": "demo", "stream": False})
    assert [line.get("completed") for line in reply.lines[:2]] == [None, reply.lines[1]["total"]]
    assert once.json == {"status": "success"}


async def test_an_unknown_model_is_an_error_line() -> None:
    async with Simulator() as simulator:
        reply = await ask(simulator, "/api/pull", {"model": "nothing"})
        once = await ask(simulator, "/api/pull", {"model": "nothing", "stream": False})
        bad = await ask(simulator, "/api/pull", {"model": ""})
    assert reply.status == 200
    assert reply.lines[-1] == {"error": "pull model manifest: file does not exist"}
    assert (once.status, once.json) == (500, reply.lines[-1])
    assert (bad.status, bad.json) == (400, {"error": "invalid model name"})


async def test_a_pull_that_was_broken_off_goes_on_where_it_was() -> None:
    async with Simulator(token_delay=0.001) as simulator:
        async with connected(simulator) as (reader, writer):
            writer.write(post_bytes("/api/pull", {"model": "demo-new"}))
            await reader.readuntil(b'"completed"')
        await until(lambda: simulator.active == 0)
        assert simulator.cancelled == 0
        again = await ask(simulator, "/api/pull", {"model": "demo-new"})
    assert again.lines[1]["completed"] > 0


async def test_a_model_made_from_another_one() -> None:
    async with Simulator() as simulator:
        made = {"model": "brief", "from": "demo-tools", "system": "Be brief.", "stream": False}
        await ask(simulator, "/api/create", {**made, "parameters": {"num_predict": 2}})
        shown = (await ask(simulator, "/api/show", {"model": "brief"})).json
        answer = (await ask(simulator, "/api/chat", chat("brief"))).json
        await ask(simulator, "/api/delete", {"model": "brief"}, "DELETE")
        gone = await ask(simulator, "/api/chat", chat("brief"))
    assert shown["capabilities"] == ["tools", "completion"]
    assert shown["system"] == "Be brief."
    assert answer["eval_count"] == 2
    assert gone.status == 404


async def test_a_model_made_from_a_file() -> None:
    data = b"GGUF and so on"
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    async with Simulator() as simulator:
        body = {"model": "own", "files": {"own.gguf": digest}}
        missing = await ask(simulator, "/api/create", body)
        uploads = [(await ask(simulator, f"/api/blobs/{digest}", data)).status for _ in range(2)]
        there = await ask(simulator, f"/api/blobs/{digest}", method="HEAD")
        made = await ask(simulator, "/api/create", body)
        assert "own:latest" in await names(simulator)
    assert missing.status == 400
    assert (uploads, there.status) == ([201, 200], 200)
    assert made.lines[-1] == {"status": "success"}


async def test_three_models_are_loaded_at_most_and_files_are_shared() -> None:
    async with Simulator() as simulator:
        for model in ("demo", "demo-go", "demo-qwen"):
            await ask(simulator, "/api/chat", chat(model))
        assert sorted(await loaded(simulator)) == ["demo-go:latest", "demo:latest"]
        for model in ("demo-tools", "demo-vision"):
            await ask(simulator, "/api/chat", chat(model))
        assert len(await loaded(simulator)) == 3


async def test_the_window_is_what_was_asked_for_within_limits() -> None:
    async with Simulator() as simulator:
        for asked, given in ((100, 100), (None, 4096), (1, 4), (10**6, 8192)):
            await ask(simulator, "/api/chat", chat(options={"num_ctx": asked}))
            assert await loaded(simulator) == {"demo:latest": given}


async def test_another_window_waits_until_the_model_is_free() -> None:
    async with Simulator(token_delay=0.005) as simulator:
        first = asyncio.create_task(ask(simulator, "/api/chat", chat()))
        await until(lambda: simulator.active == 1)
        second = await ask(simulator, "/api/chat", chat(options={"num_ctx": 64}))
        assert first.done()
        assert second.json["load_duration"] > (await first).json["eval_duration"] / 2


async def test_a_load_takes_its_time_and_is_paid_once() -> None:
    async with Simulator(load_delay=0.05) as simulator:
        both = await asyncio.gather(*(ask(simulator, "/api/chat", chat()) for _ in range(2)))
        third = await ask(simulator, "/api/chat", chat())
    assert all(reply.json["load_duration"] > 40_000_000 for reply in both)
    assert third.json["load_duration"] < 40_000_000


async def test_a_model_is_kept_as_long_as_it_is_told() -> None:
    async with Simulator() as simulator:
        await ask(simulator, "/api/chat", chat(keep_alive="20ms"))
        assert await loaded(simulator)
        await asyncio.sleep(0.03)
        assert not await loaded(simulator)
        await ask(simulator, "/api/chat", chat(keep_alive=0))
        assert not await loaded(simulator)


async def test_the_slow_model_is_slow() -> None:
    async with Simulator() as simulator, connected(simulator) as (reader, writer):
        loop = asyncio.get_running_loop()
        began = loop.time()
        writer.write(post_bytes("/api/chat", {**chat("demo-slow"), "stream": True}))
        for _ in range(3):
            await reader.readuntil(b'"done":false}\n')
        assert loop.time() - began > 0.14


async def test_embeddings() -> None:
    async with Simulator() as simulator:
        body = {"model": "demo-embed", "input": ["a b", "c"]}
        many = (await ask(simulator, "/api/embed", body)).json
        refused = await ask(simulator, "/api/embed", {**body, "model": "demo"})
        old: Reply = await ask(simulator, "/api/embeddings", {"model": "demo-embed", "prompt": "c"})
        nobody = await ask(simulator, "/api/embed", {"input": "x"})
    assert [len(vector) for vector in many["embeddings"]] == [64, 64]
    assert many["prompt_eval_count"] == 3
    assert refused.status == 501
    assert refused.json["error"].startswith("This server does not support embeddings")
    assert len(old.json["embedding"]) == 64
    assert (nobody.status, nobody.json["error"]) == (404, "model '' not found")
