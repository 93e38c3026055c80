"""Kill -9 a program that writes sessions, again and again, and see what is left of them.

    python -m extensions.sessions.tests.killing --kills 200

The child announces each change before it makes it, and acknowledges it when the store has returned.
What was acknowledged must be on disk, what was only announced may be, and nothing else.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import msgspec

from extensions.sessions.changes import Change, MessageEdited
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.service import Sessions
from extensions.sessions.session import Session
from extensions.sessions.tests.samples import EARLY, appended, session, texts
from gateway.core.errors import SessionNotFound

__all__ = ["FILLING", "Deed", "Line", "Report", "kill_repeatedly", "killed", "tell"]

ROOT = Path(__file__).parents[3]
WRITERS = 4
LONGEST_LIFE = 0.08
"""Seconds from the first announcement of a child to its end."""

FILLING = " and so on" * 400
"""Long enough that writing it takes a moment, in which a kill can fall."""

History = tuple[str, ...]


class Deed(msgspec.Struct, frozen=True):
    """One change of one session; `text` is in no other. `kind`: create, append, edit, delete."""

    kind: str
    id: str
    text: str


class Line(msgspec.Struct, frozen=True):
    done: bool
    deed: Deed


class Report(msgspec.Struct):
    """What became of all that was acknowledged; `cut_short` changes were under way at a kill."""

    acknowledged: Counter[str] = msgspec.field(default_factory=Counter)
    cut_short: Counter[str] = msgspec.field(default_factory=Counter)
    litter: int = 0
    faults: list[str] = msgspec.field(default_factory=list)


def after(history: History | None, deed: Deed) -> History | None:
    """What a session holds after the deed; `None` is no session."""
    match deed.kind:
        case "create":
            return ()
        case "append":
            return (*(history or ()), deed.text)
        case "edit":
            return (deed.text,)
        case _:
            return None


def kill_repeatedly(folder: Path, kills: int, seed: int = 0) -> Report:
    """Let as many children work on the sessions in the folder, one after another."""
    chance, report = random.Random(seed), Report()
    expected: dict[str, History] = {}
    for _ in range(kills):
        begun: dict[str, Deed] = {}
        for line in killed(folder, chance.randrange(2**32), chance.uniform(0, LONGEST_LIFE)):
            deed = line.deed
            if not line.done:
                begun[deed.id] = deed
                continue
            del begun[deed.id]
            report.acknowledged[deed.kind] += 1
            keep(expected, deed.id, after(expected.get(deed.id), deed))
        check(folder, expected, begun, report)
    report.litter = len(list(folder.glob(".*.tmp")))
    return report


def keep(sessions: dict[str, History], id: str, history: History | None) -> None:
    if history is None:
        sessions.pop(id, None)
    else:
        sessions[id] = history


def killed(folder: Path, seed: int, life: float, module: str = __name__) -> list[Line]:
    """All that a child said which was killed after `life` seconds of work."""
    name = __spec__.name if module == "__main__" else module
    command = [sys.executable, "-m", name, "--child", str(folder), "--seed", str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout
        said = child.stdout.readline()
        time.sleep(life)
        child.kill()
        said += child.stdout.read()
    assert child.returncode == -signal.SIGKILL, "The child did not live to be killed."
    return [msgspec.json.decode(line, type=Line) for line in said.splitlines()]


def check(
    folder: Path, expected: dict[str, History], begun: dict[str, Deed], report: Report
) -> None:
    """Compare with what is on disk, and expect that from now on."""
    report.cut_short.update(deed.kind for deed in begun.values())
    files = {path.stem for path in folder.glob("*.json")}
    for id in expected.keys() | begun.keys() | files:
        found = asyncio.run(history_in(folder, id))
        before = expected.get(id)
        allowed = {before, after(before, begun[id])} if id in begun else {before}
        if found is None and id in files:
            report.faults.append(f"{id} is unreadable")
        elif found not in allowed:
            report.faults.append(f"{id} holds {found}, not {allowed}")
        keep(expected, id, found)


async def history_in(folder: Path, id: str) -> History | None:
    try:
        kept = await JSONSessionStore(folder).load(id)
    except SessionNotFound:
        return None
    return tuple(text.removesuffix(FILLING) for text in texts(kept))


async def work(folder: Path, seed: int) -> None:
    """What the child does, until it is killed."""
    sessions = Sessions(JSONSessionStore(folder))
    ids = [item.session_id for item in await sessions.items()]
    writers = [write(sessions, ids[n::WRITERS], random.Random(seed + n)) for n in range(WRITERS)]
    await asyncio.gather(*writers)


async def write(sessions: Sessions, ids: list[str], chance: random.Random) -> None:
    while True:
        deed = chosen(ids, chance)
        tell(Line(False, deed))
        await do(sessions, deed)
        tell(Line(True, deed))
        if deed.kind == "create":
            ids.append(deed.id)
        elif deed.kind == "delete":
            ids.remove(deed.id)


def chosen(ids: list[str], chance: random.Random) -> Deed:
    new = os.urandom(5).hex()
    [kind] = chance.choices(("create", "append", "edit", "delete"), (3, 12, 3, 2))
    if kind == "create" or not ids:
        return Deed("create", new, "")
    return Deed(kind, chance.choice(ids), new)


async def do(sessions: Sessions, deed: Deed) -> None:
    match deed.kind:
        case "create":
            await sessions.create(session(deed.id))
        case "delete":
            await sessions.delete(deed.id)
        case _:
            async with sessions.turn(deed.id) as opened:
                await opened.commit(change(opened.session, deed))


def change(session: Session, deed: Deed) -> Change:
    text = deed.text + FILLING
    if deed.kind == "edit" and session.messages:
        rest = tuple(message.id for message in session.messages[1:])
        return MessageEdited(index=0, content=text, timestamp=EARLY, dropped=rest)
    return appended(text)


def tell(line: Line) -> None:
    """In one system call, so that no kill cuts a line."""
    os.write(1, msgspec.json.encode(line) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        asyncio.run(work(arguments.child, arguments.seed))
    with tempfile.TemporaryDirectory() as folder:
        report = kill_repeatedly(Path(folder), arguments.kills, arguments.seed)
    print(msgspec.json.format(msgspec.json.encode(report)).decode())
    sys.exit(bool(report.faults))


if __name__ == "__main__":
    main()
