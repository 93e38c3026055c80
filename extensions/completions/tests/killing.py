"""Kill -9 a program that keeps chat completions.

python -m extensions.completions.tests.killing --kills 200
"""

import os
import random
from pathlib import Path

from msgspec.structs import replace

from extensions.completions.store import CompletionStore
from extensions.completions.tests.samples import completion
from extensions.sessions.tests.killing import FILLING, Deed
from extensions.tests.killing import run
from gateway.core.errors import CompletionNotFound

__all__ = ["KeptCompletions"]

KINDS = {"create": 5, "update": 8, "delete": 2}


class KeptCompletions:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = CompletionStore(folder)

    async def start(self) -> list[str]:
        return sorted(path.stem for path in self._folder.rglob("*.json"))

    async def text(self, id: str) -> str | None:
        try:
            found = await self._store.get(id)
        except CompletionNotFound:
            return None
        return found.metadata["text"].removesuffix(FILLING)

    async def do(self, deed: Deed) -> None:
        metadata = {"text": deed.text + FILLING}
        match deed.kind:
            case "create":
                await self._store.put(replace(completion(), id=deed.id, metadata=metadata))
            case "update":
                await self._store.update(deed.id, metadata)
            case _:
                await self._store.delete(deed.id)

    def chosen(self, ids: list[str], chance: random.Random) -> Deed:
        new = os.urandom(12).hex()
        [kind] = chance.choices(list(KINDS), list(KINDS.values()))
        if kind == "create" or not ids:
            return Deed("create", f"chatcmpl-{new}", new)
        return Deed(kind, chance.choice(ids), new)


if __name__ == "__main__":
    run(KeptCompletions, "extensions.completions.tests.killing")
