"""What a caller asks of a model."""

from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, field

from gateway.core.messages import Message
from gateway.core.notes import Notes

__all__ = [
    "AnyJSON",
    "AnyText",
    "ChatRequest",
    "CompletionRequest",
    "EmbedRequest",
    "JSONOf",
    "NamedTool",
    "ResponseFormat",
    "Sampling",
    "Thinking",
    "ToolChoice",
    "ToolDefinition",
    "small",
]

SMALL = 256 * 1024
"""Bytes of all the schemas of a request."""

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode


class Sampling(Struct, frozen=True, kw_only=True):
    """How the next token is chosen and when to stop. `None`: not asked, the model's own setting."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repeat_penalty: float | None = None


class ToolDefinition(Struct, frozen=True):
    """A function the model may call. `parameters` is the JSON text of a JSON Schema object.

    With `strict` a call whose arguments do not fit it is never passed on.
    """

    name: str
    description: str
    parameters: Raw
    strict: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """`parameters`, decoded."""
        return _decode_object(self.parameters)


def small(tools: tuple[ToolDefinition, ...]) -> bool:
    """Whether these are tools as people have them, worth keeping what was made of them."""
    return sum([len(tool.parameters) for tool in tools]) <= SMALL


class NamedTool(Struct, frozen=True):
    """The caller insists on this tool."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


class AnyText(Struct, frozen=True):
    """No constraint on the answer."""


class AnyJSON(Struct, frozen=True):
    """The answer is one JSON object of any shape."""


class JSONOf(Struct, frozen=True):
    """The answer is JSON that fits `schema`, the JSON text of a JSON Schema object."""

    name: str
    schema: Raw
    strict: bool = False


ResponseFormat = AnyText | AnyJSON | JSONOf

Thinking = bool | Literal["low", "medium", "high", "max"] | None


class ChatRequest(Struct, frozen=True, kw_only=True):
    """One chat turn: the whole history, and everything that was asked for beside it."""

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool = True
    sampling: Sampling = Sampling()
    response_format: ResponseFormat = AnyText()
    thinking: Thinking = None
    """`None` leaves it to the model: Ollama lets a model that can think do so."""
    logprobs: int | None = None
    """How many alternatives per token; 0 gives the chosen token only, `None` no logprobs at all."""
    stream: bool = False
    """Whether the answer is shown as it grows, so that what was said cannot be taken back."""
    context_length: int | Literal["ollama"] | None = None
    """Tokens; `"ollama"` leaves it to Ollama, `None` to the backend, which may choose by need."""
    keep_alive: str | float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """Ollama's own options, passed through last."""
    notes: Notes = field(default_factory=Notes)


class CompletionRequest(Struct, frozen=True, kw_only=True):
    """A text to continue as it stands, without a chat template; before `suffix` if there is one."""

    model: str
    prompt: str
    suffix: str = ""
    sampling: Sampling = Sampling()
    logprobs: int | None = None
    """As in `ChatRequest`."""
    context_length: int | None = None
    keep_alive: str | float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)


class EmbedRequest(Struct, frozen=True, kw_only=True):
    """Texts to turn into vectors. `dimensions` of `None` means the model's own width."""

    model: str
    inputs: tuple[str, ...]
    dimensions: int | None = None
    truncate: bool = False
    keep_alive: str | float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
