"""What `/api/show` said, kept until the model changes."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

import msgspec
from msgspec import Struct

from gateway.core.models import ModelCard, ModelDetails, full_name

__all__ = ["ShownModels"]

_LIMIT = 1024
_SECONDS = 60

_Mark = tuple[str, object]


class _Entry(Struct):
    task: asyncio.Task[ModelDetails]
    mark: _Mark | None
    stale_at: float
    waiting: int = 0
    details: ModelDetails | None = None


class ShownModels:
    """Details of models, whichever way their names are spelled; at most 1024, the oldest go first.

    Whether a model changed shows in the list of models alone: an entry remembers how its model was
    marked (digest and date) in the last list before it was asked for, and a list with another mark
    drops it. An entry lasts a minute, and another from each list that has it unchanged. Questions
    about one model at the same time share one call, which ends when the last one who waits for it
    leaves. `clock` counts seconds.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[ModelDetails]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._marks: dict[str, _Mark] = {}

    async def get(self, model: str) -> ModelDetails:
        """The details; errors of the call are raised to everyone who waits, and not kept."""
        name = full_name(model)
        entry = self._entries.get(name)
        if entry is None or entry.stale_at < self._clock():
            entry = self._entries[name] = self._asked(name, model)
            if len(self._entries) > _LIMIT:
                del self._entries[next(iter(self._entries))]
        entry.waiting += 1
        try:
            return _spelled(await asyncio.shield(entry.task), model)
        finally:
            entry.waiting -= 1
            if not entry.waiting and not entry.task.done():
                entry.task.cancel()

    def known(self, model: str) -> ModelDetails | None:
        """The details if they are at hand, without asking."""
        entry = self._entries.get(full_name(model))
        if entry is None or entry.details is None or entry.stale_at < self._clock():
            return None
        return _spelled(entry.details, model)

    def listed(self, cards: Iterable[ModelCard]) -> None:
        """Drop what a new list of the models contradicts."""
        self._marks = {full_name(card.name): (card.digest, card.modified_at) for card in cards}
        stale_at = self._clock() + _SECONDS
        for name, entry in list(self._entries.items()):
            if entry.mark != self._marks.get(name):
                del self._entries[name]
            elif entry.mark is not None:
                entry.stale_at = stale_at

    def forget(self, model: str) -> None:
        """Drop a model that turned out to be gone."""
        self._entries.pop(full_name(model), None)

    async def aclose(self) -> None:
        """Wait for the calls under way; the caller has cut their connections."""
        running = [entry.task for entry in self._entries.values() if not entry.task.done()]
        await asyncio.gather(*running, return_exceptions=True)

    def _asked(self, name: str, model: str) -> _Entry:
        """A call under way, in the caller's spelling."""

        async def ask() -> ModelDetails:
            return await self._ask(model)

        def settle(task: asyncio.Task[ModelDetails]) -> None:
            if not task.cancelled() and task.exception() is None:
                entry.details = task.result()
            elif self._entries.get(name) is entry:
                del self._entries[name]

        task = asyncio.get_running_loop().create_task(ask())
        entry = _Entry(task, self._marks.get(name), self._clock() + _SECONDS)
        task.add_done_callback(settle)
        return entry


def _spelled(details: ModelDetails, name: str) -> ModelDetails:
    return details if details.name == name else msgspec.structs.replace(details, name=name)
