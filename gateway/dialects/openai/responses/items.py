"""The items that inputs and outputs consist of, as OpenAI's API reference names them.

One type serves both directions: whatever is put out is taken in again, ids and states included.
What stands in a request may lack its id; what is kept or put out has one.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.dialects.openai.responses.parts import (
    InputPart,
    Part,
    ReasoningText,
    SummaryText,
)

__all__ = [
    "Call",
    "Compaction",
    "CustomToolCall",
    "CustomToolCallOutput",
    "FunctionCall",
    "FunctionCallOutput",
    "Item",
    "ItemReference",
    "ItemStatus",
    "Message",
    "OutputItem",
    "Reasoning",
    "Result",
    "Role",
]

ItemStatus = Literal["in_progress", "completed", "incomplete"]
Role = Literal["user", "assistant", "system", "developer"]
CallId = Annotated[str, Meta(min_length=1)]


class Message(Struct, tag_field="type", tag="message", kw_only=True):
    """A message; a content that is one string is the short form of one part of text."""

    id: str | None = None
    role: Role
    status: ItemStatus | None = "completed"
    content: str | list[Part]
    phase: Literal["commentary", "final_answer"] | UnsetType | None = UNSET


class FunctionCall(Struct, tag_field="type", tag="function_call", kw_only=True):
    """`arguments` is a JSON string. `call_id` is what a result names, not `id`."""

    id: str | None = None
    call_id: CallId
    name: str
    arguments: str
    status: ItemStatus | None = "completed"


class FunctionCallOutput(Struct, tag_field="type", tag="function_call_output", kw_only=True):
    id: str | None = None
    call_id: CallId
    output: str | list[InputPart]
    status: ItemStatus | None = "completed"


class CustomToolCall(Struct, tag_field="type", tag="custom_tool_call", kw_only=True):
    """A call with free text, which another server's model made: no such tool is offered here."""

    id: str | None = None
    call_id: CallId
    name: str
    input: str
    status: ItemStatus | None = "completed"


class CustomToolCallOutput(Struct, tag_field="type", tag="custom_tool_call_output", kw_only=True):
    id: str | None = None
    call_id: CallId
    output: str | list[InputPart]
    status: ItemStatus | None = "completed"


class Reasoning(Struct, tag_field="type", tag="reasoning", kw_only=True):
    """What the model thought, before what it said.

    As `summary` where a summary was asked for, else as `content`; and once more, for programs
    alone, as `encrypted_content`.
    """

    id: str | None = None
    summary: list[SummaryText]
    content: list[ReasoningText] | UnsetType | None = UNSET
    encrypted_content: str | UnsetType | None = UNSET
    status: ItemStatus | None = "completed"


class Compaction(Struct, tag_field="type", tag="compaction", kw_only=True):
    """What a summary of the conversation so far has become: the caller keeps it and sends it."""

    id: str | None = None
    encrypted_content: str


class ItemReference(Struct, tag_field="type", tag="item_reference"):
    """An item that is kept here and not sent again. The type may be missing on the wire."""

    id: str


Call = FunctionCall | CustomToolCall
Result = FunctionCallOutput | CustomToolCallOutput
OutputItem = Message | Reasoning | FunctionCall | Compaction
Item = (
    Message
    | FunctionCall
    | FunctionCallOutput
    | CustomToolCall
    | CustomToolCallOutput
    | Reasoning
    | Compaction
)
