"""`POST /v1/embeddings`."""

import base64
import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from gateway.core.errors import InvalidRequest, Unsupported
from gateway.core.models import Embeddings
from gateway.core.notes import Notes
from gateway.core.requests import EmbedRequest
from gateway.dialects.openai.fields import FieldTable, honoured, ignored
from gateway.dialects.openai.requests import check_model

__all__ = ["FIELDS", "EmbeddingList", "EmbeddingRequest", "read", "write"]

FIELDS = FieldTable(
    "/v1/embeddings",
    honoured("model", "a model that makes embeddings, or an alias"),
    honoured("input", "a text, or up to 2048; token ids are refused, because Ollama takes none"),
    honoured("encoding_format", "`float` or `base64`"),
    honoured("dimensions", "refused when the vectors are shorter"),
    ignored("user", ""),
    honoured("options", "Ollama's own options, as they are"),
    honoured("keep_alive", "how long the model stays loaded: `5m`, or seconds"),
)

Inputs = Annotated[list[Any], Meta(min_length=1, max_length=2048)]


class EmbeddingRequest(Struct, kw_only=True):
    """What a client may ask. The SDKs ask for `base64` unless they are told otherwise."""

    model: str
    input: str | Inputs
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    user: str | None = None
    options: dict[str, Any] | None = None
    keep_alive: str | float | None = None


class Embedding(Struct, kw_only=True):
    """One vector: a list of numbers, or the base64 of its 32-bit floats, little-endian."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str | Raw


class EmbeddingUsage(Struct):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Struct, kw_only=True):
    """One vector for each input, in the order of the inputs."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: EmbeddingUsage


def read(request: EmbeddingRequest, notes: Notes, unknown: Sequence[str] = ()) -> EmbedRequest:
    """The request in core terms. A text that is too long is refused later, never cut."""
    check_model(request.model)
    FIELDS.check(request, notes, unknown)
    inputs = [request.input] if isinstance(request.input, str) else request.input
    for index, text in enumerate(inputs):
        check_input(text, "input" if isinstance(request.input, str) else f"input[{index}]")
    return EmbedRequest(
        model=request.model,
        inputs=tuple(inputs),
        dimensions=request.dimensions,
        truncate=False,
        keep_alive=request.keep_alive,
        options=request.options or {},
        notes=notes,
    )


def check_input(text: object, param: str) -> None:
    if isinstance(text, int | list):
        raise Unsupported(
            "Token ids are not supported, because Ollama takes text alone: send text.",
            param="input",
            reason="unsupported_value",
        )
    if not isinstance(text, str):
        raise InvalidRequest(
            f"Invalid '{param}': expected a string.", param=param, reason="invalid_type"
        )
    if not text:
        raise InvalidRequest(f"'{param}' is empty.", param=param, reason="empty_string")


def write(embeddings: Embeddings, request: EmbeddingRequest) -> bytes:
    """The JSON of the answer; `InvalidRequest` when the vectors are shorter than was asked."""
    if request.dimensions is not None:
        check_width(embeddings, request.dimensions)
    vectors: Iterable[str | Raw] = embeddings.vectors
    if request.encoding_format == "base64":
        vectors = map(packed, embeddings.floats())
    tokens = embeddings.prompt_tokens
    return msgspec.json.encode(
        EmbeddingList(
            data=[Embedding(index=i, embedding=vector) for i, vector in enumerate(vectors)],
            model=request.model,
            usage=EmbeddingUsage(tokens, tokens),
        )
    )


def check_width(embeddings: Embeddings, dimensions: int) -> None:
    """Ollama gives the whole vector, without a word, when more is asked than there is."""
    width = min(map(len, embeddings.floats()))
    if width < dimensions:
        raise InvalidRequest(
            f"The model's vectors have {width} dimensions.",
            param="dimensions",
            reason="integer_above_max_value",
        )


def packed(vector: list[float]) -> str:
    floats = array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return base64.b64encode(floats.tobytes()).decode("ascii")
