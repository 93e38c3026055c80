"""Continuing a text: a core request as `POST /api/generate`, and the lines of its answer."""

import msgspec

from adapters.ollama import wire
from adapters.ollama.asking import options
from adapters.ollama.reading import LineReader, token_logprobs
from gateway.core.errors import Unsupported
from gateway.core.events import ChatEvent, TextDelta
from gateway.core.models import ModelDetails
from gateway.core.requests import CompletionRequest

__all__ = ["CompletionReader", "completion"]

_encode = msgspec.json.Encoder().encode

BLANK = " "
"""Stands for the empty prompt, with which Ollama would load the model and say nothing. OpenAI's
models begin a new document then, and this is the nearest to it that Ollama takes."""


def completion(request: CompletionRequest, num_ctx: int | None, known: ModelDetails) -> bytes:
    """The body of `POST /api/generate`; `Unsupported` for a suffix where the model takes none.

    The prompt is `raw`, so that the model goes on with it as it stands. Only with a suffix it goes
    through the model's template, because that knows how the two are put around the gap. `truncate`
    is off, as in `asking.chat`.
    """
    can = known.capabilities
    if request.suffix and can is not None and "insert" not in can:
        raise Unsupported(
            f"The model '{request.model}' does not support insertion.",
            param="suffix",
            reason="unsupported_parameter",
        )
    return _encode(
        wire.GenerateRequest(
            model=request.model,
            prompt=request.prompt or BLANK,
            stream=True,
            truncate=False,
            raw=not request.suffix,
            suffix=request.suffix,
            options=options(request, num_ctx),
            # Any `think` is too much for models that cannot, and by default the others do.
            think=False if can and "thinking" in can else None,
            keep_alive=request.keep_alive,
            logprobs=request.logprobs is not None,
            top_logprobs=request.logprobs or 0,
        )
    )


class CompletionReader(LineReader[wire.GenerateAnswer]):
    """Reads the lines of one continuation. What a parser in Ollama took for thinking is text of it
    like the rest, and lines up with the logprobs only there."""

    __slots__ = ()

    decoder = msgspec.json.Decoder(wire.GenerateAnswer)

    def _read(self, answer: wire.GenerateAnswer, events: list[ChatEvent]) -> None:
        text = (answer.thinking or "") + (answer.response or "")
        if text or answer.logprobs:
            events.append(TextDelta(text, token_logprobs(answer.logprobs)))
