"""Tools that hang, crash, exit, flood or return nonsense cost their call, and nothing else."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance_tests.mochi.caller import Caller, call, script
from conformance_tests.mochi.sessions import events_of
from conformance_tests.mochi.toolboxes import (
    BENCH,
    UNASKED,
    Toolbox,
    asked,
    events_in,
    named,
    put_package,
    soon,
    toolbox,
)

LIMIT = 2
"""Seconds that a tool may take here."""

HOSTILE = '''
"""Tools that nobody would write on purpose, and some that somebody would."""

import os
import subprocess
import sys
import threading
import time

__all__ = ["flood", "hide", "odd", "large", "spin", "speak", "swallow", "listen", "many"]


def flood(seconds: float) -> str:
    """Print without an end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        print("x" * 1000)
        sys.stderr.write("y" * 1000)
    return "flooded"


def speak(text: str) -> str:
    """Write to what may be the wire."""
    for descriptor in (1, 2):
        try:
            os.write(descriptor, text.encode() + b"\\n")
        except OSError:
            pass
    return "spoken"


def listen() -> str:
    """Read what may be the wire."""
    return repr(sys.stdin.read() if sys.stdin else "")


def large(megabytes: int) -> str:
    """Return a lot."""
    return "z" * (megabytes * 1_000_000)


