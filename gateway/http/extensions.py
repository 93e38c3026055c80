"""What every extension's routes have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Router
from litestar.di import Provide
from litestar.openapi.datastructures import ResponseSpec

from gateway.http.json_body import StrictJSON, demand_body

__all__ = ["error_responses", "extension_router", "provided"]


def extension_router(path: str, handlers: Sequence[Any], *, tag: str, **services: Any) -> Router:
    """The routes of an extension, at `/api/v1` and its own path, under a tag of their own.

    Handlers get the `services` by the names they have here. Their `data` is decoded strictly.
    """
    return Router(
        f"/api/v1{path}",
        route_handlers=handlers,
        tags=[tag],
        dto=StrictJSON,
        return_dto=None,
        before_request=demand_body,
        dependencies={name: provided(service) for name, service in services.items()},
    )


def provided(service: Any) -> Provide:
    return Provide(lambda: service, sync_to_thread=False)


def error_responses(when: Mapping[int, str]) -> dict[int, ResponseSpec]:
    """What the document says about errors, by status; their body is filled in with mochi's own."""
    return {
        status: ResponseSpec(data_container=None, description=text, generate_examples=False)
        for status, text in when.items()
    }
