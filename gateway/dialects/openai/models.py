"""`GET /v1/models` and `GET /v1/models/{id}`."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from gateway.core.errors import ModelNotFound
from gateway.core.models import ModelCard

__all__ = ["Model", "ModelList", "find_model", "write_models"]


class Model(Struct, kw_only=True):
    """A model; `created` is when it was last changed, in seconds since 1970."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(Struct, kw_only=True):
    object: Literal["list"] = "list"
    data: list[Model]


def write_models(cards: Iterable[ModelCard]) -> ModelList:
    """The list, each model under the shortest name that finds it: `demo`, not `demo:latest`."""
    return ModelList(data=[write_model(card, card.name.removesuffix(":latest")) for card in cards])


def find_model(cards: Iterable[ModelCard], asked: str) -> Model:
    """The model under the very name that was asked for; Ollama does not look at the case."""
    name = asked.lower().removesuffix(":latest")
    for card in cards:
        if card.name.lower().removesuffix(":latest") == name:
            return write_model(card, asked)
    raise ModelNotFound(asked, param="model")


def write_model(card: ModelCard, id: str) -> Model:
    return Model(id=id, created=int(card.modified_at.timestamp()), owned_by=owner(card.name))


def owner(name: str) -> str:
    """The namespace of a model name, `library` for Ollama's own."""
    _, slash, _ = name.rpartition("/")
    return name.split("/")[-2] if slash else "library"
