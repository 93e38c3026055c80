"""`GET /v1/models` and `GET /v1/models/{id}`."""

from typing import Any

from litestar import get
from litestar.params import FromPath

from gateway.core.backend import Backend
from gateway.dialects.openai.models import Model, ModelList, find_model, write_models

__all__ = ["model_routes"]


def model_routes(backend: Backend) -> list[Any]:
    @get("/models", operation_id="listModels", summary="List the models")
    async def list_models() -> ModelList:
        """The models that Ollama has, each under the shortest name that finds it."""
        return write_models(await backend.models())

    @get("/models/{id:path}", operation_id="retrieveModel", summary="Look a model up")
    async def retrieve_model(id: FromPath[str]) -> Model:
        """One model by its name, which may hold `/` and `:`."""
        return find_model(await backend.models(), id.removeprefix("/"))

    return [list_models, retrieve_model]
