"""The context window of a session: large enough for it, and changed as seldom as can be."""

from collections.abc import Iterable

from msgspec import Struct, json
from msgspec.structs import replace

from extensions.sessions.session import AssistantMessage, Session, WindowChange, WindowConfig
from gateway.core import messages as core
from gateway.core.models import full_name
from gateway.core.requests import ToolDefinition
from gateway.core.windows import SMALLEST, step

__all__ = ["Decision", "adjusted", "estimate", "first_window", "next_window", "usage_of"]

LONGEST_HISTORY = 10


class Decision(Struct, frozen=True):
    """The `num_ctx` to send, in tokens (`None` sends none), and why."""

    window: int | None
    reason: str


def next_window(
    session: Session, *, enabled: bool, max_context: int | None, estimate: int
) -> Decision:
    """The window for the next request of this session.

    `enabled` is the server's setting, `max_context` what the model can take if that is known,
    `estimate` the tokens of what is about to be sent. The first rule that applies decides.
    """
    config, safe = session.window, safe_part(max_context)
    current, usage = config.current_window, usage_of(session)
    need = max(usage or 0, estimate)
    doubled = min(safe, step(2 * need))
    if config.manual_override and current is not None:
        return Decision(current, "manual_override")
    if not (enabled and config.dynamic_enabled):
        return Decision(None, "no_adjustment")
    if answered_by_another_model(session):
        return Decision(doubled, "model_change")
    if usage is None:
        # Not below what was sent before, which an edit may have taken the usage of.
        return Decision(min(safe, max(current or 0, step(half_more(estimate)))), "initial_setup")
    if current is None:
        return Decision(doubled, "initial_setup")
    if half_more(need) > current and current < safe:
        return Decision(doubled, "usage_threshold")
    return Decision(min(current, safe), "no_adjustment")


def adjusted(
    config: WindowConfig, decision: Decision, *, at: str, usage_tokens: int
) -> WindowConfig:
    """The settings after a decision; its last ten adjustments are on record."""
    window, reason = decision.window, decision.reason
    if window is None:
        return replace(config, last_adjustment=reason)
    history = config.history
    new = window != config.current_window or not history
    if new and reason not in ("no_adjustment", "manual_override"):
        change = WindowChange(
            timestamp=at, window_size=window, reason=reason, usage_tokens=usage_tokens
        )
        history = (*history, change)[-LONGEST_HISTORY:]
    return replace(config, current_window=window, last_adjustment=reason, history=history)


def first_window(max_context: int | None) -> WindowConfig:
    """The settings of a new session."""
    window = min(safe_part(max_context), SMALLEST)
    return WindowConfig(current_window=window, last_adjustment="initial_setup")


def safe_part(max_context: int | None) -> int:
    """Nine tenths of what a model can take; of an unknown one, the smallest step."""
    return max_context * 9 // 10 if max_context else SMALLEST


def half_more(tokens: int) -> int:
    return (3 * tokens + 1) // 2


def usage_of(session: Session) -> int | None:
    """The tokens of the latest answer that tells both counts, its prompt included."""
    for message in reversed(session.messages):
        match message:
            case AssistantMessage(eval_count=int(answer), prompt_eval_count=int(prompt)):
                return prompt + answer
    return None


def answered_by_another_model(session: Session) -> bool:
    for message in reversed(session.messages):
        if isinstance(message, AssistantMessage):
            return full_name(message.model) != full_name(session.model)
    return False


def estimate(messages: Iterable[core.Message], tools: Iterable[ToolDefinition] = ()) -> int:
    """The tokens of what is about to be sent, at 3.5 characters each."""
    size = sum(characters(message) for message in messages)
    size += sum(len(t.name) + len(t.description) + len(t.parameters) for t in tools)
    return (2 * size + 6) // 7


def characters(message: core.Message) -> int:
    size = len(core.text_of(message.content))
    match message:
        case core.AssistantMessage(thinking=thinking, tool_calls=calls):
            size += len(thinking)
            size += sum(len(call.name) + len(json.encode(call.arguments)) for call in calls)
        case core.ToolMessage(tool_name=name):
            size += len(name)
    return size
