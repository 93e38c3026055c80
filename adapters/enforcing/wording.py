"""What a model is told when it is asked for JSON, and when it has to be asked again."""

import msgspec
from msgspec import Raw

from gateway.core.messages import (
    AssistantMessage,
    Message,
    SystemMessage,
    TextPart,
    UserMessage,
    text,
)
from gateway.core.requests import AnyJSON, JSONOf, ToolDefinition

__all__ = ["again", "asked_for_arguments", "asked_for_name", "told_format"]

Messages = tuple[Message, ...]


def told_format(messages: Messages, wanted: AnyJSON | JSONOf) -> Messages:
    """The conversation with the format said in words, behind the leading system messages.

    Ollama constrains the next token and tells the model nothing: one that expects to chat is forced
    into the format with every token, or never finds an end to its white space.
    """
    said = "Answer with one JSON object and nothing else."
    if isinstance(wanted, JSONOf):
        said = (
            "Answer with JSON and nothing else. It has to fit this JSON Schema:"
            f" {bytes(wanted.schema).decode()}"
        )
    leading = 0
    while leading < len(messages) and isinstance(messages[leading], SystemMessage):
        leading += 1
    return (*messages[:leading], SystemMessage((TextPart(said),)), *messages[leading:])


def again(messages: Messages, said: str, mistakes: str) -> Messages:
    """The conversation with the answer that was no good, and why."""
    why = f"That is not what was asked for: {mistakes}. Answer again, with the JSON alone."
    return (*messages, AssistantMessage(text(said)), UserMessage((TextPart(why),)))


def asked_for_name(messages: Messages, said: str, tools: tuple[ToolDefinition, ...]) -> Messages:
    """The conversation, and the question which of these functions is to be called."""
    listed = "\n".join(f"- {tool.name}: {tool.description}" for tool in tools)
    return _asked(
        messages,
        said,
        f"One of these functions has to be called now:\n{listed}\n"
        'Which one? Answer with JSON alone: {"name": "…"}.',
    )


def asked_for_arguments(messages: Messages, said: str, tool: ToolDefinition) -> Messages:
    """The conversation, and the demand for the arguments of a call."""
    about = f" ({tool.description})" if tool.description else ""
    return _asked(
        messages,
        said,
        f"The function '{tool.name}'{about} is called now. Give its arguments: one JSON object and"
        f" nothing else. It has to fit this JSON Schema: {_schema(tool.parameters)}",
    )


def _asked(messages: Messages, said: str, demand: str) -> Messages:
    before = (*messages, AssistantMessage(text(said))) if said else messages
    return (*before, UserMessage((TextPart(demand),)))


def _schema(parameters: Raw) -> str:
    return msgspec.json.format(bytes(parameters), indent=0).decode()