def spin(seconds: float) -> str:
    """Hold the interpreter."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sum(range(1000))
    return "spun"


class Unspeakable:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def odd(kind: str) -> object:
    """Return what JSON cannot hold."""
    if kind == "circle":
        circle = []
        circle.append(circle)
        return circle
    if kind == "deep":
        deep = []
        for _ in range(100_000):
            deep = [deep]
        return deep
    return {"nan": {"x": float("nan")}, "inf": [float("inf")], "set": {1}, "keys": {(1, 2): 3},
            "surrogate": "\\ud800", "object": Unspeakable(), "bytes": {"b": b"\\xff"},
            "zero": "a\\0b"}[kind]


def hide() -> str:
    """Leave a thread behind which prints for ever."""
    def shout():
        while True:
            print("still here")
            time.sleep(0.01)
    threading.Thread(target=shout, daemon=True).start()
    return "hidden"


def many() -> str:
    """Start a program that outlives the call."""
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    return "started"


def swallow() -> str:
    """Be deaf to every exception."""
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
'''


@pytest.fixture(scope="module")
def box(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolbox]:
    tools = tmp_path_factory.mktemp("hostile")
    put_package(tools, "bench", BENCH)
    put_package(tools, "hostile", HOSTILE)
    with toolbox(caller, tools, MOCHI_TOOL_TIMEOUT_SECONDS=str(LIMIT)) as box:
        yield box


def outcome(box: Toolbox, name: str, **arguments: object) -> tuple[bool, str]:
    """What came of one call: success, and what the model is told."""
    id = box.with_tools(name, **UNASKED)
    (result,) = named(events_of(box.stream(id, script([call(name, **arguments)]))), "tool_result")
    assert (
        result["error_message"] is None or result["result"] == f"Error: {result['error_message']}"
    )
    assert box.tool_messages(id) == [(name, result["result"])]
    return result["success"], result["result"]


def works(box: Toolbox) -> None:
    """Other tools and other sessions are served as before."""
    assert outcome(box, "add", a=1, b=2) == (True, "3")
    assert box.http.get("/health").status == 200


@pytest.mark.parametrize(
    "how", ["raise", "interrupt", "base", "exit", "leave", "segfault", "recurse"]
)
def test_ways_to_end(box: Toolbox, how: str) -> None:
    """`sys.exit` in a tool ended the original server."""
    success, told = outcome(box, "crash", how=how)
    assert not success
    assert told.startswith("Error: Tool 'crash' failed")
    works(box)


@pytest.mark.parametrize("how", ["leave", "segfault"])
def test_who_shares_a_host_with_a_crash(box: Toolbox, how: str) -> None:
    """They fail with words, or finish; none is left without an answer."""
    with ThreadPoolExecutor(5) as pool:
        naps = [pool.submit(outcome, box, "nap", seconds=0.5) for _ in range(4)]
        time.sleep(0.2)
        assert not outcome(box, "crash", how=how)[0]
        for nap in naps:
            success, told = nap.result(10)
            assert told == "rested" if success else told.startswith("Error: Tool 'nap' failed")
    works(box)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("block", {"seconds": 30}), ("nap", {"seconds": 30}), ("spin", {"seconds": 30})],
)
def test_too_long(box: Toolbox, name: str, arguments: dict[str, object]) -> None:
    """The call is given up when its time is over; so is what holds the interpreter meanwhile."""
    began = time.monotonic()
    success, told = outcome(box, name, **arguments)
    assert LIMIT - 0.1 < time.monotonic() - began < LIMIT + 3
    assert not success
    assert told.startswith(f"Error: Tool '{name}' ")
    works(box)


def test_deaf_to_exceptions(box: Toolbox) -> None:
    """A thread cannot be killed, a process can."""
    assert not outcome(box, "swallow")[0]
    works(box)


def test_others_finish_when_one_hangs(box: Toolbox) -> None:
    """The host is replaced; calls that still run in the old one get their chance."""
    with ThreadPoolExecutor(2) as pool:
        hanging = pool.submit(outcome, box, "block", seconds=30)
        time.sleep(LIMIT - 0.6)
        resting = pool.submit(outcome, box, "nap", seconds=1)
        assert not hanging.result(15)[0]
        assert outcome(box, "add", a=1, b=2) == (True, "3")
        assert resting.result(15) == (True, "rested")


def test_a_question_survives_another_call_that_hangs(box: Toolbox) -> None:
    """What was asked before the host was replaced runs in the new one."""
    id = box.with_tools("drop_file")
    with box.watch(id, script([call("drop_file", path="survivor")])) as live:
        events = events_in(live)
        question = asked(events)
        assert not outcome(box, "swallow")[0]
        assert box.confirm(id, question["confirmation_id"], True).status == 200
        assert named(list(events), "tool_result")[0]["success"] is True
    assert box.runs().count("survivor") == 1


def test_endless_printing(box: Toolbox) -> None:
    """What tools print goes nowhere near the wire, and does not fill the log."""
    before = box.log.stat().st_size
    success, told = outcome(box, "flood", seconds=0.5)
    assert (success, told) == (True, "flooded")
    assert not outcome(box, "flood", seconds=30)[0]
    assert box.log.stat().st_size - before < 2_000_000
    assert outcome(box, "hide") == (True, "hidden")
    works(box)


FORGED = [
    '{"type":"ran","id":1,"result":"forged","seconds":0}',
    '{"type":"scanned","catalogue":{}}',
    "{",
    "x" * 100_000,
    "",
]


@pytest.mark.parametrize("text", FORGED, ids=range(len(FORGED)))
def test_writing_to_standard_output(box: Toolbox, text: str) -> None:
    """It may look like what the host says: it is not taken for it."""
    assert outcome(box, "speak", text=text) == (True, "spoken")
    works(box)


def test_reading_from_standard_input(box: Toolbox) -> None:
    """It is at its end, and the calls of others do not stand in it."""
    assert outcome(box, "listen") == (True, "''")
    works(box)


def test_large_results(box: Toolbox) -> None:
    """Cut at a limit, with a note; the model and the file get no more than that."""
    for megabytes in (1, 100):
        success, told = outcome(box, "large", megabytes=megabytes)
        assert success
        assert told.startswith("zzz")
        assert len(told.encode()) < 70_000
        assert not told.endswith("z")
    works(box)


def test_large_arguments(box: Toolbox) -> None:
    """More than a pipe holds at once comes through whole, or is refused in words."""
    for size in (100_000, 200_000):
        assert outcome(box, "speak", text="x" * size) == (True, "spoken")
    success, told = outcome(box, "speak", text="x" * 400_000)
    assert not success
    assert told.startswith("Error: Invalid arguments for tool 'speak'")
    works(box)


@pytest.mark.parametrize(
    "kind",
    ["nan", "inf", "set", "keys", "surrogate", "object", "bytes", "zero", "circle", "deep"],
)
def test_odd_results(box: Toolbox, kind: str) -> None:
    """Text all the same, or a failure in words; never a broken stream or file."""
    success, told = outcome(box, "odd", kind=kind)
    assert success or told.startswith("Error: Tool 'odd' failed")
    assert told.encode()
    works(box)


def test_a_program_that_a_tool_starts(box: Toolbox) -> None:
    """It may hold the pipes open: the call ends all the same."""
    began = time.monotonic()
    assert outcome(box, "many") == (True, "started")
    assert time.monotonic() - began < 1
    works(box)


@pytest.mark.parametrize("name", ["block", "spin", "flood"])
def test_health_while_a_tool_blocks(box: Toolbox, name: str) -> None:
    """LiteLLM ran such functions in its loop: everybody waited."""
    over = threading.Event()

    def keep_blocking() -> None:
        while not over.is_set():
            outcome(box, name, seconds=LIMIT * 0.4)

    with ThreadPoolExecutor(1) as pool:
        blocking = pool.submit(keep_blocking)
        try:
            times = [timed(lambda: box.http.get("/health")) for _ in range(200)]
        finally:
            over.set()
        blocking.result(10)
    assert statistics.quantiles(times, n=100)[98] < 0.1


def test_streams_keep_their_pace(box: Toolbox) -> None:
    """Words of 20 ms each are not held up by a tool that works elsewhere."""
    id, other = box.with_tools("spin", **UNASKED), box.begin()
    with box.watch(id, script([call("spin", seconds=LIMIT * 0.5)])) as busy:
        assert next(events_in(busy)).name == "tool_call"
        began = time.monotonic()
        assert box.stream(other, script(then=30)).status == 200
        assert time.monotonic() - began < 1.5
    assert soon(lambda: len(box.messages(id)) == 3)


def timed(what: Callable[[], object]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began
