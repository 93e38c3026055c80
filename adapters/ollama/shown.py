"""What `/api/show` said, kept until the model changes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache

from msgspec import Struct

from gateway.core.models import ModelCard, ModelDetails

__all__ = ["ShownModels", "full_name"]

_LIMIT = 256
_SECONDS = 60

_Mark = tuple[str, object]


class _Entry(Struct):
    task: asyncio.Task[ModelDetails]
    mark: _Mark | None
    stale_at: float
    waiting: int = 0
    details: ModelDetails | None = None


class ShownModels:
    """Details by the name they were asked for; at most 256, the oldest go first.

    Whether a model changed shows in the list of models alone: an entry remembers how its model was
    marked (digest and date) in the last list before it was asked for, and a list with another mark
    drops it. Where nobody asks for lists an entry lasts a minute. Questions about one model at the
    same time share one call, which ends when the last one who waits for it leaves.
    """

    def __init__(self, ask: Callable[[str], Awaitable[ModelDetails]]) -> None:
        self._ask = ask
        self._entries: dict[str, _Entry] = {}
        self._marks: dict[str, _Mark] = {}

    async def get(self, model: str) -> ModelDetails:
        """The details; errors of the call are raised to everyone who waits, and not kept."""
        entry = self._entries.get(model)
        if entry is None or entry.stale_at < asyncio.get_running_loop().time():
            entry = self._entries[model] = self._asked(model)
            if len(self._entries) > _LIMIT:
                del self._entries[next(iter(self._entries))]
        entry.waiting += 1
        try:
            return await asyncio.shield(entry.task)
        finally:
            entry.waiting -= 1
            if not entry.waiting and not entry.task.done():
                entry.task.cancel()

    def known(self, model: str) -> ModelDetails | None:
        """The details if they are at hand, without asking."""
        entry = self._entries.get(model)
        if entry is None or entry.stale_at < asyncio.get_running_loop().time():
            return None
        return entry.details

    def listed(self, cards: Iterable[ModelCard]) -> None:
        """Drop what a new list of the models contradicts."""
        self._marks = {full_name(card.name): (card.digest, card.modified_at) for card in cards}
        for name, entry in list(self._entries.items()):
            if entry.mark != self._marks.get(full_name(name)):
                del self._entries[name]

    def forget(self, model: str) -> None:
        """Drop a model that turned out to be gone, under all of its spellings."""
        for name in list(self._entries):
            if full_name(name) == full_name(model):
                del self._entries[name]

    async def aclose(self) -> None:
        """Wait for the calls under way; the caller has cut their connections."""
        running = [entry.task for entry in self._entries.values() if not entry.task.done()]
        await asyncio.gather(*running, return_exceptions=True)

    def _asked(self, model: str) -> _Entry:
        async def ask() -> ModelDetails:
            return await self._ask(model)

        def settle(task: asyncio.Task[ModelDetails]) -> None:
            if not task.cancelled() and task.exception() is None:
                entry.details = task.result()
            elif self._entries.get(model) is entry:
                del self._entries[model]

        loop = asyncio.get_running_loop()
        task = loop.create_task(ask())
        entry = _Entry(task, self._marks.get(full_name(model)), loop.time() + _SECONDS)
        task.add_done_callback(settle)
        return entry


@lru_cache(maxsize=1024)
def full_name(name: str) -> str:
    """One spelling for all that Ollama takes for the same model: `Demo`, `library/demo:latest`."""
    full = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return full if ":" in full.rpartition("/")[2] else f"{full}:latest"
