"""The bodies that the session routes take. An absent field and `null` mean the same."""

from typing import Annotated

from msgspec import Meta, Struct

from extensions.sessions.changes import SettingsChanged
from extensions.sessions.session import AgentSettings, Policy, ToolSettings

__all__ = [
    "AgentChoice",
    "EditedContent",
    "NewSession",
    "PromptChoice",
    "SessionPatch",
    "ToolChoice",
]

NotEmpty = Annotated[str, Meta(min_length=1)]


class ToolChoice(Struct, frozen=True, kw_only=True):
    """All of a session's tool settings; what is left out gets its default.

    `tool_group` wins over `tools`, and a tool's own policy over `execution_policy`.
    """

    tools: list[str] | None = None
    tool_group: str | None = None
    execution_policy: Policy | None = None
    tool_policies: dict[str, Policy] | None = None

    def settings(self) -> ToolSettings:
        return ToolSettings(
            tools=tuple(self.tools or ()),
            tool_group=self.tool_group,
            execution_policy=self.execution_policy or "always_confirm",
            tool_policies=dict(self.tool_policies or {}),
        )


class AgentChoice(Struct, frozen=True, kw_only=True):
    """All of a session's agent settings; names that are not known are kept."""

    enabled_agents: list[str] | None = None

    def settings(self) -> AgentSettings:
        return AgentSettings(enabled_agents=tuple(self.enabled_agents or ()))


class NewSession(Struct, frozen=True, kw_only=True):
    """A session to begin. Of a prompt and a file both, the text is taken and the name noted."""

    model: NotEmpty
    system_prompt: str | None = None
    system_prompt_source_file: str | None = None
    tool_settings: ToolChoice | None = None
    agent_settings: AgentChoice | None = None


class SessionPatch(Struct, frozen=True, kw_only=True):
    """What shall be different; settings are replaced wholly."""

    model: NotEmpty | None = None
    tool_settings: ToolChoice | None = None
    agent_settings: AgentChoice | None = None

    def change(self) -> SettingsChanged:
        tools, agents = self.tool_settings, self.agent_settings
        return SettingsChanged(
            model=self.model,
            tool_settings=tools.settings() if tools else None,
            agent_settings=agents.settings() if agents else None,
        )


class EditedContent(Struct, frozen=True):
    """What a user message shall say instead."""

    content: NotEmpty


class PromptChoice(Struct, frozen=True, kw_only=True):
    """A system prompt as text or as the name of a prompt file, which wins."""

    content: str | None = None
    source_file: str | None = None
