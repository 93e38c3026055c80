"""What is left of a host process, on both event loops."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from extensions.tools.process import HostProcess, exit_reason
from extensions.tools.tests.packages import alive, descriptors, eventually, package
from extensions.tools.wire import FromHost, Scan, Scanned

EXITS = "import os; os._exit(3)"


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param}


async def scanned(folder: Path) -> tuple[list[FromHost], str, int]:
    """What a host says about a folder until it ends, and why it does."""
    heard: list[FromHost] = []
    ended = asyncio.get_running_loop().create_future()

    def hear(said: FromHost) -> None:
        heard.append(said)
        if isinstance(said, Scanned):
            process.kill("is not needed")

    process = HostProcess(hear, ended.set_result)
    await process.start()
    process.say(Scan(folder=str(folder)))
    async with asyncio.timeout(10):
        reason = await ended
        await process.gone()
    process.say(Scan(folder=str(folder)))  # and nobody minds
    process.kill()
    return heard, reason, process.pid


async def test_nothing_is_left(tmp_path: Path) -> None:
    await scanned(package(tmp_path / "first", "empty", ""))  # what the loop itself opens once
    before, tasks = descriptors(), asyncio.all_tasks()
    heard, reason, pid = await scanned(package(tmp_path / "empty", "empty", ""))
    assert (len(heard), reason, alive(pid)) == (2, "is not needed", False)
    heard, reason, pid = await scanned(package(tmp_path / "exits", "exits", EXITS))
    assert (len(heard), reason, alive(pid)) == (1, "exited with status 3", False)
    await asyncio.sleep(0)
    assert descriptors() == before
    assert asyncio.all_tasks() == tasks


async def test_what_a_crashed_host_has_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"""
        import os, pathlib, subprocess
        program = subprocess.Popen(["sleep", "3600"])
        pathlib.Path({str(note)!r}).write_text(str(program.pid))
        os._exit(3)
    """
    _, reason, _ = await scanned(package(tmp_path, "leaves", code))
    assert reason == "exited with status 3"
    program = int(note.read_text())
    assert await asyncio.to_thread(eventually, lambda: not alive(program))


async def test_a_copy_of_its_pipe_does_not_keep_a_host(tmp_path: Path) -> None:
    """In a program outside of its group, which nobody ends."""
    note = tmp_path / "pid"
    code = f"""
        import os, pathlib, subprocess
        from extensions.tools.worker import TO_SERVER
        os.set_inheritable(TO_SERVER, True)
        settings = dict(close_fds=False, start_new_session=True)
        pathlib.Path({str(note)!r}).write_text(str(subprocess.Popen(["sleep", "60"], **settings).pid))
        os._exit(3)
    """
    _, reason, _ = await scanned(package(tmp_path, "copies", code))
    program = int(note.read_text())
    assert alive(program)
    os.kill(program, signal.SIGKILL)
    assert reason == "exited with status 3"


async def test_the_reason_is_what_a_shell_would_say() -> None:
    assert exit_reason(0) == "exited with status 0"
    assert exit_reason(-9) == "was ended by SIGKILL"
    assert exit_reason(-200) == "was ended by signal 200"
