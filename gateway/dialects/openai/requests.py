"""What is read the same way from the requests of several endpoints."""

import re
from functools import lru_cache
from typing import Any, Protocol

from gateway.core.errors import InvalidRequest, ModelNotFound
from gateway.core.notes import Notes
from gateway.core.requests import AnyText, ResponseFormat, Sampling, Thinking
from gateway.dialects.openai.wire import StreamOptions

__all__ = [
    "EFFORTS",
    "Tuned",
    "check_model",
    "check_stream_options",
    "note_rivals",
    "read_sampling",
]

# What could be a name at Ollama; anything else is not sent on, because it cannot exist there.
MODEL = re.compile(r"(?!.*(\.\.|//))[A-Za-z0-9._:/@-]{1,200}")

EFFORTS: dict[str, Thinking] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}

# Ollama's options that the fields of a request can say as well.
NAMED = (
    "num_ctx",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "seed",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "repeat_penalty",
)


class Tuned(Protocol):
    """The fields of a chat request, in whatever API, that say how tokens are chosen."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    seed: int | None
    stop: str | list[str] | None
    presence_penalty: float | None
    frequency_penalty: float | None
    repeat_penalty: float | None


@lru_cache(maxsize=256)
def check_model(model: str, param: str | None = None) -> None:
    """`InvalidRequest` for no name, `ModelNotFound` for what cannot be one, with this `param`."""
    if not model:
        raise InvalidRequest("The model is empty.", param="model", reason="invalid_value")
    if not MODEL.fullmatch(model):
        raise ModelNotFound(model, param=param)


def check_stream_options(stream: bool | None, options: StreamOptions, notes: Notes) -> None:
    """`stream_options` are for streams; padding is never sent."""
    if not stream:
        raise InvalidRequest(
            "'stream_options' is only allowed when 'stream' is true.", param="stream_options"
        )
    if options.include_obfuscation:
        notes.ignore("stream_options.include_obfuscation")


def note_rivals(request: Tuned, options: dict[str, Any], notes: Notes, *lengths: str) -> None:
    """Name the fields that give way to one of Ollama's options; `lengths` are those that say what
    `num_predict` says."""
    for option in options:
        fields = lengths if option == "num_predict" else (option,) if option in NAMED else ()
        for field in fields:
            if getattr(request, field) is not None:
                notes.ignore(field, why="gives way to 'options'")


def read_sampling(
    request: Tuned, max_tokens: int | None, response_format: ResponseFormat, notes: Notes
) -> Sampling:
    """Only what was asked for."""
    stop = request.stop or ()
    if stop and not isinstance(response_format, AnyText):
        notes.ignore("stop", why="would cut the JSON that is asked for")
        stop = ()
    return Sampling(
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        min_p=request.min_p,
        seed=request.seed,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        max_tokens=max_tokens,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        repeat_penalty=request.repeat_penalty,
    )
