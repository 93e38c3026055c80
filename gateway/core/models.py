"""What is known about a model."""

from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import Raw, Struct

from gateway.core.errors import BackendFailed

__all__ = ["Embeddings", "ModelCard", "ModelDetails", "full_name"]


_decode_vector = msgspec.json.Decoder(list[float]).decode


class ModelCard(Struct, frozen=True, kw_only=True):
    """A model as a list shows it; `""` and 0 where the backend does not say. `size` in bytes.

    `context_length` and `capabilities` as in `ModelDetails`; `None` where they are not known yet.
    """

    name: str
    modified_at: datetime
    size: int = 0
    digest: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization: str = ""
    format: str = ""
    context_length: int | None = None
    capabilities: frozenset[str] | None = None


class ModelDetails(Struct, frozen=True, kw_only=True):
    """What a model can do.

    `capabilities` are Ollama's words (`completion`, `tools`, `insert`, `vision`, `embedding`,
    `thinking`, `audio`); `None` from servers too old to report them, which means unknown, not none.
    `context_length` is the trained length in tokens, `None` when the backend does not say.
    """

    name: str
    capabilities: frozenset[str] | None
    context_length: int | None = None
    family: str = ""
    parameter_size: str = ""
    quantization: str = ""
    format: str = ""
    template: str = ""
    parameters: str = ""


class Embeddings(Struct, frozen=True):
    """One vector per input, in the order of the inputs, and the tokens that all inputs took.

    A vector is the JSON text of a list of numbers: most of them only pass through.
    """

    vectors: tuple[Raw, ...]
    prompt_tokens: int = 0

    def floats(self) -> list[list[float]]:
        """The vectors, decoded; `BackendFailed` where one is no list of numbers."""
        try:
            return [_decode_vector(vector) for vector in self.vectors]
        except msgspec.DecodeError:
            raise BackendFailed("Ollama sent an embedding that is no list of numbers.") from None


@lru_cache(maxsize=1024)
def full_name(name: str) -> str:
    """One spelling for all that Ollama takes for the same model: `Demo`, `library/demo:latest`."""
    full = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return full if ":" in full.rpartition("/")[2] else f"{full}:latest"
