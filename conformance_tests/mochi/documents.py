"""Session files as other programs, and older versions of this one, write them."""

from typing import Any

__all__ = ["AGENTS", "OLDER", "SETTINGS", "UPSTREAM", "WINDOW", "assistant", "document", "user"]

AT = "2026-03-04T05:06:0%d.000890"


def user(text: str, **more: Any) -> dict[str, Any]:
    return {
        "role": "user",
        "content": text,
        "message_id": "1111111111",
        "timestamp": AT % 1,
        **more,
    }


def assistant(text: str, **more: Any) -> dict[str, Any]:
    """An answer as mochi-coco writes it."""
    return {
        "role": "assistant",
        "content": text,
        "model": "demo",
        "message_id": "2222222222",
        "timestamp": AT % 2,
        "eval_count": 3,
        "prompt_eval_count": 9,
        "tool_calls": None,
        **more,
    }


TALK = [user("My name is Ada."), assistant("Hello Ada.")]


CALLED = [
    user("My name is Ada. 1+2?"),
    assistant("", tool_calls=[{"function": {"name": "add", "arguments": '{"a": 1, "b": 2}'}}]),
    {
        "role": "tool",
        "content": "3",
        "model": None,
        "message_id": "3333333333",
        "timestamp": AT % 3,
        "eval_count": None,
        "prompt_eval_count": None,
        "tool_calls": None,
        "tool_name": "add",
    },
    assistant("3.", tool_name=None),
]


def document(version: str | None, *, talk: Any = TALK, **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "session_id": "anything",
        "model": "demo",
        "created_at": AT % 0,
        "updated_at": AT % 3,
        "message_count": len(talk),
        "summary": None,
        "summary_model": None,
    }
    if version:
        metadata["format_version"] = version
    return {"metadata": metadata | more, "messages": talk}


SETTINGS = {"tools": ["add"], "tool_group": None, "execution_policy": "never_confirm"}


WINDOW = {
    "dynamic_enabled": True,
    "current_window": 4096,
    "last_adjustment": "performance_optimization",
    "adjustment_history": [
        {"timestamp": AT % 1, "window_size": 4096, "reason": "performance_optimization"},
        {"window": 4096, "reason": "initial_setup", "usage_tokens": 12},
    ],
    "manual_override": False,
}


AGENTS = {"enabled_agents": ["scribe"]}


UPSTREAM = {
    "tools": ["add"],
    "execution_policy": "never_confirm",
    "tool_policies": {"add": "always_confirm"},
}


OLDER: dict[str, dict[str, Any]] = {
    "none": document(None),
    "1.0": document("1.0"),
    "1.1": document("1.1", tool_settings=SETTINGS),
    "1.2": document("1.2", tool_settings=SETTINGS, context_window_config=WINDOW),
    "1.3": document(
        "1.3", tool_settings=SETTINGS, context_window_config=WINDOW, agent_settings=AGENTS
    ),
    "1.3 without agents": document("1.3", tool_settings=SETTINGS, context_window_config=WINDOW),
    "1.4": document(
        "1.4",
        talk=[user("My name is Ada."), assistant("Hello Ada.", thinking="A name.")],
        tool_settings=SETTINGS,
        tool_policies={"add": "always_confirm"},
        agent_settings=AGENTS,
        context_window_config=WINDOW,
    ),
    "1.4 of mochi-server": document("1.4", tool_settings=UPSTREAM, agent_settings=AGENTS),
    "mochi-coco": document(
        "1.2",
        talk=CALLED,
        tool_settings=None,
        context_window_config=WINDOW | {"current_window": None, "last_adjustment": None},
    ),
    "mochi-coco's question": document(
        "1.1", tool_settings={"tools": ["add"], "confirmation_necessary": False}
    ),
    "1.9": document(
        "1.9",
        talk=[user("My name is Ada.", mood="good"), assistant("Hello Ada.")],
        tool_settings=SETTINGS,
        pinned=True,
    ),
    "poor": document(
        None,
        talk=[
            {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": None, "tool_calls": []},
        ],
        message_count=99,
    ),
    "with a zone": document("1.0", created_at="2026-03-04T05:06:07Z", updated_at=AT % 3 + "Z"),
}
