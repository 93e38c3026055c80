"""A call of the `agent` tool at work."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from extensions.agents.agent import Agent
from extensions.agents.approval import within_work
from extensions.agents.chats import AgentChats
from extensions.agents.public import event_of
from extensions.agents.run import AgentRun
from extensions.agents.service import Agents
from extensions.agents.transcript import shortened, transcript_of
from extensions.chat.record import Record
from extensions.events import AgentComplete, AgentStart, Event
from extensions.tools.approval import Approver
from extensions.tools.outcome import ToolOutcome
from gateway.core.errors import LONGEST_NAME, AgentInvalid, AgentNotFound, MochiError
from gateway.core.faults import message_of
from gateway.core.messages import ToolCall

__all__ = ["AgentWork", "Employer"]

STOPPED = "The agent was stopped before it was done."

log = logging.getLogger("mochi.agents")


class Employer(Struct, frozen=True):
    """The session that has an agent work: which ones it enables, and its own model."""

    agents: tuple[str, ...]
    model: str


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of a call."""

    agent: str
    instruction: Annotated[str, Meta(min_length=1)]
    session_id: str | None = None


class AgentWork:
    """An agent at work for a session; `approver` is that session's.

    What it tells begins with `agent_start`, and ends with `agent_complete` even if Ollama fails
    meanwhile. A call that no agent can take tells nothing. When it is stopped, what it has said and
    done is kept in its chat, and is what came of it.
    """

    def __init__(
        self,
        call: ToolCall,
        approver: Approver,
        *,
        employer: Employer,
        agents: Agents,
        chats: AgentChats,
    ) -> None:
        self._call = call
        self._approver = within_work(approver)
        self._employer = employer
        self._agents = agents
        self._chats = chats
        self._record: Record | None = None
        self._begun = 0
        self._outcome = ToolOutcome.failed(STOPPED)
        self._over = False

    @property
    def outcome(self) -> ToolOutcome:
        if self._record is None or self._over:
            return self._outcome
        kept = transcript_of(self._record.session.messages[self._begun :])
        return ToolOutcome(False, self._output(self._record, kept, f"Warning: {STOPPED}"), STOPPED)

    async def events(self) -> AsyncGenerator[Sequence[Event], None]:
        try:
            asked = msgspec.convert(self._call.arguments, Asked)
            agent = await self._agent(asked.agent)
        except msgspec.ValidationError as error:
            self._outcome = ToolOutcome.failed(f"Invalid arguments for tool 'agent': {error}")
        except AgentNotFound:
            self._outcome = ToolOutcome.failed(f"Agent '{asked.agent[:LONGEST_NAME]}' not found")
        except AgentInvalid as error:
            self._outcome = ToolOutcome.failed(error.message)
        else:
            async with aclosing(self._work(agent, asked)) as told:
                async for events in told:
                    yield events

    async def _agent(self, name: str) -> Agent:
        if name not in self._employer.agents:
            raise AgentNotFound(name)
        return await self._agents.get(name)

    async def _work(self, agent: Agent, asked: Asked) -> AsyncGenerator[Sequence[Event], None]:
        tools = await self._agents.tools(agent.name)
        async with self._chats.opened(
            agent, id=asked.session_id or "", model=self._employer.model
        ) as record:
            self._record, self._begun = record, len(record.session.messages) + 1
            await record.ask(asked.instruction)
            yield [AgentStart(agent_name=agent.name, instruction=asked.instruction)]
            run = self._chats.run(record, tools, self._approver)
            async with aclosing(self._told(run, record, agent.name)) as told:
                async for events in told:
                    yield events
            output = self._outcome.result
            id = record.session.id
            yield [AgentComplete(agent_name=agent.name, session_id=id, output=output)]

    async def _told(
        self, run: AgentRun, record: Record, agent: str
    ) -> AsyncGenerator[Sequence[Event], None]:
        """What happens until the agent is done, or fails."""
        failure: str | None = None
        try:
            async with aclosing(run.steps()) as steps:
                async for happened in steps:
                    if told := [event for step in happened if (event := event_of(step, agent))]:
                        yield told
        except Exception as error:
            failure = message_of(error)
            run.transcript.note(f"Error: {failure}")
            if not isinstance(error, MochiError):
                log.exception("The agent '%s' failed unexpectedly.", agent)
        output = self._output(record, str(run.transcript))
        self._outcome, self._over = ToolOutcome(failure is None, output, failure), True

    def _output(self, record: Record, *passages: str) -> str:
        text = "\n".join(filter(None, passages))
        return shortened(f"Session ID: {record.session.id}\n\n{text}")
