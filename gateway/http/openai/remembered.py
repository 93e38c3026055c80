"""The list of models, from memory while Ollama does not answer."""

import asyncio
import time
from collections.abc import Callable

from msgspec import Struct

from gateway.core.backend import Backend
from gateway.core.errors import BackendTimeout, BackendUnreachable
from gateway.core.models import ModelCard

__all__ = ["KnownModels", "RememberedModels"]

PATIENCE = 2.0


class KnownModels(Struct, frozen=True):
    """The models as they were `age` seconds ago; `None`: as they are."""

    cards: list[ModelCard]
    age: float | None = None


class RememberedModels:
    """Remembers the last list that came.

    Chat UIs drop a connection whose list of models fails, and do not ask again by themselves; a
    list that is some minutes old does no harm. With one in memory Ollama has `patience` seconds to
    answer. `clock` counts seconds.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self._patience = patience
        self._clock = clock
        self._last: list[ModelCard] | None = None
        self._true_at = 0.0

    async def get(self) -> KnownModels:
        """`BackendUnreachable` or `BackendTimeout` only if there never was a list; what Ollama
        says itself, an error too, is never answered from memory."""
        try:
            async with asyncio.timeout(None if self._last is None else self._patience):
                cards = await self._backend.models()
        except (BackendUnreachable, BackendTimeout, TimeoutError):
            if self._last is None:
                raise
            return KnownModels(self._last, self._clock() - self._true_at)
        self._last, self._true_at = cards, self._clock()
        return KnownModels(cards)
