"""The conversations of agents, each with whoever gave it instructions."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial

from extensions.agents.agent import Agent
from extensions.agents.run import AgentRun
from extensions.agents.service import Agents
from extensions.chat.asker import Asker
from extensions.chat.record import Record
from extensions.context.window import first_window
from extensions.sessions.changes import (
    Change,
    SettingsChanged,
    SystemPromptRemoved,
    SystemPromptSet,
)
from extensions.sessions.service import Sessions
from extensions.sessions.session import Session, SystemMessage
from extensions.sessions.threads import unbroken
from extensions.tools.approval import Approver
from extensions.tools.tool import NoTools, Tools
from gateway.core.backend import Backend
from gateway.core.errors import Invalid, MochiError, ModelNotFound, SessionNotFound
from gateway.core.events import Batch
from gateway.core.metrics import Metrics
from gateway.core.notes import Notes

__all__ = ["AgentChats"]


class AgentChats:
    """What these agents were told and did, in sessions of their own.

    An agent is asked at most `most` times about one instruction, once it has planned;
    `dynamic_windows` is whether context windows are chosen at all.
    """

    def __init__(
        self,
        sessions: Sessions,
        agents: Agents,
        backend: Backend,
        *,
        most: int,
        dynamic_windows: bool = True,
        metrics: Metrics | None = None,
    ) -> None:
        self._metrics = metrics or Metrics()
        self._sessions = sessions
        self._agents = agents
        self._backend = backend
        self._most = most
        self._dynamic_windows = dynamic_windows

    @asynccontextmanager
    async def opened(self, agent: Agent, *, id: str, model: str) -> AsyncIterator[Record]:
        """Wait for the chat `id`, and hold it, with the agent's prompt as it is now.

        It is a new one if the agent has no chat of this id. Another agent's is not continued: its
        prompt and its tools are others, and models do mix up ids. `model` is for an agent that
        wants none, or one that is not there.
        """
        model = await self._model(agent, model)
        if not await self._has(agent, id):
            id = await self._new(agent, model)
        async with self._sessions.turn(id) as opened:
            if changes := self._changes(opened.session, agent, model):
                await unbroken(opened.commit(*changes))
            yield Record(opened, self._sessions)

    def run(self, record: Record, tools: Tools, approver: Approver) -> AgentRun:
        """The work on what was said last."""
        notes = Notes(counts=self._metrics.noted)
        asker = Asker(self._backend, notes=notes, dynamic_windows=self._dynamic_windows)
        prompts = self._agents.prompts
        return AgentRun(
            plan=partial(answer, asker, record, NoTools(), prompts.planning),
            act=partial(answer, asker, record, tools, prompts.execution),
            record=record,
            tools=tools,
            approver=approver,
            most=self._most,
            metrics=self._metrics,
        )

    async def _has(self, agent: Agent, id: str) -> bool:
        try:
            chat = await self._sessions.get(id)
        except SessionNotFound:
            return False
        prompt = prompt_in(chat)
        whose = prompt.source_file if prompt else None
        return not chat.read_only and whose in (None, source(agent))

    async def _new(self, agent: Agent, model: str) -> str:
        now, id = self._sessions.clock(), self._sessions.new_id()
        chat = Session(
            id=id,
            model=model,
            created_at=now,
            updated_at=now,
            messages=(self._prompt(agent, self._sessions.new_id()),) if agent.prompt else (),
            window=first_window(await self._context_length(model)),
        )
        return (await self._sessions.create(chat)).id

    async def _model(self, agent: Agent, otherwise: str) -> str:
        """The one that the agent wants, if Ollama has it; while it cannot be asked, the answer
        itself will tell."""
        if agent.model is None:
            return otherwise
        try:
            await self._backend.show(agent.model)
        except (Invalid, ModelNotFound):
            return otherwise
        except MochiError:
            pass
        return agent.model

    async def _context_length(self, model: str) -> int | None:
        try:
            return (await self._backend.show(model)).context_length
        except MochiError:
            return None

    def _changes(self, chat: Session, agent: Agent, model: str) -> list[Change]:
        """What makes the chat that of the agent as it is now."""
        changes: list[Change] = []
        if chat.model != model:
            changes.append(SettingsChanged(model=model))
        old = prompt_in(chat)
        if not agent.prompt:
            changes += [SystemPromptRemoved()] if old else []
        elif old is None or (old.content, old.source_file) != (agent.prompt, source(agent)):
            id = old.id if old else self._sessions.new_id()
            changes.append(SystemPromptSet(self._prompt(agent, id)))
        return changes

    def _prompt(self, agent: Agent, id: str) -> SystemMessage:
        return SystemMessage(
            id=id,
            timestamp=self._sessions.clock(),
            content=agent.prompt,
            source_file=source(agent),
        )


def source(agent: Agent) -> str:
    """Where an agent's prompt comes from, which tells in a chat whose it is."""
    return f"{agent.name}/SKILL.md"


def prompt_in(chat: Session) -> SystemMessage | None:
    match chat.messages:
        case (SystemMessage() as prompt, *_):
            return prompt
    return None


async def answer(
    asker: Asker, record: Record, tools: Tools, prompt: Callable[[], Awaitable[str]]
) -> AsyncGenerator[Batch, None]:
    async with aclosing(asker.answer(record, tools, await prompt())) as batches:
        async for batch in batches:
            yield batch
