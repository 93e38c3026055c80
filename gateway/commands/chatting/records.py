"""What the server tells of models and sessions, as far as a terminal shows it."""

from datetime import datetime

from msgspec import Struct

__all__ = [
    "Agent",
    "AgentSettings",
    "Choice",
    "ChosenTools",
    "ContextWindow",
    "Message",
    "Model",
    "Session",
    "SessionItem",
    "Status",
    "Summary",
    "Tool",
    "ToolSettings",
    "Toolbox",
    "age",
]


class Model(Struct, frozen=True):
    name: str
    size_mb: float
    parameter_size: str
    context_length: int
    capabilities: tuple[str, ...] = ()


class SessionItem(Struct, frozen=True):
    """A session in a list, the most recent first. `preview` is the first thing that was said."""

    session_id: str
    model: str
    updated_at: str
    message_count: int
    preview: str = ""


class Message(Struct, frozen=True):
    role: str
    content: str
    source_file: str | None = None


class ToolSettings(Struct, frozen=True):
    """Which tools a session may use. Policies are `always_confirm` and `never_confirm`."""

    tools: tuple[str, ...] = ()
    tool_group: str | None = None
    execution_policy: str = "always_confirm"
    tool_policies: dict[str, str] = {}


class ChosenTools(Struct, frozen=True, omit_defaults=True):
    """The part of `ToolSettings` that says which tools; a group wins over names."""

    tools: tuple[str, ...] = ()
    tool_group: str | None = None


class Tool(Struct, frozen=True):
    description: str


class Rejected(Struct, frozen=True):
    """What is no tool, and why; without a name it is a whole package."""

    name: str | None
    package: str
    reason: str


class Toolbox(Struct, frozen=True):
    """All tools by name, and the names in each group."""

    tools: dict[str, Tool]
    groups: dict[str, tuple[str, ...]] = {}
    rejected: tuple[Rejected, ...] = ()


class Agent(Struct, frozen=True):
    """`error_message` is why it cannot be used, if it is not valid."""

    description: str
    valid: bool
    tools: tuple[str, ...] = ()
    error_message: str | None = None


class AgentSettings(Struct, frozen=True):
    enabled_agents: tuple[str, ...] = ()


class Choice(Struct, frozen=True):
    """What a session is to have; of what is `None` nothing was said."""

    tools: ChosenTools | None = None
    agents: AgentSettings | None = None


class Session(Struct, frozen=True):
    session_id: str
    model: str
    messages: tuple[Message, ...] = ()
    tool_settings: ToolSettings = ToolSettings()
    agent_settings: AgentSettings = AgentSettings()


class Summary(Struct, frozen=True):
    """`summary` is `None` as long as nobody has made one."""

    summary: str | None = None
    topics: tuple[str, ...] = ()


class ContextWindow(Struct, frozen=True):
    """In tokens; `None` for what is not known."""

    current_window: int | None = None
    model_max_context: int | None = None


class Status(Struct, frozen=True):
    session_id: str
    model: str
    message_count: int
    context_window: ContextWindow
    active_tools: tuple[str, ...] = ()
    enabled_agents: tuple[str, ...] = ()
    system_prompt_file: str | None = None


def age(timestamp: str, now: datetime) -> str:
    """How long ago that was; `now` has a zone, a timestamp without one is local time."""
    try:
        then = datetime.fromisoformat(timestamp).astimezone()
    except ValueError:
        return timestamp
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} days" if minutes < 60 * 1440 else f"{then:%Y-%m-%d}"
