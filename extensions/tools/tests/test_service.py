"""The tools of a folder, as sessions use them."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from extensions.sessions.session import Session, ToolSettings
from extensions.tools.executions import Statistics
from extensions.tools.outcome import ToolOutcome
from extensions.tools.service import FolderTools
from extensions.tools.tests.packages import alive, called, descriptors, eventually, package
from extensions.tools.tool import PlainTool
from gateway.core.errors import ToolNotFound
from gateway.core.metrics import Tools as Counts

TOOLS = """
    import os, subprocess, time

    __all__ = ["add", "wait", "exit_now", "start", "burn"]
    __sums__ = ["add", "nothing"]

    def add(a: int, b: int) -> int:
        "Add."
        return a + b

    def wait(seconds: float) -> str:
        "Wait."
        time.sleep(seconds)
        return "first"

    def exit_now() -> str:
        "Die."
        os._exit(3)

    def start(seconds: float) -> str:
        "Start a program and wait."
        print(subprocess.Popen(["sleep", "3600"]).pid, file=open(os.environ["PIDS"], "w"))
        time.sleep(seconds)

    def burn(seconds: float) -> str:
        "Compute."
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass
        return "burnt"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return package(tmp_path, "some", TOOLS)


def having(**settings: Any) -> Session:
    """A session with these settings of its tools."""
    tools = ToolSettings(**settings)
    return Session(id="s", model="m", created_at="", updated_at="", tool_settings=tools)


def pid_of(tools: FolderTools) -> int:
    host = tools._hosts._current
    assert host is not None
    return host.pid


async def test_a_session_without_tools_starts_nothing(folder: Path) -> None:
    before = descriptors()
    tools = FolderTools(folder)
    active = await tools.active(having())
    assert (list(active.offered()), active.get("add")) == ([], None)
    assert descriptors() == before
    await tools.aclose()


async def test_a_session_has_the_tools_of_its_group_or_its_list(folder: Path) -> None:
    tools = FolderTools(folder)

    async def names(**settings: Any) -> list[str]:
        return [each.name for each in (await tools.active(having(**settings))).offered()]

    assert await names(tools=("wait", "add", "nothing", "add")) == ["wait", "add"]
    assert await names(tools=("wait",), tool_group="sums") == ["add"]
    assert await names(tools=("wait",), tool_group="unknown") == ["wait"]
    assert await names(tool_group="unknown") == []
    assert (await tools.active(having(tools=("wait",)))).get("add") is None
    assert (await tools.tool("add")).required == ("a", "b")
    with pytest.raises(ToolNotFound):
        await tools.tool("nothing")
    await tools.aclose()


async def test_packages_that_stand_apart_have_names_of_their_own(tmp_path: Path) -> None:
    for name, sign in (("plus", "+"), ("minus", "-")):
        package(
            tmp_path, name, f"def do(a: int, b: int) -> int:\n    'Do.'\n    return a {sign} b\n"
        )
    tools = FolderTools(tmp_path, apart=True)
    assert list((await tools.catalogue()).tools) == ["minus/do", "plus/do"]
    for name, result in (("plus", "3"), ("minus", "1")):
        own = await tools.of_package(name)
        do = own.get("do")
        assert isinstance(do, PlainTool)
        assert await do.run(called("do", a=2, b=1)) == ToolOutcome(True, result)
        assert (await do.run(called("do"))).result.startswith(
            "Error: Invalid arguments for tool 'do'"
        )
    assert list((await tools.of_package("nothing")).offered()) == []
    await tools.aclose()


async def test_calls_run_and_are_remembered(folder: Path) -> None:
    tools = FolderTools(folder)
    add = (await tools.active(having(tools=("add",)))).get("add")
    assert isinstance(add, PlainTool)
    assert await add.run(called("add", a=1, b="2")) == ToolOutcome(True, "3")
    wrong = await add.run(called("add", a=1))
    assert wrong.error is not None
    assert wrong.error.startswith("Invalid arguments for tool 'add': missing argument 'b'")
    assert wrong.result == f"Error: {wrong.error}"
    large = await tools.run(called("add", a="1" * 262_145, b=2))
    assert large.error == "Invalid arguments for tool 'add': they take more than 256 KiB"
    assert await tools.run(called("nothing")) == ToolOutcome.unknown("nothing")
    told = [(each.tool_name, each.success, each.result) for each in tools.executions.last]
    assert told[:2] == [("add", True, "3"), ("add", False, wrong.result)]
    counted = tools.executions.statistics("add")
    assert (counted.total, counted.successful, counted.failed) == (3, 1, 2)
    assert 0 < counted.average_time < 1
    assert tools.executions.statistics("nothing") == Statistics()
    await tools.aclose()


