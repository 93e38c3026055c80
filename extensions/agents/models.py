"""Agents as models: `agent/NAME` under `/v1`, for whoever can talk to a model.

What becomes of the fields of a chat:

- `messages`: the last one is the instruction, and those before it are the history, with images and
  tool calls; system messages stand behind the agent's own.
- `temperature`, `seed` and all other sampling, `options`, `num_ctx`, `keep_alive`: hold for every
  request of the run.
- `max_tokens`: holds for every reply; the answer is cut where the last reply is.
- `stop`: holds for what is said at work, which is the answer, and not for the plan.
- `reasoning_effort`: holds for every request; the model's own reasoning is not told.
- `parallel_tool_calls`: `false` is one call of the agent's tools per reply.
- `n`: so many runs, each of which calls its tools.
- `tools`: named in `x-mochi-ignored`, because the agent has its own.
- `tool_choice` that demands a call, `response_format` other than text, `logprobs`: refused.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from extensions.agents.agent import Agent
from extensions.agents.model_chat import AgentChat, admitted
from extensions.agents.service import Agents
from gateway.core.backend import Backend
from gateway.core.errors import (
    AgentNotFound,
    BackendFailed,
    Invalid,
    InvalidRequest,
    ModelNotFound,
    ToolsUnavailable,
    Unsupported,
)
from gateway.core.events import Batch
from gateway.core.metrics import Metrics
from gateway.core.models import Embeddings, ModelCard, ModelDetails, full_name
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest
from gateway.core.wrapping import BackendWrapper

__all__ = ["PREFIX", "AgentModels"]

PREFIX: Final = "agent/"

PATIENCE: Final = 10
"""Seconds that a list of models waits for the agents, whose packages may hang when imported."""

# What a request can name: folders may be called otherwise.
NAME: Final = re.compile(r"[A-Za-z0-9._@-]{1,190}")


class AgentModels(BackendWrapper):
    """A backend that has the valid agents among its models, each as `agent/NAME`.

    An agent that names no model which is there runs on `default_model`. It is asked at most `most`
    times after it has planned. An agent wins over a model that is called so.
    """

    def __init__(
        self,
        backend: Backend,
        agents: Agents,
        *,
        default_model: str | None,
        most: int,
        metrics: Metrics | None = None,
    ) -> None:
        super().__init__(backend)
        self._metrics = metrics or Metrics()
        self._agents = agents
        self._default_model = default_model
        self._most = most

    async def models(self) -> list[ModelCard]:
        """The backend's own, and after them the agents."""
        cards = await self._inner.models()
        agents = await self._valid()
        if not agents:
            return cards
        known = {full_name(card.name): card for card in cards}
        ours = [self._card(agent, known) for agent in agents]
        hidden = {full_name(card.name) for card in ours}
        return [card for name, card in known.items() if name not in hidden] + ours

    async def show(self, model: str) -> ModelDetails:
        agent = await self._agent(model)
        if agent is None:
            return await self._inner.show(model)
        return replace(await self._runs_on(agent), name=model)

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        # A third of what `startswith` costs every chat with another model; `_agent` looks closer.
        if PREFIX in request.model:
            return self._answered(request)
        return self._inner.chat(request)

    def complete(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        if PREFIX in request.model:
            return self._completed(request)
        return self._inner.complete(request)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        if PREFIX in request.model:
            await self._refuse(request.model)
        return await self._inner.embed(request)

    async def _answered(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        agent = await self._agent(request.model)
        answer = self._inner.chat(request) if agent is None else await self._run(agent, request)
        async with aclosing(answer) as batches:
            async for batch in batches:
                yield batch

    async def _completed(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        await self._refuse(request.model)
        async with aclosing(self._inner.complete(request)) as batches:
            async for batch in batches:
                yield batch

    async def _run(self, agent: Agent, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        plain = admitted(request)
        details = await self._runs_on(agent)
        if details.capabilities is not None and "tools" not in details.capabilities:
            raise Unsupported(
                f"The agent '{agent.name}' would run on '{details.name}', which cannot call tools.",
                param="model",
                reason="unsupported_value",
            )
        chat = AgentChat(
            backend=self._inner,
            agent=agent,
            tools=await self._agents.tools(agent.name),
            prompts=self._agents.prompts,
            request=replace(plain, model=details.name),
            most=self._most,
            metrics=self._metrics,
        )
        return chat.batches()

    async def _refuse(self, model: str) -> None:
        """`Unsupported` for an agent, which can only chat."""
        if await self._agent(model):
            raise Unsupported(
                f"'{model}' is an agent, which answers chats and nothing else.",
                param="model",
                reason="unsupported_value",
            )

    async def _agent(self, model: str) -> Agent | None:
        """The agent that is meant, if one is; `AgentInvalid` for one that does not work."""
        if not model.startswith(PREFIX):
            return None
        try:
            return await self._agents.get(model.removeprefix(PREFIX).removesuffix(":latest"))
        except AgentNotFound:
            return None

    async def _runs_on(self, agent: Agent) -> ModelDetails:
        """What is known of the model that the agent runs on, by the name to ask for it."""
        if agent.model:
            try:
                return await self._known(agent.model)
            except (ModelNotFound, Invalid):
                pass  # it was written for another machine
        if self._default_model is None:
            lost = f"the model '{agent.model}', which is not here" if agent.model else "no model"
            raise InvalidRequest(
                f"The agent '{agent.name}' names {lost}, and no other is set for agents"
                " (MOCHI_DEFAULT_MODEL).",
                param="model",
            )
        try:
            return await self._known(self._default_model)
        except ModelNotFound as error:
            asked = PREFIX + agent.name
            raise ModelNotFound(asked, stands_for=self._default_model, param="model") from error

    async def _known(self, model: str) -> ModelDetails:
        """What is no true Ollama may not know this call, and can chat all the same."""
        try:
            return await self._inner.show(model)
        except BackendFailed:
            return ModelDetails(name=model, capabilities=None)

    async def _valid(self) -> list[Agent]:
        try:
            async with asyncio.timeout(PATIENCE):
                agents = await self._agents.all()
        except (ToolsUnavailable, TimeoutError):  # the other models are there all the same
            return []
        return [each for each in agents.values() if each.valid and NAME.fullmatch(each.name)]

    def _card(self, agent: Agent, known: Mapping[str, ModelCard]) -> ModelCard:
        wanted = (agent.model, self._default_model)
        found = [known[full_name(name)] for name in wanted if name and full_name(name) in known]
        card = ModelCard(
            name=PREFIX + agent.name, modified_at=datetime.fromtimestamp(agent.changed_at, UTC)
        )
        if not found:
            return card
        return replace(
            card, context_length=found[0].context_length, capabilities=found[0].capabilities
        )
