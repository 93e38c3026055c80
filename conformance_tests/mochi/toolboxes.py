"""A gateway whose user has put tools into a folder, and what one does with it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance_tests.launcher import gateway_alone
from conformance_tests.mochi.caller import Caller
from conformance_tests.mochi.sessions import Event, Sessions, event_of
from conformance_tests.wire import Answer, Live

__all__ = [
    "BENCH",
    "CONFIRM",
    "UNASKED",
    "Toolbox",
    "asked",
    "children",
    "events_in",
    "named",
    "put_package",
    "soon",
    "toolbox",
]

UNASKED: dict[str, Any] = {"execution_policy": "never_confirm"}
CONFIRM = "tool_call_confirmation_required"

BENCH = '''
"""Well-behaved tools. `runs` in the folder of the gateway has a line for each time one ran."""

import asyncio
import time
from pathlib import Path

__all__ = ["add", "block", "crash", "div", "drop_file", "nap", "nothing", "shape"]
__math__ = ["add", "div", "unheard_of"]


def ran(what):
    with Path("runs").open("a") as runs:
        runs.write(what + "\\n")


def add(a: int, b: int = 1) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.
    """
    return a + b


def div(a: float, b: float) -> float:
    """Divide."""
    return a / b


def drop_file(path: str) -> str:
    """Remove a file. It only says so."""
    ran(path)
    return "removed"


async def nap(seconds: float, mark: str = "nap") -> str:
    """Wait."""
    await asyncio.sleep(seconds)
    ran(mark)
    return "rested"


def block(seconds: float, mark: str = "block") -> str:
    """Wait, and do nothing else."""
    time.sleep(seconds)
    ran(mark)
    return "unblocked"


def nothing() -> None:
    """Return nothing."""


def shape(kind: str) -> object:
    """Return something of this kind."""
    return {"dict": {"a": [1, None, "ä"]}, "list": [1, 2.5], "tuple": (True, "x"), "float": 0.5,
            "bool": True, "bytes": b"ab", "empty": "", "nested": {"t": (1,)}}[kind]


def crash(how: str) -> str:
    """Fail in some way."""
    import os, signal, sys
    if how == "raise":
        raise RuntimeError("it is broken")
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "base":
        raise BaseException("bare")
    if how == "exit":
        sys.exit(3)
    if how == "leave":
        os._exit(4)
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(5)
    if how == "recurse":
        return crash(how)
    return "survived"
'''


class Toolbox(Sessions):
    """The sessions of a gateway with tools: where they are, and which model calls them."""

    tools: Path
    caller: Caller
    log: Path

    def with_tools(self, *tools: str, **settings: Any) -> str:
        """A new session which may call these."""
        return self.begin(tool_settings={"tools": list(tools), **settings})

    def confirm(self, id: str, confirmation: str, approved: bool) -> Answer:
        body = {"confirmation_id": confirmation, "approved": approved}
        return self.http.request("POST", f"/chat/{id}/confirm-tool", body)

    def told(self, id: str, message: str | None, approve: bool = True) -> list[Event]:
        """All events of a turn in which every question gets the same answer."""
        with self.watch(id, message) as live:
            events = []
            for event in events_in(live):
                events.append(event)
                if event.name == CONFIRM:
                    assert self.confirm(id, event.data["confirmation_id"], approve).status == 200
        assert [event.name for event in events].count("done") == 1
        assert events[-1].name == "done"
        return events

    def reload(self) -> Answer:
        answer = self.http.request("POST", "/tools/reload")
        assert answer.status == 200, answer.body[:500]
        return answer

    def listing(self) -> dict[str, Any]:
        answer = self.http.get("/tools")
        assert answer.status == 200, answer.body[:500]
        listing: dict[str, Any] = answer.json
        return listing

    def runs(self) -> list[str]:
        """What the tools have noted, once each time one ran."""
        noted = self.data / "runs"
        return noted.read_text("utf-8").split() if noted.exists() else []

    def tool_messages(self, id: str) -> list[tuple[str, str]]:
        return [(one["tool_name"], one["content"]) for one in self.messages(id) if one["tool_name"]]


@contextmanager
def toolbox(caller: Caller, tools: Path, **environment: str) -> Iterator[Toolbox]:
    """A gateway with the tools of this folder, in front of this model."""
    with gateway_alone(caller.url, MOCHI_TOOLS_DIR=str(tools), **environment) as running:
        box = Toolbox(running, "caller", timeout=30)
        box.tools, box.caller, box.log = tools, caller, running.log
        yield box


def put_package(tools: Path, name: str, source: str) -> Path:
    """A package in the folder, or the folder itself where the name is empty."""
    package = tools / name
    package.mkdir(exist_ok=True)
    (package / "__init__.py").write_text(source, "utf-8")
    return package


def events_in(live: Live) -> Iterator[Event]:
    """The events of a stream, each as soon as it is there."""
    assert live.begin() == 200
    frame = b""
    while line := live.line():
        if line != b"\n":
            frame += line
            continue
        if not frame.startswith(b": "):
            yield event_of(frame.decode().removesuffix("\n"))
        frame = b""


def asked(events: Iterator[Event]) -> dict[str, Any]:
    """The next question of a stream; what comes before it is passed over."""
    return next(event.data for event in events if event.name == CONFIRM)


def named(events: list[Event], name: str) -> list[dict[str, Any]]:
    return [event.data for event in events if event.name == name]


def soon(happened: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def children(pid: int) -> set[int]:
    """The processes that this one has started, and those that they have."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = status.read_text().rpartition(")")
        except OSError:
            continue
        state, parent, *_ = rest.split()
        if state != "Z":
            parents[int(status.parent.name)] = int(parent)
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}
