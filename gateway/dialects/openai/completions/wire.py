"""The completion, exactly as OpenAI's API reference names it ("Legacy", November 2026).

Requests are as tolerant as those of chat completions.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gateway.dialects.openai.chat.wire import Usage
from gateway.dialects.openai.wire import Int64, Penalty, StopList, StreamOptions

__all__ = ["Completion", "CompletionChoice", "CompletionLogprobs", "CompletionRequest", "Ending"]

Prompts = Annotated[list[Any], Meta(min_length=1)]


class CompletionRequest(Struct, kw_only=True):
    """What a client may ask of `POST /v1/completions`."""

    model: str
    prompt: str | Prompts | None = None
    suffix: str | None = None
    max_tokens: Annotated[int, Meta(ge=0)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    best_of: Annotated[int, Meta(ge=0, le=20)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    echo: bool | None = None
    stop: str | StopList | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    seed: Int64 | None = None
    logit_bias: dict[str, float] | None = None
    user: str | None = None
    options: dict[str, Any] | None = None
    num_ctx: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    top_k: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    min_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    repeat_penalty: Annotated[float, Meta(ge=0, le=100)] | None = None
    keep_alive: str | float | None = None


Ending = Literal["stop", "length"]


class CompletionLogprobs(Struct):
    """Four lists, an entry of each for every token. An echoed prompt is one token, and its entries
    are null; `text_offset` counts characters from the start of `text`."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None]
    text_offset: list[int]


class CompletionChoice(Struct, kw_only=True):
    """One continuation. With several prompts and `n` the index is that of the prompt times `n`,
    and that of the choice on top."""

    text: str
    index: int
    logprobs: CompletionLogprobs | None
    finish_reason: Ending


class Completion(Struct, kw_only=True):
    """A whole answer; `created` in seconds since 1970."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage
