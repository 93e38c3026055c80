"""The metadata of older files, brought to today's form step by step.

Each step looks at what is there and not at the version number, which cannot be trusted: mochi-coco
saves a file of version 1.3 as "1.3" without `agent_settings`. Metadata is a decoded JSON object,
changed in place; a step tells whether it had anything to do.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["migrate"]

Metadata = dict[str, Any]


def migrate(metadata: Metadata) -> tuple[str, ...]:
    """Take all steps that are needed, and name them."""
    return tuple(name for name, step in STEPS if step(metadata))


def numbered(metadata: Metadata) -> bool:
    """mochi-coco 0.1 and 0.2 knew no versions."""
    if metadata.get("format_version") is not None:
        return False
    metadata["format_version"] = "1.0"
    return True


def with_tool_settings(metadata: Metadata) -> bool:
    return with_object(metadata, "tool_settings")


def with_policy(metadata: Metadata) -> bool:
    """A policy in place of the question whether confirmation is necessary."""
    settings = metadata["tool_settings"]
    if "confirmation_necessary" not in settings:
        return False
    necessary = settings.pop("confirmation_necessary")
    if settings.get("execution_policy") is None:
        settings["execution_policy"] = "never_confirm" if necessary is False else "always_confirm"
    return True


def with_context_window(metadata: Metadata) -> bool:
    return with_object(metadata, "context_window_config")


def with_agent_settings(metadata: Metadata) -> bool:
    return with_object(metadata, "agent_settings")


def with_policies_beside(metadata: Metadata) -> bool:
    """The ancestor keeps `tool_policies` inside `tool_settings`, where mochi-coco chokes on them.

    Those that stand beside already are later ones.
    """
    settings = metadata["tool_settings"]
    if "tool_policies" not in settings:
        return False
    inside, beside = settings.pop("tool_policies"), metadata.get("tool_policies")
    if isinstance(inside, dict):
        metadata["tool_policies"] = {**inside, **(beside if isinstance(beside, dict) else {})}
    return True


def with_object(metadata: Metadata, key: str) -> bool:
    if isinstance(metadata.get(key), dict):
        return False
    metadata[key] = {}
    return True


STEPS: tuple[tuple[str, Callable[[Metadata], bool]], ...] = (
    ("format_version", numbered),
    ("tool_settings", with_tool_settings),
    ("execution_policy", with_policy),
    ("context_window_config", with_context_window),
    ("agent_settings", with_agent_settings),
    ("tool_policies", with_policies_beside),
)
