"""What a chat is asked, and what it answers when the answer is whole."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from extensions.events import ContextUse

__all__ = ["AnsweredMessage", "ChatAnswer", "ChatQuestion", "ExecutedCall"]


class ChatQuestion(Struct, frozen=True, kw_only=True):
    """Without a `message` the last user message is answered again, and the new answer takes the
    place of all that followed it. `think` asks a model that can to think first."""

    message: Annotated[str, Meta(min_length=1)] | None = None
    think: bool | None = None


class AnsweredMessage(Struct, frozen=True, kw_only=True):
    """The final reply. The counts are tokens; `thinking` is `""` when there was none."""

    role: Literal["assistant"] = "assistant"
    content: str
    thinking: str
    model: str
    message_id: str
    timestamp: str
    eval_count: int | None
    prompt_eval_count: int | None


class ExecutedCall(Struct, frozen=True):
    """A tool call of this request."""

    name: str
    arguments: dict[str, Any]
    success: bool


class ChatAnswer(Struct, frozen=True, kw_only=True):
    """The final reply, and every tool call that led to it, in their order."""

    session_id: str
    message: AnsweredMessage
    tool_calls_executed: list[ExecutedCall]
    context_window: ContextUse
