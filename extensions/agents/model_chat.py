"""A chat with an agent that answers as a model."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec import Struct, field
from msgspec.structs import replace

from extensions.agents.agent import Agent
from extensions.agents.approval import InWords
from extensions.agents.narration import Narration
from extensions.agents.passing import PassingLedger
from extensions.agents.prompts import PhasePrompts
from extensions.agents.run import AgentRun
from extensions.chat.steps import Ended
from extensions.confirmation.approvers import Refuse
from extensions.sessions.session import ToolSettings
from extensions.tools.tool import NoTools, Tools
from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.events import Batch
from gateway.core.messages import Message, SystemMessage, UserMessage, text
from gateway.core.metrics import Metrics
from gateway.core.requests import AnyText, ChatRequest, NamedTool

__all__ = ["AgentChat", "admitted", "conversation_with"]


class AgentChat(Struct, frozen=True, kw_only=True):
    """A run of `agent` on the last message of `request`, whose model is the one it runs on.

    The request stands for every one that is sent: its sampling, options and window hold for each
    reply of the run, `max_tokens` among them. Its `stop` does not hold for the plan, which is
    reasoning and no text of the answer.
    """

    backend: Backend
    agent: Agent
    tools: Tools
    prompts: PhasePrompts
    request: ChatRequest
    most: int
    metrics: Metrics = field(default_factory=Metrics)

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """The run as one answer, on the terms of `Backend.chat`."""
        messages = conversation_with(self.agent, self.request.messages)
        ledger = PassingLedger(messages, self.request.model)
        narration, ended = Narration(), False
        async with aclosing(self._run(ledger).steps()) as steps:
            async for happened in steps:
                ended = isinstance(happened[-1], Ended)
                if told := narration.events(happened):
                    yield told
        if not ended:
            yield narration.limit(self.most)
        yield [ledger.ended]

    def _run(self, ledger: PassingLedger) -> AgentRun:
        policies = ToolSettings(tool_policies=self.agent.tool_policies)
        return AgentRun(
            plan=lambda: self._planned(ledger),
            act=lambda: self._acted(ledger),
            record=ledger,
            tools=self.tools,
            approver=InWords(Refuse(policies)),
            most=self.most,
            metrics=self.metrics,
        )

    async def _planned(self, ledger: PassingLedger) -> AsyncGenerator[Batch, None]:
        prompt = await self.prompts.planning()
        plain = replace(self.request, sampling=replace(self.request.sampling, stop=()))
        async with aclosing(self._asked(plain, ledger, NoTools(), prompt)) as batches:
            async for batch in batches:
                yield batch

    async def _acted(self, ledger: PassingLedger) -> AsyncGenerator[Batch, None]:
        prompt = await self.prompts.execution()
        async with aclosing(self._asked(self.request, ledger, self.tools, prompt)) as batches:
            async for batch in batches:
                yield batch

    def _asked(
        self, request: ChatRequest, ledger: PassingLedger, tools: Tools, prompt: str
    ) -> AsyncGenerator[Batch, None]:
        """The model's answer to what was said, and to a prompt behind it that nobody keeps."""
        messages = (*ledger.messages, UserMessage(text(prompt)))
        offered = tuple(tools.offered())
        return self.backend.chat(replace(request, messages=messages, tools=offered))


def conversation_with(agent: Agent, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What the agent is told to be, and the caller's messages: those of the system, wherever they
    stand, behind that, and all others as its history, which ends with the instruction."""
    told = [message for message in messages if isinstance(message, SystemMessage)]
    others = [message for message in messages if not isinstance(message, SystemMessage)]
    if not others or not isinstance(others[-1], UserMessage):
        raise InvalidRequest(
            "The last message must be the user's: it is the agent's instruction.",
            param="messages",
            reason="invalid_value",
        )
    own = [SystemMessage(text(agent.prompt))] if agent.prompt else []
    return (*own, *told, *others)


def admitted(request: ChatRequest) -> ChatRequest:
    """The request without the caller's own tools, which are noted; `Unsupported` for whatever else
    an agent cannot do."""
    if request.tool_choice == "required" or isinstance(request.tool_choice, NamedTool):
        raise beyond("tool_choice", "an agent has tools of its own, and calls no others")
    if not isinstance(request.response_format, AnyText):
        raise beyond("response_format", "an agent answers with the text of several replies")
    if request.logprobs is not None:
        raise beyond("logprobs", "an agent answers with the text of several replies")
    if request.tools:
        request.notes.ignore("tools", why="has no effect, because an agent has tools of its own")
    if request.tool_choice == "none":
        request.notes.ignore("tool_choice", why="has no effect on the tools of an agent")
    return replace(request, tools=(), tool_choice="auto")


def beyond(param: str, why: str) -> Unsupported:
    return Unsupported(
        f"'{param}' is not supported here: {why}.", param=param, reason="unsupported_parameter"
    )