async def test_a_tool_that_dies_or_hangs_fails_alone(folder: Path) -> None:
    before = descriptors()
    counts = Counts()
    tools = FolderTools(folder, timeout=0.5, counts=counts)
    died = await tools.run(called("exit_now"))
    assert died == ToolOutcome.failed(
        "Tool 'exit_now' failed: the process of the tools exited with status 3"
    )
    hung = await tools.run(called("wait", seconds=3600))
    assert hung == ToolOutcome.failed("Tool 'wait' failed: it took longer than 0.5 seconds")
    assert await tools.run(called("add", a=1, b=2)) == ToolOutcome(True, "3")
    assert tools.executions.statistics().failed == 2
    assert counts.calls.counts == {
        ("exit_now", "failed"): 1,
        ("wait", "timed_out"): 1,
        ("add", "ok"): 1,
    }
    await tools.aclose()
    await asyncio.sleep(0.01)
    assert descriptors() == before


async def test_programs_of_a_tool_that_hangs_end_with_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = folder / "pids"
    monkeypatch.setenv("PIDS", str(pids))
    tools = FolderTools(folder, timeout=0.5)
    outcome = await tools.run(called("start", seconds=3600))
    assert not outcome.success
    pid = int(pids.read_text())
    assert await asyncio.to_thread(eventually, lambda: not alive(pid))
    await tools.aclose()


async def test_a_reload_does_not_disturb_a_call(folder: Path) -> None:
    tools = FolderTools(folder)
    await tools.catalogue()
    old = pid_of(tools)
    running = asyncio.create_task(tools.run(called("wait", seconds=1.5)))
    await asyncio.sleep(0.1)
    package(folder, "some", TOOLS.replace('"first"', '"second"').replace("add", "plus"))
    reloads = await asyncio.gather(tools.reload(), tools.reload())
    assert all("plus" in each.tools and "add" not in each.tools for each in reloads)
    assert await tools.run(called("wait", seconds=0)) == ToolOutcome(True, "second")
    assert await tools.run(called("add", a=1, b=2)) == ToolOutcome.unknown("add")
    assert await running == ToolOutcome(True, "first")
    assert await asyncio.to_thread(eventually, lambda: not alive(old))
    await tools.aclose()


async def test_a_caller_that_leaves_stops_neither_its_call_nor_others(folder: Path) -> None:
    tools = FolderTools(folder)
    await tools.catalogue()
    leaving = asyncio.create_task(tools.run(called("wait", seconds=0.3)))
    await asyncio.sleep(0.05)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    pid = pid_of(tools)
    assert await tools.run(called("add", a=1, b=2)) == ToolOutcome(True, "3")
    assert pid_of(tools) == pid
    await tools.aclose()


async def test_the_server_goes_on_while_a_tool_computes(folder: Path) -> None:
    tools = FolderTools(folder)
    await tools.catalogue()
    burning = asyncio.create_task(tools.run(called("burn", seconds=0.5)))
    late = []
    while not burning.done():
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append(time.perf_counter() - began)
    assert await burning == ToolOutcome(True, "burnt")
    assert sorted(late)[len(late) // 2] < 0.1
    await tools.aclose()


async def test_an_end_with_a_call_under_way_tells_it(folder: Path) -> None:
    tools = FolderTools(folder)
    await tools.catalogue()
    running = asyncio.create_task(tools.run(called("wait", seconds=3600)))
    await asyncio.sleep(0.05)
    pid = pid_of(tools)
    await tools.aclose()
    outcome = await running
    assert outcome.error == "Tool 'wait' failed: the process of the tools was stopped"
    assert not alive(pid)
    after = await tools.run(called("add", a=1, b=2))
    assert after.error == "Tool 'add' failed: The gateway is about to end."
