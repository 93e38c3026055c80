"""The events of a stream, as OpenAI's API reference names them.

`sequence_number` counts from 0 over the whole stream; `output_index` counts items, `content_index`
and `summary_index` the parts of one.
"""

from msgspec import Struct

from gateway.dialects.openai.responses.items import OutputItem
from gateway.dialects.openai.responses.parts import (
    OutputText,
    ReasoningText,
    SummaryText,
    TokenLogprob,
)
from gateway.dialects.openai.responses.wire import Response

__all__ = [
    "ArgumentsDelta",
    "ArgumentsDone",
    "Completed",
    "ContentPartAdded",
    "ContentPartDone",
    "Created",
    "Event",
    "Failed",
    "InProgress",
    "Incomplete",
    "OutputItemAdded",
    "OutputItemDone",
    "Queued",
    "ReasoningDelta",
    "ReasoningDone",
    "SummaryDelta",
    "SummaryDone",
    "SummaryPartAdded",
    "SummaryPartDone",
    "TextDelta",
    "TextDone",
]


class Typed(Struct, tag_field="type"):
    """The number stands last in each, where a stream can be cut by it without reading on."""


class Lifecycle(Typed):
    response: Response
    sequence_number: int


class Created(Lifecycle, tag="response.created"):
    pass


class Queued(Lifecycle, tag="response.queued"):
    pass


class InProgress(Lifecycle, tag="response.in_progress"):
    pass


class Completed(Lifecycle, tag="response.completed"):
    pass


class Incomplete(Lifecycle, tag="response.incomplete"):
    pass


class Failed(Lifecycle, tag="response.failed"):
    pass


class OfItem(Typed):
    output_index: int
    item: OutputItem
    sequence_number: int


class OutputItemAdded(OfItem, tag="response.output_item.added"):
    pass


class OutputItemDone(OfItem, tag="response.output_item.done"):
    pass


class OfContent(Typed):
    item_id: str
    output_index: int
    content_index: int


class ContentPartAdded(OfContent, tag="response.content_part.added"):
    part: OutputText | ReasoningText
    sequence_number: int


class ContentPartDone(OfContent, tag="response.content_part.done"):
    part: OutputText | ReasoningText
    sequence_number: int


class TextDelta(OfContent, tag="response.output_text.delta"):
    delta: str
    logprobs: list[TokenLogprob]
    sequence_number: int


class TextDone(OfContent, tag="response.output_text.done"):
    text: str
    logprobs: list[TokenLogprob]
    sequence_number: int


class ReasoningDelta(OfContent, tag="response.reasoning_text.delta"):
    delta: str
    sequence_number: int


class ReasoningDone(OfContent, tag="response.reasoning_text.done"):
    text: str
    sequence_number: int


class OfSummary(Typed):
    item_id: str
    output_index: int
    summary_index: int


class SummaryPartAdded(OfSummary, tag="response.reasoning_summary_part.added"):
    part: SummaryText
    sequence_number: int


class SummaryPartDone(OfSummary, tag="response.reasoning_summary_part.done"):
    part: SummaryText
    sequence_number: int


class SummaryDelta(OfSummary, tag="response.reasoning_summary_text.delta"):
    delta: str
    sequence_number: int


class SummaryDone(OfSummary, tag="response.reasoning_summary_text.done"):
    text: str
    sequence_number: int


class OfArguments(Typed):
    item_id: str
    output_index: int


class ArgumentsDelta(OfArguments, tag="response.function_call_arguments.delta"):
    delta: str
    sequence_number: int


class ArgumentsDone(OfArguments, tag="response.function_call_arguments.done"):
    arguments: str
    sequence_number: int


Event = (
    Created
    | Queued
    | InProgress
    | Completed
    | Incomplete
    | Failed
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | TextDelta
    | TextDone
    | ReasoningDelta
    | ReasoningDone
    | SummaryPartAdded
    | SummaryPartDone
    | SummaryDelta
    | SummaryDone
    | ArgumentsDelta
    | ArgumentsDone
)
