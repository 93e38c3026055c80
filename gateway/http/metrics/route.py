"""`GET /metrics`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final

from litestar import Request, Response, get
from litestar.datastructures.headers import Accept
from litestar.handlers import HTTPRouteHandler

from gateway.core.metrics import Metrics

__all__ = ["metrics_route", "settled"]

PLAIN: Final = "text/plain"
OPEN: Final = "application/openmetrics-text"
VERSIONS: Final = {
    PLAIN: "; version=0.0.4",  # Litestar adds the charset to what is text
    OPEN: "; version=1.0.0; charset=utf-8",
}
SETTLE_SECONDS = 1


def metrics_route(metrics: Metrics) -> HTTPRouteHandler:
    """The route that shows these metrics."""
    exposition = Exposition(metrics)

    # The document is of the two APIs; this is for programs that know the way, as `/health` is.
    @get("/metrics", include_in_schema=False)
    async def show_metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Requests, tokens, times, tools and more since the start, as Prometheus reads them, or as
        OpenMetrics to whoever accepts `application/openmetrics-text`."""
        accepted = Accept(request.headers.get("accept", ""))
        return await exposition.answer(accepted.best_match([PLAIN, OPEN]) or PLAIN)

    return show_metrics


class Exposition:
    """Metrics as text. What it takes is imported, in a thread, when somebody first asks."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._registry: Any = None

    async def answer(self, kind: str) -> Response[bytes]:
        if self._registry is None:
            families = await asyncio.to_thread(import_module, "gateway.http.metrics.families")
            self._registry = families.registry(self._metrics)
        from prometheus_client.exposition import generate_latest
        from prometheus_client.openmetrics import exposition as openmetrics

        self._metrics.settle()
        self._metrics.tasks = len(asyncio.all_tasks())
        # Not in a thread: the numbers change on this one.
        write = openmetrics.generate_latest if kind == OPEN else generate_latest
        return Response(
            write(self._registry), media_type=kind + VERSIONS[kind], headers={"vary": "Accept"}
        )


@asynccontextmanager
async def settled(metrics: Metrics) -> AsyncIterator[None]:
    """Settles the metrics now and then while it is entered, also where nobody scrapes them."""

    async def settle() -> None:
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            metrics.settle()

    settling = asyncio.create_task(settle())
    try:
        yield
    finally:
        settling.cancel()
