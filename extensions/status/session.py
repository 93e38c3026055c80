"""What holds for a session at the moment."""

import asyncio

from msgspec import Struct

from extensions.sessions.session import (
    Policy,
    Session,
    Summary,
    SystemMessage,
    policy_in_force,
)
from extensions.tools.tool import Toolbox
from gateway.core.backend import Backend
from gateway.core.errors import MochiError, ToolsUnavailable

__all__ = ["SessionStatus", "active_tools", "longest_context", "status_of"]

PATIENCE = 2
"""Seconds for Ollama to say how long the context of a model is."""


class WindowStatus(Struct, frozen=True, kw_only=True):
    """In tokens. `dynamic_enabled` if both the session and the gateway have it on;
    `model_max_context` is `null` while Ollama cannot be asked."""

    dynamic_enabled: bool
    current_window: int | None
    model_max_context: int | None
    last_adjustment_reason: str | None
    manual_override: bool


class SessionStatus(Struct, frozen=True, kw_only=True):
    """`system_prompt_file` is where the system prompt was read from."""

    session_id: str
    model: str
    message_count: int
    context_window: WindowStatus
    tools_enabled: bool
    active_tools: list[str]
    execution_policy: Policy
    agents_enabled: bool
    enabled_agents: list[str]
    system_prompt_file: str | None
    summary: Summary | None
    summary_model: str | None


async def longest_context(backend: Backend, model: str) -> int | None:
    """The context length of a model in tokens; `None` if it is not known, or not in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            return (await backend.show(model)).context_length
    except (MochiError, TimeoutError):
        return None


async def active_tools(toolbox: Toolbox, session: Session) -> list[str]:
    """The names in the settings, unless they name a group: then the tools of that."""
    settings = session.tool_settings
    if settings.tool_group is None:
        return list(settings.tools)
    try:
        tools = await toolbox.active(session)
    except ToolsUnavailable:
        return list(settings.tools)
    return [tool.name for tool in tools.offered()]


def status_of(
    session: Session, *, tools: list[str], dynamic_window: bool, max_context: int | None
) -> SessionStatus:
    """The status, with these tools active."""
    window = session.window
    agents = session.agent_settings.enabled_agents
    return SessionStatus(
        session_id=session.id,
        model=session.model,
        message_count=len(session.messages),
        context_window=WindowStatus(
            dynamic_enabled=window.dynamic_enabled and dynamic_window,
            current_window=window.current_window,
            model_max_context=max_context,
            last_adjustment_reason=window.last_adjustment,
            manual_override=window.manual_override,
        ),
        tools_enabled=bool(tools),
        active_tools=tools,
        execution_policy=policy_in_force(session.tool_settings.execution_policy),
        agents_enabled=bool(agents),
        enabled_agents=list(agents),
        system_prompt_file=prompt_file(session),
        summary=session.summary,
        summary_model=session.summary_model,
    )


def prompt_file(session: Session) -> str | None:
    match session.messages:
        case (SystemMessage(source_file=file), *_):
            return file
    return None
