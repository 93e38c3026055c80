"""`GET /v1/models` and `GET /v1/models/{id}`."""

from typing import Any

from litestar import Response, get
from litestar.datastructures import ResponseHeader
from litestar.params import FromPath

from gateway.core.backend import Backend
from gateway.dialects.openai.models import Model, ModelList, find_model, write_models
from gateway.http.openai.remembered import KnownModels, RememberedModels

__all__ = ["model_routes"]

STALE = ResponseHeader(
    name="x-mochi-stale",
    description="Ollama does not answer: this was true so many seconds ago.",
    documentation_only=True,
    required=False,
)


def model_routes(backend: Backend) -> list[Any]:
    models = RememberedModels(backend)

    @get("/models", operation_id="listModels", summary="List the models", response_headers=[STALE])
    async def list_models() -> Response[ModelList]:
        """The models that Ollama has, each under the shortest name that finds it."""
        known = await models.get()
        return Response(write_models(known.cards), headers=staleness(known))

    @get(
        "/models/{id:path}",
        operation_id="retrieveModel",
        summary="Look a model up",
        response_headers=[STALE],
    )
    async def retrieve_model(id: FromPath[str]) -> Response[Model]:
        """One model by its name, which may hold `/` and `:`."""
        known = await models.get()
        return Response(find_model(known.cards, id.removeprefix("/")), headers=staleness(known))

    return [list_models, retrieve_model]


def staleness(known: KnownModels) -> dict[str, str]:
    return {} if known.age is None else {"x-mochi-stale": str(int(known.age))}
