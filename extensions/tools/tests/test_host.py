"""Calls in one tool host, and what becomes of them."""

import asyncio
import time
from pathlib import Path

import pytest
from msgspec import Raw

from extensions.tools.host import CallLost, ScanBroken, ToolHost
from extensions.tools.tests.packages import alive, eventually, package
from extensions.tools.wire import Scan

TOOLS = """
    import os, time

    def wait(seconds: float) -> str:
        "Wait."
        time.sleep(seconds)
        return "waited"

    def exit_now() -> str:
        "Die."
        os._exit(3)
"""

NONE = Raw(b"{}")


def waiting(seconds: float) -> Raw:
    return Raw(b'{"seconds":%f}' % seconds)


async def started(folder: Path) -> ToolHost:
    return await ToolHost.started(Scan(folder=str(package(folder, "some", TOOLS))), 20)


async def is_over(host: ToolHost) -> bool:
    return await asyncio.to_thread(eventually, lambda: host.over) and not alive(host.pid)


async def test_calls_run_beside_each_other(tmp_path: Path) -> None:
    host = await started(tmp_path)
    assert list(host.catalogue.tools) == ["wait", "exit_now"]
    began = time.perf_counter()
    ran = await asyncio.gather(*(host.run("wait", waiting(0.3), 5) for _ in range(20)))
    assert time.perf_counter() - began < 3
    assert [each.result for each in ran] == ["waited"] * 20
    assert all(0.3 <= each.seconds < 3 for each in ran)
    await host.aclose()
    assert host.over
    assert not alive(host.pid)


async def test_after_a_call_that_takes_too_long_the_others_may_finish(tmp_path: Path) -> None:
    host = await started(tmp_path)
    slow = asyncio.create_task(host.run("wait", waiting(0.8), 5))
    with pytest.raises(CallLost, match=r"^it took longer than 0\.2 seconds$"):
        await host.run("wait", waiting(3600), 0.2)
    assert not host.takes_calls
    assert alive(host.pid)
    with pytest.raises(CallLost):
        await host.run("wait", waiting(0), 5)
    assert (await slow).result == "waited"
    assert await is_over(host)


async def test_the_end_of_the_process_loses_the_calls_in_it(tmp_path: Path) -> None:
    host = await started(tmp_path)
    slow = asyncio.create_task(host.run("wait", waiting(3600), 5))
    await asyncio.sleep(0)
    with pytest.raises(CallLost, match=r"^the process of the tools exited with status 3$"):
        await host.run("exit_now", NONE, 5)
    with pytest.raises(CallLost):
        await slow
    assert await is_over(host)


async def test_a_caller_that_leaves_stops_no_call_and_leaves_nothing_behind(tmp_path: Path) -> None:
    host = await started(tmp_path)
    call = asyncio.create_task(host.run("wait", waiting(0.3), 5))
    forgotten = asyncio.create_task(host.run("wait", waiting(3600), 0.5))
    await asyncio.sleep(0.1)
    call.cancel()
    forgotten.cancel()
    host.retire()
    await asyncio.sleep(0.1)
    assert alive(host.pid)
    assert await is_over(host)


@pytest.mark.parametrize(
    ("code", "package_at_fault", "reason"),
    [
        ("import os; os._exit(9)", "some", "exited with status 9 while it was imported"),
        ("while True: pass", "some", "importing it took longer than 1 seconds"),
    ],
)
async def test_a_scan_that_ends_nowhere_names_the_package(
    tmp_path: Path, code: str, package_at_fault: str, reason: str
) -> None:
    folder = package(package(tmp_path, "empty", ""), "some", code)
    with pytest.raises(ScanBroken, match=reason) as broken:
        await ToolHost.started(Scan(folder=str(folder)), 1)
    assert broken.value.package == package_at_fault
