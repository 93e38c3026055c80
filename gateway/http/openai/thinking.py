"""Efforts that are asked of models which cannot make any."""

from collections.abc import Iterable

from msgspec.structs import replace

from gateway.core.backend import Backend
from gateway.core.errors import BackendFailed
from gateway.core.requests import ChatRequest

__all__ = ["thinking_if_it_can"]


async def thinking_if_it_can(
    backend: Backend, request: ChatRequest, named: Iterable[str]
) -> ChatRequest:
    """Agents send an effort to every model; one that cannot think is asked without, and the caller
    is told so, by the fields in which it was `named`. Ollama itself refuses the request."""
    try:
        can = (await backend.show(request.model)).capabilities
    except BackendFailed:  # no true Ollama may know this call, and does not judge efforts
        return request
    if can is None or "thinking" in can:
        return request
    for name in named:
        request.notes.ignore(name, why="has no effect, because the model cannot reason")
    return replace(request, thinking=None)
