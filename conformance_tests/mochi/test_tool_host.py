"""The process that runs tools: when it is there, and that nothing of it is left."""

import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.mochi.caller import Caller, call, script
from conformance_tests.mochi.toolboxes import (
    BENCH,
    UNASKED,
    Toolbox,
    asked,
    children,
    events_in,
    named,
    put_package,
    soon,
    toolbox,
)

LIMITS = {"MOCHI_TOOL_TIMEOUT_SECONDS": "2", "MOCHI_DRAIN_SECONDS": "0.3"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def box(caller: Caller, tmp_path: Path) -> Iterator[Toolbox]:
    """A gateway of which nobody has wanted a tool yet."""
    put_package(tmp_path, "bench", BENCH)
    with toolbox(caller, tmp_path, **LIMITS) as box:
        yield box


def alive(pids: set[int]) -> set[int]:
    """Those that still run; who has ended and was not asked for its status does not."""
    return {pid for pid in pids if running(pid)}


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_nobody_pays_for_it_unused(box: Toolbox) -> None:
    """It is started on first need, and there is a line in the log when it is."""
    id = box.begin()
    assert box.say(id, "Hello.").status == 200
    assert box.http.get("/health").status == 200
    assert children(box.pid) == set()
    before = box.log.stat().st_size
    id = box.with_tools("add", **UNASKED)
    assert children(box.pid) == set()
    assert box.say(id, script([call("add", a=1)])).status == 200
    assert len(children(box.pid)) == 1
    assert soon(lambda: box.log.stat().st_size > before)


def test_it_stays(box: Toolbox) -> None:
    """One for all calls of all sessions, and a warm one costs little."""
    id = box.with_tools("add", **UNASKED)
    box.say(id, script([call("add", a=1)]))
    hosts = children(box.pid)
    took = []
    calls = [call("add", a=number) for number in range(100)]
    with box.watch(id, script(calls)) as live:
        began = time.monotonic()
        for event in events_in(live):
            if event.name == "tool_result":
                took.append(time.monotonic() - began)
            began = time.monotonic()
    assert len(took) == 100
    assert statistics.median(took) < 0.02
    assert children(box.pid) == hosts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("doing", ["nothing", "block", "swallow"])
def test_it_ends_with_the_gateway(
    caller: Caller, tmp_path: Path, number: signal.Signals, doing: str
) -> None:
    """Killed or stopped, idle or in the middle of a call that is deaf to everything."""
    source = BENCH.replace('"shape"]', '"shape", "swallow"]') + SWALLOW
    put_package(tmp_path, "bench", source)
    with toolbox(caller, tmp_path, **LIMITS) as box:
        id = box.with_tools("add", "block", "swallow", **UNASKED)
        assert box.say(id, script([call("add", a=1)])).status == 200
        hosts = children(box.pid)
        assert hosts
        arguments = {"seconds": 60} if doing == "block" else {}
        message = "Hello." if doing == "nothing" else script([call(doing, **arguments)])
        with box.watch(id, message) as live:
            next(events_in(live))
            os.kill(box.pid, number)
            assert soon(lambda: not alive(hosts), 8)
            assert soon(lambda: not running(box.pid), 5)


SWALLOW = '''

def swallow() -> str:
    """Be deaf to every exception."""
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
'''


def test_stopping_while_a_question_is_open(box: Toolbox) -> None:
    """It counts as denied at once, which is on record, and the answer may finish; if there is time
    left for it."""
    id = box.with_tools("drop_file")
    with box.watch(id, script([call("drop_file", path="stopped")])) as live:
        events = events_in(live)
        asked(events)
        hosts = children(box.pid)
        os.kill(box.pid, signal.SIGTERM)
        *_, last, done = [event.name for event in events]
        assert (last in ("message_complete", "error"), done) == (True, "done")
        assert soon(lambda: not running(box.pid), 10)
    assert alive(hosts) == set()
    stored = box.written(id)["messages"]
    assert [one["role"] for one in stored][:3] == ["user", "assistant", "tool"]
    assert stored[2]["content"] == "Error: Tool execution denied by user"
    assert box.runs() == []


def test_stopping_while_a_tool_runs(box: Toolbox) -> None:
    """For longer than answers have to finish: it is ended, and the stream says so."""
    id = box.with_tools("block", "add", **UNASKED)
    with box.watch(id, script([call("block", seconds=60), call("add", a=1)])) as live:
        events = events_in(live)
        next(events)
        os.kill(box.pid, signal.SIGTERM)
        assert [event.name for event in events] == ["error", "done"]
        assert soon(lambda: not running(box.pid), 5)
    *_, blocked, added = box.written(id)["messages"]
    assert blocked["content"].startswith("Error: Tool 'block' failed: ")
    assert added["content"] == "Error: Tool execution denied by user"


def test_killed_between_call_and_result(box: Toolbox, caller: Caller) -> None:
    """The history has a call without its answer then: the next gateway copes."""
    id = box.with_tools("block", **UNASKED)
    with box.watch(id, script([call("block", seconds=60)])) as live:
        next(events_in(live))
        os.kill(box.pid, signal.SIGKILL)
    assert soon(lambda: not running(box.pid))
    with toolbox(caller, box.tools, MOCHI_DATA_DIR=str(box.data)) as next_box:
        next_box.data, next_box.folder = box.data, box.folder
        assert next_box.say(id, "And now?").status == 200
        *_, (asked_role, _), (role, _) = next_box.said(id)
        assert (asked_role, role) == ("user", "assistant")


ENDS = [call("crash", how="leave"), call("crash", how="segfault"), call("block", seconds=30)]


@pytest.mark.parametrize("one", ENDS, ids=["leave", "segfault", "hang"])
def test_a_host_that_was_replaced_is_gone(box: Toolbox, one: dict[str, Any]) -> None:
    """A thread that hangs cannot be ended, so what it hangs in is."""
    id = box.with_tools("crash", "block", "add", **UNASKED)
    assert box.say(id, script([call("add", a=1)])).status == 200
    hosts = children(box.pid)
    assert box.say(id, script([one])).status == 200
    assert box.say(id, script([call("add", a=1)])).status == 200
    assert soon(lambda: not alive(hosts))
    assert len(children(box.pid)) == 1


def test_killed_from_outside(box: Toolbox) -> None:
    """Somebody else may end it, the kernel for want of memory: the next call starts another."""
    id = box.with_tools("add", "block", **UNASKED)
    assert box.say(id, script([call("add", a=1)])).status == 200
    for pid in children(box.pid):
        os.kill(pid, signal.SIGKILL)
    assert soon(lambda: "SIGKILL" in box.log.read_text("utf-8"))
    assert box.say(id, script([call("add", a=2)])).status == 200
    assert [text for _, text in box.tool_messages(id)] == ["2", "3"]
    with box.watch(id, script([call("block", seconds=1.5)])) as live:
        events = events_in(live)
        next(events)
        for pid in children(box.pid):
            os.kill(pid, signal.SIGKILL)
        (result,) = named(list(events), "tool_result")
    assert result["error_message"].startswith("Tool 'block' failed")


TURNS = 100


@pytest.mark.soak
def test_nothing_is_left_after_many_turns(box: Toolbox) -> None:
    """Answers, denials, failures, time-outs and leaving: no process stays, and no descriptor."""
    tools = ["add", "crash", "drop_file", "block", "nap"]
    id = box.with_tools(*tools, **UNASKED, tool_policies={"drop_file": "always_confirm"})
    box.told(id, script([call("add", a=1), call("drop_file", path="x")]))
    settled = descriptors(box)
    for number in range(TURNS):
        session = box.with_tools(*tools, **UNASKED, tool_policies={"drop_file": "always_confirm"})
        match number % 10:
            case 0 | 1 | 2:
                box.told(session, script([call("add", a=1), call("crash", how="raise")]))
            case 3 | 4:
                box.told(session, script([call("drop_file", path="x")]), approve=False)
            case 5:
                box.say(session, script([call("crash", how="leave")]))
            case 6 if number % 20 == 6:
                box.say(session, script([call("block", seconds=9)]))
            case 6 | 7:
                with box.watch(session, script([call("nap", seconds=0.1)])) as live:
                    next(events_in(live))
            case _:
                with box.watch(session, script([call("drop_file", path="x")])) as live:
                    asked(events_in(live))
    box.told(id, script([call("add", a=1)]))
    assert soon(lambda: len(children(box.pid)) == 1)
    assert soon(lambda: descriptors(box) <= settled + 2), (settled, descriptors(box))


def descriptors(box: Toolbox) -> int:
    return len(list(Path(f"/proc/{box.pid}/fd").iterdir()))
