"""Extensions behind a real server, and a client of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar.plugins import InitPlugin

from gateway.app import create_app
from gateway.core.backend import Backend
from gateway.http.guards import GuardRules
from gateway.testing import live_server

__all__ = ["refusal", "serving"]


@asynccontextmanager
async def serving(
    backend: Backend, *extensions: InitPlugin
) -> AsyncGenerator[httpx.AsyncClient, None]:
    """A client of `/api/v1` of a gateway with these extensions."""
    app = create_app(backend, extensions=extensions, guards=GuardRules())
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=False) as http,
    ):
        yield http


def refusal(answer: httpx.Response) -> tuple[int, str, dict[str, Any]]:
    """Status, code and details of an error, which says something to people, too."""
    error = answer.json()["error"]
    assert error.keys() == {"code", "message", "details"}
    assert error["message"]
    return answer.status_code, error["code"], error["details"]
