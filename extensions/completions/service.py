"""Keeping what the route of chats hands over."""

import time

from extensions.completions.record import Completion
from extensions.completions.store import CompletionStore
from gateway.http.openai.keeping import Completed

__all__ = ["StoreKeeper"]


class StoreKeeper:
    """Keeps chat completions in a store."""

    def __init__(self, store: CompletionStore) -> None:
        self._store = store

    async def keep(self, completed: Completed) -> None:
        """On disk when this returns; `StorageUnavailable`."""
        completion = Completion(
            id=completed.id,
            created=completed.created,
            kept_at=time.time(),
            model=completed.model,
            metadata=completed.metadata,
            messages=completed.messages,
            completion=completed.completion,
        )
        await self._store.put(completion)
