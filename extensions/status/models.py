"""The models, with what the list of them says and what each says of itself."""

import asyncio

from msgspec import Struct

from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest, MochiError, ModelNotFound
from gateway.core.models import ModelCard, ModelDetails, full_name

__all__ = ["InstalledModel", "chat_models", "model_named"]

AT_ONCE = 8
MIB = 1024 * 1024
UNKNOWN = "unknown"
SHORTEST_CONTEXT = 2048
"""What is said of a model that does not tell its context length, in tokens."""


class InstalledModel(Struct, frozen=True, kw_only=True):
    """A model; `capabilities` are Ollama's words, `context_length` is in tokens."""

    name: str
    size_mb: float
    format: str
    family: str
    parameter_size: str
    quantization_level: str
    capabilities: list[str]
    context_length: int


async def chat_models(backend: Backend) -> list[InstalledModel]:
    """The models that can chat, in the backend's order; those that cannot be asked are left out."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def described(card: ModelCard) -> InstalledModel | None:
        async with turns:
            try:
                return model_of(card, await backend.show(card.name))
            except MochiError:
                return None

    cards = await backend.models()
    models = await asyncio.gather(*(described(card) for card in cards))
    return [model for model in models if model and "completion" in model.capabilities]


async def model_named(backend: Backend, name: str) -> InstalledModel:
    """Any model, also one that cannot chat, under the name it is listed by."""
    try:
        details = await backend.show(name)
    except InvalidRequest as error:  # no model can be called so
        raise ModelNotFound(name) from error
    cards = await backend.models()
    same = (card for card in cards if full_name(card.name) == full_name(name))
    return model_of(next(same, None), details)


def model_of(card: ModelCard | None, details: ModelDetails) -> InstalledModel:
    """An Ollama too old to say what a model can do has only such as can chat."""
    known = {"completion"} if details.capabilities is None else details.capabilities
    return InstalledModel(
        name=details.name if card is None else card.name,
        size_mb=0.0 if card is None else round(card.size / MIB, 1),
        format=details.format or UNKNOWN,
        family=details.family or UNKNOWN,
        parameter_size=details.parameter_size or UNKNOWN,
        quantization_level=details.quantization or UNKNOWN,
        capabilities=sorted(known),
        context_length=details.context_length or SHORTEST_CONTEXT,
    )
