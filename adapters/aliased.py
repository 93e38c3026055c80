"""Other names for models."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar

from msgspec.structs import replace

from gateway.core.backend import Backend
from gateway.core.errors import ModelNotFound
from gateway.core.events import Batch
from gateway.core.models import Embeddings, ModelCard, ModelDetails, full_name
from gateway.core.requests import ChatRequest, CompletionRequest, EmbedRequest
from gateway.core.wrapping import BackendWrapper

__all__ = ["AliasedBackend", "meant_by"]

Request = TypeVar("Request", ChatRequest, CompletionRequest, EmbedRequest)


def meant_by(aliases: Mapping[str, str]) -> Callable[[str], str]:
    """Tells which model a name stands for: itself, unless it is an alias in any spelling."""
    models = {full_name(alias): model for alias, model in aliases.items()}
    return lambda name: models.get(full_name(name), name)


class AliasedBackend(BackendWrapper):
    """A backend whose models answer to other names, too: `aliases` maps those to its own.

    An alias is found in every spelling that Ollama would take for the same name, and wins over a
    model that is called so. It is looked up once: what it stands for is a model of the backend,
    also if there is another alias of that name.
    """

    def __init__(self, backend: Backend, aliases: Mapping[str, str]) -> None:
        super().__init__(backend)
        self._aliases = aliases
        self._meant = meant_by(aliases)
        self._models = {full_name(alias): model for alias, model in aliases.items()}

    async def models(self) -> list[ModelCard]:
        """The backend's own, and after them the aliases of those that are there."""
        cards = await self._inner.models()
        own = {full_name(card.name): card for card in cards}
        aliases = [
            replace(own[full_name(model)], name=alias)
            for alias, model in self._aliases.items()
            if full_name(model) in own
        ]
        return [card for name, card in own.items() if name not in self._models] + aliases

    async def show(self, model: str) -> ModelDetails:
        meant = self._meant(model)
        try:
            details = await self._inner.show(meant)
        except ModelNotFound as error:
            raise self._missing(error, model) from error
        return details if meant == model else replace(details, name=model)

    def chat(self, request: ChatRequest) -> AsyncGenerator[Batch, None]:
        meant = self._directed(request)
        answer = self._inner.chat(meant)
        return answer if meant is request else self._named(answer, request.model)

    def complete(self, request: CompletionRequest) -> AsyncGenerator[Batch, None]:
        meant = self._directed(request)
        answer = self._inner.complete(meant)
        return answer if meant is request else self._named(answer, request.model)

    async def embed(self, request: EmbedRequest) -> Embeddings:
        try:
            return await self._inner.embed(self._directed(request))
        except ModelNotFound as error:
            raise self._missing(error, request.model) from error

    def _directed(self, request: Request) -> Request:
        """The request to the model that is meant; the same object where no alias was used."""
        meant = self._models.get(full_name(request.model))
        return request if meant is None else replace(request, model=meant)

    async def _named(
        self, batches: AsyncGenerator[Batch, None], alias: str
    ) -> AsyncGenerator[Batch, None]:
        """The answer under an alias, which differs in what is said when its model is missing."""
        async with aclosing(batches):
            try:
                async for batch in batches:
                    yield batch
            except ModelNotFound as error:
                raise self._missing(error, alias) from error

    def _missing(self, error: ModelNotFound, asked: str) -> ModelNotFound:
        """The error for whoever does not know that the name is an alias."""
        meant = self._models.get(full_name(asked))
        if meant is None:
            return error
        return ModelNotFound(asked, stands_for=meant, param=error.param)
