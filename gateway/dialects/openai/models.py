"""`GET /v1/models` and `GET /v1/models/{id}`."""

from collections.abc import Iterable
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from gateway.core.errors import LONGEST_NAME, ModelNotFound
from gateway.core.models import ModelCard, full_name

__all__ = ["Model", "ModelList", "find_model", "write_models"]


class Model(Struct, kw_only=True):
    """A model; `created` is when it was last changed, in seconds since 1970.

    OpenAI's fields end here. `context_length` is what the model was trained for, in tokens, under
    the names that OpenRouter and vLLM gave it; `capabilities` are Ollama's words. What is not known
    is left out.
    """

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    context_length: int | UnsetType = UNSET
    max_model_len: int | UnsetType = UNSET
    capabilities: list[str] | UnsetType = UNSET


class ModelList(Struct, kw_only=True):
    object: Literal["list"] = "list"
    data: list[Model]


def write_models(cards: Iterable[ModelCard]) -> ModelList:
    """The list, each model under the shortest name that finds it: `demo`, not `demo:latest`."""
    return ModelList(data=[write_model(card, card.name.removesuffix(":latest")) for card in cards])


def find_model(cards: Iterable[ModelCard], asked: str) -> Model:
    """The model under the very name that was asked for, in any spelling that Ollama takes."""
    if len(asked) <= LONGEST_NAME:
        name = full_name(asked)
        for card in cards:
            if full_name(card.name) == name:
                return write_model(card, asked)
    raise ModelNotFound(asked, param="model")


def write_model(card: ModelCard, id: str) -> Model:
    length = UNSET if card.context_length is None else card.context_length
    return Model(
        id=id,
        created=int(card.modified_at.timestamp()),
        owned_by=owner(card.name),
        context_length=length,
        max_model_len=length,
        capabilities=UNSET if card.capabilities is None else sorted(card.capabilities),
    )


def owner(name: str) -> str:
    """The namespace of a model name, `library` for Ollama's own."""
    _, slash, _ = name.rpartition("/")
    return name.split("/")[-2] if slash else "library"
