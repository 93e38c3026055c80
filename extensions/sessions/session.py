"""A kept conversation and its settings, as this program thinks of them.

Frozen values: whatever happens to a session is a `Change` (`changes.py`), and what stands in a file
is another matter (`records.py`).
"""

from collections.abc import Collection
from typing import Any, Literal

from msgspec import Struct, field

__all__ = [
    "AgentSettings",
    "AssistantMessage",
    "Call",
    "Kept",
    "Message",
    "Policy",
    "Session",
    "SessionItem",
    "Summary",
    "SystemMessage",
    "ToolMessage",
    "ToolSettings",
    "UserMessage",
    "WindowChange",
    "WindowConfig",
    "answered",
    "policy_in_force",
    "preview_of",
]

Policy = Literal["always_confirm", "never_confirm"]

LONGEST_PREVIEW = 100

POLICIES: dict[str, Policy] = {
    "always_confirm": "always_confirm",
    "never_confirm": "never_confirm",
}


def policy_in_force(name: str) -> Policy:
    """What a policy of this name comes to: files may name others than we know."""
    return POLICIES.get(name, "always_confirm")


class Call(Struct, frozen=True):
    """A tool call as it is kept: without an id, which is minted anew for every request."""

    name: str
    arguments: dict[str, Any]


class Entry(Struct, frozen=True, kw_only=True):
    """What every message has. `timestamp` is local time, `2026-03-04T05:06:07.000890`; `extra` are
    keys of other programs, kept and written back."""

    id: str
    timestamp: str
    content: str
    extra: dict[str, Any] = field(default_factory=dict)


class SystemMessage(Entry, frozen=True, kw_only=True, tag_field="role", tag="system"):
    """The session's prompt, always message 0. `source_file` is where it was read from."""

    source_file: str | None = None


class UserMessage(Entry, frozen=True, kw_only=True, tag_field="role", tag="user"):
    """What the person said."""


class AssistantMessage(Entry, frozen=True, kw_only=True, tag_field="role", tag="assistant"):
    """What `model` said. Counts of `None` are the mark of an answer that was cut short."""

    model: str
    eval_count: int | None = None
    prompt_eval_count: int | None = None
    thinking: str = ""
    calls: tuple[Call, ...] = ()


class ToolMessage(Entry, frozen=True, kw_only=True, tag_field="role", tag="tool"):
    """The result of one call, in the order of the calls: of the first that has none before, unless
    `answers` is the index of another one."""

    tool_name: str
    answers: int | None = None


Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage


def answered(result: ToolMessage, waiting: Collection[int]) -> int | None:
    """Which of the calls without a result, by their indices, this is the result of."""
    if result.answers in waiting:
        return result.answers
    return min(waiting, default=None)


class ToolSettings(Struct, frozen=True, kw_only=True):
    """Which tools the session may use, and which of them a person confirms.

    Policies are kept as they were found; what is no `Policy` acts as `always_confirm`.
    """

    tools: tuple[str, ...] = ()
    tool_group: str | None = None
    execution_policy: str = "always_confirm"
    tool_policies: dict[str, str] = {}

    def policy_of(self, tool: str) -> Policy:
        """The policy that holds for a call of this tool."""
        return policy_in_force(self.tool_policies.get(tool, self.execution_policy))


class AgentSettings(Struct, frozen=True, kw_only=True):
    enabled_agents: tuple[str, ...] = ()


class WindowChange(Struct, frozen=True, kw_only=True):
    """One adjustment of the context window, in tokens."""

    timestamp: str
    window_size: int
    reason: str
    usage_tokens: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class WindowConfig(Struct, frozen=True, kw_only=True):
    """The context window of a session. `current_window` is `None` before the first request."""

    dynamic_enabled: bool = True
    current_window: int | None = None
    last_adjustment: str | None = None
    history: tuple[WindowChange, ...] = ()
    manual_override: bool = False


class Summary(Struct, frozen=True):
    summary: str
    topics: tuple[str, ...] = ()


class Kept(Struct, frozen=True, kw_only=True):
    """Keys of other programs, and of other versions of this one, by the object they stood in."""

    document: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    tool_settings: dict[str, Any] = field(default_factory=dict)
    agent_settings: dict[str, Any] = field(default_factory=dict)
    window: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)


class Session(Struct, frozen=True, kw_only=True):
    """A conversation with all that belongs to it.

    `version` is that of the file it came from (`""`: none yet); with `read_only` the file is of a
    later major version, which must not be written. By `revision` a store tells whether what it
    keeps is still what this was loaded from; nobody else reads it, and no file has it.
    """

    id: str
    model: str
    created_at: str
    updated_at: str
    messages: tuple[Message, ...] = ()
    summary: Summary | None = None
    summary_model: str | None = None
    tool_settings: ToolSettings = ToolSettings()
    agent_settings: AgentSettings = AgentSettings()
    window: WindowConfig = WindowConfig()
    kept: Kept = field(default_factory=Kept)
    version: str = ""
    read_only: bool = False
    revision: str = ""

    def item(self) -> "SessionItem":
        """The session as a list shows it."""
        return SessionItem(
            session_id=self.id,
            model=self.model,
            created_at=self.created_at,
            updated_at=self.updated_at,
            message_count=len(self.messages),
            summary=self.summary,
            preview=preview_of(self.messages),
        )


class SessionItem(Struct, frozen=True, kw_only=True):
    """A session in a list."""

    session_id: str
    model: str
    created_at: str
    updated_at: str
    message_count: int
    summary: Summary | None
    preview: str


def preview_of(messages: tuple[Message, ...]) -> str:
    """The first user message, at most 100 characters of it; `""` when there is none."""
    for message in messages:
        if isinstance(message, UserMessage):
            said = message.content
            return said if len(said) <= LONGEST_PREVIEW else f"{said[: LONGEST_PREVIEW - 3]}..."
    return ""
