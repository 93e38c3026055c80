"""Kill -9 a program that keeps responses, some of them while they run in the background.

python -m extensions.responses.tests.killing --kills 200
"""

import os
import random
from pathlib import Path

import msgspec
from msgspec.structs import replace

from extensions.responses.store import ResponseStore
from extensions.responses.tests.samples import record, running
from extensions.sessions.tests.killing import FILLING, Deed
from extensions.tests.killing import run
from gateway.core.errors import ResponseNotFound

__all__ = ["KeptResponses"]

KINDS = {"create": 6, "begin": 4, "change": 6, "end": 4, "delete": 3}


class KeptResponses:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = ResponseStore(folder)
        self._running: set[str] = set()

    async def start(self) -> list[str]:
        await self._store.end_interrupted()
        return sorted(path.stem for path in self._folder.rglob("*.json"))

    async def text(self, id: str) -> str | None:
        try:
            found = await self._store.get(id)
        except ResponseNotFound:
            return None
        if not found.ended:
            return f"still {found.background}"
        shown: str = msgspec.json.decode(found.response)["text"]
        return shown.removesuffix(FILLING)

    async def do(self, deed: Deed) -> None:
        text = deed.text + FILLING
        match deed.kind:
            case "create":
                await self._store.keep(replace(record(text=text), id=deed.id))
            case "begin":
                self._running.add(deed.id)
                await self._store.begin(replace(running(text=text), id=deed.id))
            case "change":
                await self._store.keep(replace(running(text=text), id=deed.id))
            case "end":
                self._running.discard(deed.id)
                await self._store.keep(replace(running(text=text, state="completed"), id=deed.id))
            case _:
                self._running.discard(deed.id)
                await self._store.delete(deed.id)

    def chosen(self, ids: list[str], chance: random.Random) -> Deed:
        new = os.urandom(12).hex()
        [kind] = chance.choices(list(KINDS), list(KINDS.values()))
        match kind, [id for id in ids if id in self._running]:
            case "change" | "end", [*running] if running:
                return Deed(kind, chance.choice(running), new)
            case "delete", _ if ids:
                return Deed(kind, chance.choice(ids), new)
            case "begin", _:
                return Deed(kind, f"resp_{new}", new)
        return Deed("create", f"resp_{new}", new)


if __name__ == "__main__":
    run(KeptResponses, "extensions.responses.tests.killing")
