"""The request and the response object, exactly as OpenAI's API reference names them (November
2026). Requests are as tolerant as those of chat completions.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from gateway.dialects.openai.responses.items import OutputItem
from gateway.dialects.openai.wire import (
    ABSENT,
    Effort,
    FunctionDefinition,
    Int64,
    Metadata,
    Penalty,
    PositiveInt,
    ServiceTier,
    StopList,
    StreamOptions,
    ToolName,
)

__all__ = [
    "ABSENT",
    "Conversation",
    "EchoedFormat",
    "EchoedReasoning",
    "EchoedText",
    "EchoedTool",
    "Failure",
    "Format",
    "FunctionTool",
    "IncompleteDetails",
    "InputTokensDetails",
    "OutputTokensDetails",
    "Reasoning",
    "Response",
    "ResponseRequest",
    "Status",
    "Text",
    "Tool",
    "Usage",
]

Truncation = Literal["auto", "disabled"]
Id = Annotated[str, Meta(min_length=1)]
Status = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]

# Left raw: agents send the same tools every time, and items are told apart one by one.
Input = Annotated[
    Raw,
    Meta(
        description="A string, or a list of items.",
        extra_json_schema={
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "object"}},
                {"type": "null"},
            ]
        },
    ),
]
Tools = Annotated[
    Raw,
    Meta(
        description="The functions that the model may call.",
        extra_json_schema={
            "anyOf": [
                {"type": "array", "items": {"$ref": "#/components/schemas/Tool"}},
                {"type": "null"},
            ]
        },
    ),
]


class Tool(Struct):
    """What all tools have; a function has the rest beside it."""

    type: str


class FunctionTool(FunctionDefinition):
    """A function, flat: not as in chat completions, where it stands in a key of its own."""

    type: str = "function"
    function: Any = None


class Format(Struct):
    """The format of the text, flat: `json_schema` is where chat completions has the rest."""

    type: Literal["text", "json_object", "json_schema"]
    name: ToolName | None = None
    description: str | None = None
    schema: Raw = ABSENT
    strict: bool | None = None
    json_schema: Raw = ABSENT


class Text(Struct):
    format: Format | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


Summary = Literal["auto", "concise", "detailed"]


class Reasoning(Struct):
    """`generate_summary` is the old name of `summary`."""

    effort: Effort | None = None
    summary: Summary | None = None
    generate_summary: Summary | None = None
    mode: str | None = None
    context: str | None = None


class Conversation(Struct):
    id: Id


class ResponseRequest(Struct, kw_only=True):
    """What a client may ask of `POST /v1/responses`."""

    model: str
    input: Input = ABSENT
    instructions: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    previous_response_id: Id | None = None
    conversation: Id | Conversation | None = None
    store: bool | None = None
    background: bool | None = None
    tools: Tools = ABSENT
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: PositiveInt | None = None
    max_output_tokens: Annotated[int, Meta(ge=16)] | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    include: list[str] | None = None
    truncation: Truncation | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    metadata: Metadata | None = None
    service_tier: ServiceTier | Literal["ultrafast"] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    context_management: list[dict[str, Any]] | None = None
    moderation: dict[str, Any] | None = None
    access_programs: Any = None
    image: Any = None
    client_metadata: Any = None
    seed: Int64 | None = None
    stop: str | StopList | None = None
    options: dict[str, Any] | None = None
    num_ctx: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    min_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Meta(ge=0, le=100)] | None = None
    keep_alive: str | float | None = None
    think: bool | Literal["low", "medium", "high", "max"] | None = None


class EchoedTool(Struct, kw_only=True):
    """A function that the model could call; Open Responses wants every key of it."""

    type: Literal["function"] = "function"
    name: str
    description: str | None
    parameters: Raw
    strict: bool


class EchoedFormat(Struct, kw_only=True):
    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    schema: Raw | UnsetType = UNSET
    strict: bool | UnsetType = UNSET


class EchoedText(Struct):
    format: EchoedFormat
    verbosity: Literal["medium"] = "medium"


class EchoedReasoning(Struct):
    effort: Effort | None = None
    summary: Summary | None = None


class IncompleteDetails(Struct):
    reason: Literal["max_output_tokens", "content_filter"]


class Failure(Struct):
    """Why a response failed; `type` and `param` as in the error that would have been answered."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    message: str
    type: str | None = None
    param: str | None = None


class InputTokensDetails(Struct):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputTokensDetails(Struct):
    reasoning_tokens: int = 0


class Usage(Struct):
    """Tokens, `total_tokens` being the sum. The SDK's types demand all details."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int


class Response(Struct, kw_only=True):
    """A response; times in seconds since 1970.

    OpenAI's document requires a part of these keys, the tests of Open Responses require more: none
    is left out. What the request left open is told as what is in effect.
    """

    id: str
    object: Literal["response"] = "response"
    created_at: int
    completed_at: int | None = None
    status: Status
    background: bool = False
    error: Failure | None = None
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    model: str
    output: list[OutputItem] = field(default_factory=list)
    parallel_tool_calls: bool = True
    previous_response_id: str | None = None
    conversation: Conversation | None = None
    reasoning: EchoedReasoning = field(default_factory=EchoedReasoning)
    service_tier: Literal["default"] = "default"
    store: bool = True
    temperature: float = 1.0
    top_p: float = 1.0
    top_logprobs: int = 0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    text: EchoedText
    tool_choice: str | dict[str, Any] = "auto"
    tools: list[EchoedTool] = field(default_factory=list)
    truncation: Truncation = "disabled"
    metadata: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    usage: Usage | None = None
