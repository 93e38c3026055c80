"""One streamed answer, from its first event to its last, shown as it comes."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec

from gateway.commands.chatting.client import Dropped, Refused, ServerClient
from gateway.commands.chatting.display import Display, line_of, visible
from gateway.commands.chatting.events import (
    AgentComplete,
    AgentExecution,
    AgentPlanning,
    AgentStart,
    AgentToolCall,
    AgentToolResult,
    ConfirmationRequired,
    ContentDelta,
    Event,
    StreamError,
    ThinkingDelta,
    ToolCall,
    ToolResult,
)

__all__ = ["Approval", "answer", "kept"]

Approval = Callable[[ConfirmationRequired], bool]
"""Asks somebody whether the call may run."""

LONGEST_REMARK = 160

KEPT = "What was said so far is kept."
NOTHING_KEPT = "Nothing was said yet."
RUNNING = "The tool goes on to its end, and what comes of it is kept."

BEGUN = ContentDelta | ToolCall | ToolResult | AgentStart
"""What leaves something behind in the session."""


def answer(
    server: ServerClient,
    display: Display,
    session: str,
    message: str | None,
    *,
    think: bool,
    approve: Approval,
    hint: str = "",
) -> bool:
    """Show the answer to a message, or the last one anew (`None`); whether it came to its end.
    `hint` is what could be done when it did not.

    Raises `Refused` or `Unreachable` when there is none. A `KeyboardInterrupt` closes the
    connection, which stops the model, and is passed on once it was said what is kept.
    """
    display.wait()
    begun = failed = False
    before: Event | None = None
    try:
        with closing(server.chat(session, message, think=think)) as events:
            for event in events:
                begun = begun or isinstance(event, BEGUN)
                failed = failed or isinstance(event, StreamError)
                if isinstance(event, ConfirmationRequired):
                    confirm(server, display, session, event, approve)
                else:
                    go_on(display, before, event)
                before = event
    except Dropped as error:
        display.complain(f"{error} {kept(before, begun=begun)}{hint}")
        failed = True
    except KeyboardInterrupt:
        display.note(f"Stopped. {kept(before, begun=begun)}{hint}")
        raise
    finally:
        display.settle()
    return not failed


def kept(last: Event | None, *, begun: bool) -> str:
    """What stays of an answer that ends after this event."""
    if isinstance(last, ToolCall | ConfirmationRequired):
        return RUNNING
    return KEPT if begun else NOTHING_KEPT


def go_on(display: Display, before: Event | None, event: Event) -> None:
    """Show what follows on another event."""
    match before, event:
        case ConfirmationRequired(), AgentToolCall():
            return  # the question has shown it
        case AgentPlanning(), AgentExecution():
            display.settle()
    show(display, event)


def show(display: Display, event: Event) -> None:
    match event:
        case ContentDelta():
            display.say(event.content)
        case ThinkingDelta() | AgentPlanning() | AgentExecution():
            display.think(event.content)
        case ToolCall():
            remark(display, called(event.tool_name, event.arguments))
        case ToolResult():
            result = event.result if event.success else event.error_message or event.result
            remark(display, returned(event.tool_name, event.success, result))
        case AgentStart():
            remark(display, f"{event.agent_name} begins: {event.instruction}")
        case AgentToolCall():
            remark(display, f"{event.agent_name}: {called(event.tool_name, event.arguments)}")
        case AgentToolResult():
            result = returned(event.tool_name, event.success, event.result)
            remark(display, f"{event.agent_name}: {result}")
        case AgentComplete():
            remark(display, f"{event.agent_name} is done, in its chat {event.session_id}.")
        case StreamError():
            display.complain(event.message)


def remark(display: Display, line: str) -> None:
    """A short line, after which there is more to wait for."""
    display.note(line_of(line, LONGEST_REMARK))
    display.wait()


def confirm(
    server: ServerClient,
    display: Display,
    session: str,
    wanted: ConfirmationRequired,
    approve: Approval,
) -> None:
    """Ask, and pass the answer on. One that comes too late, or twice, changes nothing.

    A `KeyboardInterrupt` is a no, which the server takes from the connection that is closed.
    """
    who = f"Agent {visible(wanted.agent_name)}" if wanted.agent_name else "The model"
    display.quote(f"{who} wants to run {called(wanted.tool_name, wanted.arguments)}")
    try:
        approved = approve(wanted)
    except KeyboardInterrupt:
        display.note(f"Denied: {visible(wanted.tool_name)} does not run.")
        raise
    try:
        server.confirm(session, wanted.confirmation_id, approved=approved)
    except Refused as error:
        display.complain(str(error))
        return
    display.wait()


def called(tool: str, arguments: dict[str, Any]) -> str:
    """All of a call: who approves it should see all of it, and nothing else in its place."""
    values = (f"{named(name)}={written(value)}" for name, value in arguments.items())
    return f"{named(tool)}({', '.join(values)})"


def named(name: str) -> str:
    return visible(name if name.isidentifier() else written(name))


def written(value: object) -> str:
    return visible(msgspec.json.encode(value).decode())


def returned(tool: str, success: bool, result: str) -> str:
    return f"{tool} → {result}" if success else f"{tool} failed: {result}"
