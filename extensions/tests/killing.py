"""Kill -9 a program that writes to a store, again and again, and see what is left of it.

The child announces each change before it makes it, and acknowledges it when the store has returned.
What was acknowledged must be on disk, what was only announced may be, and nothing else.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from extensions.sessions.tests.killing import Deed, Line, Report, killed, tell

__all__ = ["Kept", "Report", "kill_repeatedly", "run"]

WRITERS = 4
LONGEST_LIFE = 0.08
"""Seconds from the first announcement of a child to its end."""


class Kept(Protocol):
    """A store of texts by ids, as the killing sees it."""

    async def start(self) -> list[str]:
        """What is to be done before anything else; returns the ids there are files of."""
        ...

    async def text(self, id: str) -> str | None:
        """`None` for what is not there or cannot be read."""
        ...

    async def do(self, deed: Deed) -> None: ...

    def chosen(self, ids: list[str], chance: random.Random) -> Deed:
        """Something to do, with one of these ids or a new one."""
        ...


def kill_repeatedly(
    open_store: Callable[[Path], Kept], module: str, folder: Path, kills: int, seed: int = 0
) -> Report:
    """Let as many children, run as `module`, work in the folder, one after another."""
    chance, report = random.Random(seed), Report()
    expected: dict[str, str] = {}
    for _ in range(kills):
        begun: dict[str, Deed] = {}
        life = chance.uniform(0, LONGEST_LIFE)
        for line in killed(folder, chance.randrange(2**32), life, module):
            if not line.done:
                begun[line.deed.id] = line.deed
                continue
            del begun[line.deed.id]
            report.acknowledged[line.deed.kind] += 1
            keep(expected, line.deed.id, after(line.deed))
        report.cut_short.update(deed.kind for deed in begun.values())
        asyncio.run(check(open_store(folder), expected, begun, report))
    return report


async def check(
    store: Kept, expected: dict[str, str], begun: dict[str, Deed], report: Report
) -> None:
    """Compare with what is on disk, and expect that from now on."""
    files = await store.start()
    for id in {*expected, *begun, *files}:
        found = await store.text(id)
        before = expected.get(id)
        allowed = {before, after(begun[id])} if id in begun else {before}
        if found is None and id in files:
            report.faults.append(f"{id} is unreadable")
        elif found not in allowed:
            report.faults.append(f"{id} holds {found}, not {allowed}")
        keep(expected, id, found)


def after(deed: Deed) -> str | None:
    """What is kept after the deed; `None` is nothing."""
    return None if deed.kind == "delete" else deed.text


def keep(texts: dict[str, str], id: str, text: str | None) -> None:
    if text is None:
        texts.pop(id, None)
    else:
        texts[id] = text


async def work(store: Kept, seed: int) -> None:
    """What the child does, until it is killed."""
    ids = await store.start()
    writers = [write(store, ids[n::WRITERS], random.Random(seed + n)) for n in range(WRITERS)]
    await asyncio.gather(*writers)


async def write(store: Kept, ids: list[str], chance: random.Random) -> None:
    while True:
        deed = store.chosen(ids, chance)
        tell(Line(False, deed))
        await store.do(deed)
        tell(Line(True, deed))
        if deed.kind == "delete":
            ids.remove(deed.id)
        elif deed.id not in ids:
            ids.append(deed.id)


def run(open_store: Callable[[Path], Kept], module: str) -> None:
    """The command line: the long run by hand, and each child."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        asyncio.run(work(open_store(arguments.child), arguments.seed))
    with tempfile.TemporaryDirectory() as folder:
        report = kill_repeatedly(open_store, module, Path(folder), arguments.kills, arguments.seed)
    print(msgspec.json.format(msgspec.json.encode(report)).decode())
    sys.exit(bool(report.faults))
