"""The public form of what happens while an agent works."""

from typing import assert_never

from extensions import events
from extensions.agents.approval import NOBODY
from extensions.agents.run import AgentStep, Planning
from extensions.chat.steps import Again, Asking, Called, Calling, Ended, Said, Thought, Told
from extensions.events import Event

__all__ = ["event_of"]


def event_of(step: AgentStep, agent: str) -> Event | None:
    """The event that a step of this agent is, if it is one. A reply of its own ends nothing, and
    goes on without a word."""
    match step:
        case Planning(text):
            return events.AgentPlanning(text)
        case Said(text):
            return events.AgentExecution(text)
        case Calling(_, call):
            return events.AgentToolCall(
                agent_name=agent, tool_name=call.name, arguments=call.arguments
            )
        case Asking(question=question) if question == NOBODY:
            return None
        case Asking(index, call, question):
            return events.ToolCallConfirmationRequired(
                tool_name=call.name,
                arguments=call.arguments,
                call_index=index,
                confirmation_id=question,
                agent_name=agent,
            )
        case Called(_, call, outcome):
            return events.AgentToolResult(
                agent_name=agent,
                tool_name=call.name,
                success=outcome.success,
                result=outcome.result,
            )
        case Thought() | Told() | Again() | Ended():
            return None
    assert_never(step)
