"""The chat completion, exactly as OpenAI's API reference names it (November 2026).

Requests are tolerant: unknown fields are ignored and every optional field may be null, as
LangChain, LiteLLM and others send it. What stands here as `Raw` is looked at later, or never.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

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
    "ChatCompletion",
    "ChatCompletionRequest",
    "Choice",
    "FinishReason",
    "FunctionCall",
    "FunctionTool",
    "InputAudio",
    "JSONSchemaFormat",
    "Logprobs",
    "Part",
    "RequestMessage",
    "RequestToolCall",
    "ResponseFormat",
    "ResponseMessage",
    "StreamOptions",
    "TokenLogprob",
    "ToolCall",
    "ToolCallFragment",
    "TopLogprob",
    "Usage",
]

FinishReason = Literal["stop", "length", "tool_calls", "function_call"]


# Left raw: the text of a prompt only passes through, and agents send the same tools every time.
MessageContent = Annotated[
    Raw,
    Meta(
        description="A string, a list of parts, or null.",
        extra_json_schema={
            "anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
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
                {"type": "array", "items": {"$ref": "#/components/schemas/FunctionTool"}},
                {"type": "null"},
            ]
        },
    ),
]


class RequestFunctionCall(Struct):
    """`arguments` is a JSON string; an object, as Ollama has it, is understood too."""

    name: str
    arguments: str | dict[str, Any] = ""


class RequestToolCall(Struct):
    id: str
    function: RequestFunctionCall
    type: str = "function"
    index: int | None = None


class RequestMessage(Struct):
    """A message of the history. `content` is a string, a list of parts, null or absent."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: MessageContent = ABSENT
    name: str | None = None
    tool_calls: list[RequestToolCall] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    function_call: RequestFunctionCall | None = None
    audio: dict[str, Any] | None = None
    annotations: list[Any] | None = None


class ImageURL(Struct):
    url: str
    detail: str | None = None


class InputAudio(Struct):
    """`data` is base64, `format` is `wav` or `mp3`."""

    data: str
    format: str


class Part(Struct):
    """A part of a content: what `type` says is set."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: ImageURL | str | None = None
    input_audio: InputAudio | None = None


class FunctionTool(Struct):
    type: str
    function: FunctionDefinition | None = None


class JSONSchemaFormat(Struct):
    name: ToolName
    description: str | None = None
    schema: Raw = ABSENT
    strict: bool | None = None


class ResponseFormat(Struct):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JSONSchemaFormat | None = None
    schema: Raw = ABSENT


class Reasoning(Struct):
    """As OpenRouter and Ollama take it beside `reasoning_effort`."""

    effort: Effort | None = None


class ChatCompletionRequest(Struct, kw_only=True):
    """What a client may ask of `POST /v1/chat/completions`."""

    model: str
    messages: Annotated[list[RequestMessage], Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: PositiveInt | None = None
    max_completion_tokens: PositiveInt | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: Int64 | None = None
    stop: str | StopList | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    response_format: ResponseFormat | None = None
    tools: Tools = ABSENT
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    functions: list[FunctionDefinition] | None = None
    function_call: str | dict[str, Any] | None = None
    reasoning_effort: Effort | None = None
    reasoning: Reasoning | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    store: bool | None = None
    metadata: Metadata | None = None
    service_tier: ServiceTier | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None
    moderation: dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    num_ctx: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    min_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Meta(ge=0, le=100)] | None = None
    keep_alive: str | float | None = None
    think: bool | Literal["low", "medium", "high", "max"] | None = None


class FunctionCall(Struct):
    """`arguments` is a JSON string."""

    name: str
    arguments: str


class ToolCall(Struct, kw_only=True):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class ToolCallFragment(ToolCall, kw_only=True):
    """A call in a stream. Clients put fragments together by `index`; ours are always whole."""

    index: int


class ResponseMessage(Struct, kw_only=True):
    """The answer. `tool_calls` is absent when there are none: clients test for its presence.

    Reasoning has no field in OpenAI's API; DeepSeek's and vLLM's clients read `reasoning_content`,
    OpenRouter's and Ollama's `reasoning`, and none minds the other.
    """

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None
    annotations: list[Any] = field(default_factory=list)
    reasoning_content: str | UnsetType = UNSET
    reasoning: str | UnsetType = UNSET
    tool_calls: list[ToolCall] | UnsetType = UNSET
    function_call: FunctionCall | UnsetType = UNSET


class TopLogprob(Struct):
    """A token that was likely; `logprob` to base e, `bytes` of its UTF-8 text."""

    token: str
    logprob: float
    bytes: tuple[int, ...] | None


class TokenLogprob(TopLogprob):
    """The token that was chosen, and the likeliest at its place."""

    top_logprobs: list[TopLogprob]


class Logprobs(Struct):
    content: list[TokenLogprob]
    refusal: None = None


class Choice(Struct, kw_only=True):
    index: int
    message: ResponseMessage
    logprobs: Logprobs | None = None
    finish_reason: FinishReason


class PromptTokensDetails(Struct):
    cached_tokens: int = 0
    audio_tokens: int = 0


class CompletionTokensDetails(Struct):
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class Usage(Struct):
    """Tokens, `total_tokens` being the sum."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails


class ChatCompletion(Struct, kw_only=True):
    """A whole answer; `created` in seconds since 1970."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    service_tier: Literal["default"] = "default"
    system_fingerprint: str | None = None
