"""The objects in the metadata of a file: settings, context window, summary.

A function that reads takes out of the decoded object what it knows and puts a default in the place
of what does not fit; what is left in the object are keys of other programs.
"""

from typing import Any

from extensions.sessions.fitting import fitting, texts, time_from, tokens_from
from extensions.sessions.session import (
    AgentSettings,
    Kept,
    Session,
    Summary,
    ToolSettings,
    WindowChange,
    WindowConfig,
)

__all__ = [
    "agent_settings_from",
    "metadata_of",
    "summary_from",
    "tool_settings_from",
    "window_from",
]


def tool_settings_from(found: dict[str, Any], policies: Any) -> ToolSettings:
    """`policies` are those of single tools; one that is no text confirms."""
    return ToolSettings(
        tools=texts(found.pop("tools", None)),
        tool_group=fitting(found.pop("tool_group", None), str, None),
        execution_policy=fitting(found.pop("execution_policy", None), str, "always_confirm"),
        tool_policies={
            tool: fitting(policy, str, "always_confirm")
            for tool, policy in fitting(policies, dict, {}).items()
        },
    )


def agent_settings_from(found: dict[str, Any]) -> AgentSettings:
    if found.get("selection_metadata", ...) is None:
        del found["selection_metadata"]
    return AgentSettings(enabled_agents=texts(found.pop("enabled_agents", None)))


def window_from(found: dict[str, Any], time: str) -> WindowConfig:
    """`time` is for adjustments that do not tell theirs."""
    history = fitting(found.pop("adjustment_history", None), list, ())
    changes = [window_change_from(entry, time) for entry in history if isinstance(entry, dict)]
    return WindowConfig(
        dynamic_enabled=fitting(found.pop("dynamic_enabled", None), bool, True),
        current_window=tokens_from(found.pop("current_window", None)) or None,
        last_adjustment=fitting(found.pop("last_adjustment", None), str, None),
        history=tuple([change for change in changes if change]),
        manual_override=fitting(found.pop("manual_override", None), bool, False),
    )


def window_change_from(found: dict[str, Any], time: str) -> WindowChange | None:
    """The ancestor says `window` where mochi-coco says `window_size`."""
    sizes = found.pop("window_size", None), found.pop("window", None)
    size = next((size for size in sizes if size is not None), None)
    tokens = tokens_from(size)
    if tokens is None:
        return None
    return WindowChange(
        timestamp=time_from(found.pop("timestamp", None), time),
        window_size=tokens,
        reason=fitting(found.pop("reason", None), str, ""),
        usage_tokens=tokens_from(found.pop("usage_tokens", None)),
        extra=found,
    )


def summary_from(found: Any) -> tuple[Summary | None, dict[str, Any]]:
    """The summary and its other keys."""
    match found:
        case str():
            return Summary(found), {}
        case dict():
            summary = fitting(found.pop("summary", None), str, "")
            return Summary(summary, texts(found.pop("topics", None))), found
    return None, {}


def metadata_of(session: Session, version: str) -> dict[str, Any]:
    """The metadata as they are encoded, their keys in the order of the format."""
    kept = session.kept
    metadata = {
        "session_id": session.id,
        "model": session.model,
        "created_at": session.created_at,
        "updated_at": session.updated_at,
        "message_count": len(session.messages),
        "summary": to_summary(session.summary, kept),
        "summary_model": session.summary_model,
        "format_version": version,
        "tool_settings": to_tool_settings(session.tool_settings, kept),
        "agent_settings": {
            "enabled_agents": session.agent_settings.enabled_agents,
            **kept.agent_settings,
        },
        "context_window_config": to_window(session.window, kept),
        **kept.metadata,
    }
    if session.tool_settings.tool_policies:
        metadata["tool_policies"] = session.tool_settings.tool_policies
    return metadata


def to_summary(summary: Summary | None, kept: Kept) -> dict[str, Any] | None:
    if summary is None:
        return None
    return {"summary": summary.summary, "topics": summary.topics, **kept.summary}


def to_tool_settings(settings: ToolSettings, kept: Kept) -> dict[str, Any]:
    """Without the policies of single tools: mochi-coco refuses a file that has more keys here."""
    return {
        "tools": settings.tools,
        "tool_group": settings.tool_group,
        "execution_policy": settings.execution_policy,
        **kept.tool_settings,
    }


def to_window(window: WindowConfig, kept: Kept) -> dict[str, Any]:
    return {
        "dynamic_enabled": window.dynamic_enabled,
        "current_window": window.current_window,
        "last_adjustment": window.last_adjustment,
        "adjustment_history": [to_window_change(change) for change in window.history],
        "manual_override": window.manual_override,
        **kept.window,
    }


def to_window_change(change: WindowChange) -> dict[str, Any]:
    """mochi-coco's own entries do not tell the usage, and get none."""
    entry: dict[str, Any] = {
        "timestamp": change.timestamp,
        "window_size": change.window_size,
        "reason": change.reason,
    }
    if change.usage_tokens is not None:
        entry["usage_tokens"] = change.usage_tokens
    return {**entry, **change.extra}
