"""Agents as models for whoever knows OpenAI's API: its own client, and plain HTTP."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIError, AsyncOpenAI, BadRequestError, NotFoundError

from extensions.agents.models import AgentModels
from extensions.agents.tests.folders import agent
from extensions.agents.tests.jotting import Jotting, agents_of
from extensions.chat.tests.talking import Rounds, Script, calls, said
from gateway.app import create_app
from gateway.core.errors import BackendFailed
from gateway.core.events import TextDelta
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.testing import live_server

SKILL = """\
---
description: Keeps notes.
tool_policies: jot: never_confirm
---
You are a scribe.
"""
WORK = (said("I will ", "jot."), calls(("jot", {"text": "4 March"})), said("It ", "is noted."))
THOUGHT = """\
I will jot.

Tool call: jot({"text": "4 March"})
Tool result (jot): stored
"""
ASK: list[Any] = [{"role": "user", "content": "Note the 4th"}]
WEATHER: Any = {"type": "function", "function": {"name": "weather", "parameters": {}}}


class Gateway:
    """An agent called `scribe` behind `/v1`, for both kinds of clients."""

    def __init__(self, backend: Rounds, sdk: AsyncOpenAI, http: httpx.AsyncClient) -> None:
        self.backend = backend
        self.sdk = sdk
        self.http = http

    async def post(self, path: str = "/chat/completions", **fields: Any) -> httpx.Response:
        return await self.http.post(path, json={"model": "agent/scribe", **fields})


@asynccontextmanager
async def serving(
    folder: Path, rounds: Sequence[Script] = WORK, *, strict: bool = False
) -> AsyncGenerator[Gateway, None]:
    agent(folder, skill=SKILL)
    backend = Rounds(*rounds)
    agents = agents_of(folder, Jotting(folder))
    models = AgentModels(backend, agents, default_model="demo", most=50)
    async with (
        live_server(create_app(models, guards=GuardRules(), rules=Rules(strict=strict))) as url,
        httpx.AsyncClient(base_url=f"{url}/v1", trust_env=False) as http,
        AsyncOpenAI(
            base_url=f"{url}/v1",
            api_key="unused",
            max_retries=0,
            _strict_response_validation=True,
        ) as sdk,
    ):
        yield Gateway(backend, sdk, http)


async def test_models_has_the_agents(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        listed = [model.id async for model in gateway.sdk.models.list()]
        assert listed == ["demo", "agent/scribe"]
        model = await gateway.sdk.models.retrieve("agent/scribe")
        assert (model.id, model.owned_by) == ("agent/scribe", "agent")
        assert model.created == int((tmp_path / "scribe" / "SKILL.md").stat().st_mtime)
        with pytest.raises(NotFoundError):
            await gateway.sdk.models.retrieve("agent/nobody")


async def test_create(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        made = await gateway.sdk.chat.completions.create(model="agent/scribe", messages=ASK)
        assert made.model == "agent/scribe"
        message = made.choices[0].message
        assert message.content == "It is noted."
        assert message.reasoning_content == THOUGHT  # type: ignore[attr-defined]
        assert message.tool_calls is None
        assert made.choices[0].finish_reason == "stop"
        assert made.usage
        assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (82, 15)


async def test_stream(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        stream = await gateway.sdk.chat.completions.create(
            model="agent/scribe",
            messages=ASK,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        assert {chunk.model for chunk in chunks} == {"agent/scribe"}
        deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
        said = [delta.content for delta in deltas if delta.content]
        assert said == ["It ", "is noted."]
        thought = [getattr(delta, "reasoning_content", None) or "" for delta in deltas]
        assert "".join(thought) == THOUGHT
        assert thought[1:3] == ["I will ", "jot."]
        assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
        assert chunks[-1].usage
        assert chunks[-1].usage.total_tokens == 97


async def test_several_choices_are_several_runs(tmp_path: Path) -> None:
    async with serving(tmp_path, [said("Done.")]) as gateway:
        made = await gateway.sdk.chat.completions.create(
            model="agent/scribe", messages=ASK, n=2, seed=7
        )
        assert [choice.message.content for choice in made.choices] == ["Done.\n\nDone."] * 2
        seeds = sorted(str(request.sampling.seed) for request in gateway.backend.requests)
        assert seeds == ["7", "7", "7", "8", "8", "8"]


async def test_the_callers_tools_are_named_as_ignored(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        for stream in (False, True):
            answer = await gateway.post(messages=ASK, tools=[WEATHER], stream=stream)
            assert (answer.status_code, answer.headers["x-mochi-ignored"]) == (200, "tools")
        for request in gateway.backend.requests:
            assert "weather" not in [tool.name for tool in request.tools]


async def test_where_nothing_may_be_ignored_tools_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, strict=True) as gateway:
        answer = await gateway.post(messages=ASK, tools=[WEATHER], stream=True)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "tools")
        assert (await gateway.post(messages=ASK)).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("param", "fields"),
    [
        ("tool_choice", {"tools": [WEATHER], "tool_choice": "required"}),
        ("response_format", {"response_format": {"type": "json_object"}}),
        ("logprobs", {"logprobs": True}),
        ("messages", {"messages": [{"role": "system", "content": "Be brief."}]}),
    ],
)
async def test_what_an_agent_cannot_do_is_a_plain_refusal(
    tmp_path: Path, stream: bool, param: str, fields: dict[str, Any]
) -> None:
    async with serving(tmp_path) as gateway:
        answer = await gateway.post(**{"messages": ASK, "stream": stream, **fields})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        assert gateway.backend.requests == []


async def test_agents_neither_complete_nor_embed(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        with pytest.raises(BadRequestError, match="is an agent") as refused:
            await gateway.sdk.completions.create(model="agent/scribe", prompt="Once")
        assert refused.value.param == "model"
        with pytest.raises(BadRequestError, match="is an agent"):
            await gateway.sdk.embeddings.create(model="agent/scribe", input="Once")


async def test_a_failure_within_the_run_ends_the_stream_with_an_error(tmp_path: Path) -> None:
    rounds: list[Script] = [said("I will jot."), [[TextDelta("It")], BackendFailed("Gone.")]]
    async with serving(tmp_path, rounds) as gateway:
        stream = await gateway.sdk.chat.completions.create(
            model="agent/scribe", messages=ASK, stream=True
        )
        with pytest.raises(APIError, match="Gone"):
            _ = [chunk async for chunk in stream]
        answer = await gateway.post(messages=ASK)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")


async def test_a_client_that_leaves_ends_the_run(tmp_path: Path) -> None:
    rounds: list[Script] = [said("I will jot."), [[TextDelta("It")], 60.0]]
    async with serving(tmp_path, rounds) as gateway:
        stream = await gateway.sdk.chat.completions.create(
            model="agent/scribe", messages=ASK, stream=True
        )
        async for chunk in stream:
            if chunk.choices[0].delta.content == "It":
                break
        await stream.close()
        async with asyncio.timeout(2):
            await gateway.backend.left.wait()
        assert len(gateway.backend.requests) == 2


async def test_nothing_of_a_run_is_kept(tmp_path: Path) -> None:
    def files() -> list[Path]:
        return sorted(tmp_path.rglob("*"))

    async with serving(tmp_path) as gateway:
        before = files()
        assert (await gateway.post(messages=ASK)).status_code == 200
        assert files() == before
