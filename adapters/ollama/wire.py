"""Ollama's native requests and answers, field for field.

Requests leave out what is at its default. Answers take every field as optional and may be null,
because versions and look-alikes differ; unknown fields (`model` and `created_at` among them) are
skipped without being decoded.
"""

from typing import Any

from msgspec import Raw, Struct

__all__ = [
    "Answer",
    "AnswerFunction",
    "AnswerMessage",
    "AnswerToolCall",
    "CalledFunction",
    "ChatRequest",
    "EmbedAnswer",
    "EmbedRequest",
    "ErrorAnswer",
    "Function",
    "GenerateAnswer",
    "GenerateRequest",
    "Logprob",
    "Message",
    "ModelFacts",
    "Options",
    "ShowAnswer",
    "ShowRequest",
    "TaggedModel",
    "TagsAnswer",
    "Tool",
    "ToolCall",
    "VersionAnswer",
]


class CalledFunction(Struct):
    """Which function a model called in the past; `arguments` must be an object, not its text."""

    name: str
    arguments: dict[str, Any]


class ToolCall(Struct):
    id: str
    function: CalledFunction


class Message(Struct, omit_defaults=True):
    """`content` is never an array; a `Raw` holds a JSON string that only passes through."""

    role: str
    content: str | Raw
    thinking: str = ""
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


class Function(Struct):
    name: str
    description: str
    parameters: Raw


class Tool(Struct, tag_field="type", tag="function"):
    function: Function


class Options(Struct, omit_defaults=True, kw_only=True):
    """Those of Ollama's options that the core has a word for."""

    num_ctx: int | None = None
    num_predict: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


class ChatRequest(Struct, omit_defaults=True):
    """`POST /api/chat`. `format` is `"json"` or the text of a schema."""

    model: str
    messages: tuple[Message, ...]
    stream: bool
    truncate: bool
    tools: Raw | None = None
    format: str | Raw | None = None
    options: Options | dict[str, Any] | None = None
    think: bool | str | None = None
    keep_alive: str | float | None = None
    logprobs: bool = False
    top_logprobs: int = 0


class GenerateRequest(Struct, omit_defaults=True):
    """`POST /api/generate`. With `raw` the prompt goes to the model as it is, in no template."""

    model: str
    prompt: str
    stream: bool
    truncate: bool
    raw: bool = False
    suffix: str = ""
    options: Options | dict[str, Any] | None = None
    think: bool | None = None
    keep_alive: str | float | None = None
    logprobs: bool = False
    top_logprobs: int = 0


class EmbedRequest(Struct, omit_defaults=True):
    """`POST /api/embed`."""

    model: str
    input: tuple[str, ...]
    truncate: bool
    dimensions: int | None = None
    options: dict[str, Any] = {}
    keep_alive: str | float | None = None


class ShowRequest(Struct):
    """`POST /api/show`."""

    model: str


class AnswerFunction(Struct, gc=False):
    """`arguments` is an object at Ollama, the text of one at some look-alikes."""

    name: str | None = None
    arguments: dict[str, Any] | str | None = None


class AnswerToolCall(Struct, gc=False):
    id: str | None = None
    function: AnswerFunction | None = None


class AnswerMessage(Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[AnswerToolCall] | None = None


class Logprob(Struct, gc=False):
    token: str = ""
    logprob: float = 0.0
    bytes: tuple[int, ...] | None = None
    top_logprobs: tuple["Logprob", ...] | None = None


class Answer(Struct, gc=False):
    """One line of a chat. Any line may hold `error`; durations are nanoseconds."""

    message: AnswerMessage | None = None
    done: bool | None = None
    logprobs: tuple[Logprob, ...] | None = None
    error: str | dict[str, Any] | None = None
    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_cached_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None


class GenerateAnswer(Answer, gc=False):
    """One line of a completion, which has `response` and `thinking` in place of a message."""

    response: str | None = None
    thinking: str | None = None


class ErrorAnswer(Struct):
    """A refusal, or the inner error of llama-server. `error` is a text at Ollama."""

    error: str | dict[str, Any] | None = None


class EmbedAnswer(ErrorAnswer):
    embeddings: tuple[Raw, ...] | None = None
    prompt_eval_count: int | None = None


class VersionAnswer(ErrorAnswer):
    version: str | None = None


class ModelFacts(Struct):
    """What lists and `/api/show` call `details`."""

    format: str | None = None
    family: str | None = None
    parameter_size: str | None = None
    quantization_level: str | None = None
    context_length: int | None = None


class TaggedModel(Struct):
    """One model of `GET /api/tags`; `modified_at` is RFC 3339 with any number of digits.

    `capabilities` come from v0.30 on, without those that the chat template tells.
    """

    name: str | None = None
    model: str | None = None
    modified_at: str | None = None
    size: int | None = None
    digest: str | None = None
    details: ModelFacts | None = None
    capabilities: list[str] | None = None


class TagsAnswer(ErrorAnswer):
    models: list[TaggedModel] | None = None


class ShowAnswer(ErrorAnswer):
    """`model_info` is GGUF metadata under dotted keys: `llama.context_length`."""

    details: ModelFacts | None = None
    model_info: dict[str, Any] | None = None
    capabilities: list[str] | None = None
    template: str | None = None
    parameters: str | None = None
