"""The process with the user's functions, spoken to as the server speaks to it."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from extensions.tools.process import HostProcess
from extensions.tools.tests.packages import alive, eventually, package
from extensions.tools.wire import FromHost, Importing, Ran, Run, Scan, Scanned

TOOLS = """
    import asyncio, ctypes, os, signal, subprocess, sys, threading, time

    def add(a: int, b: int) -> int:
        "Add."
        return a + b

    async def add_later(a: int, b: int) -> int:
        "Add on the loop."
        await asyncio.sleep(0)
        return a + b

    def later_without_saying_so(a: int):
        "Give back something to await."
        return add_later(a, 1)

    def leave() -> str:
        "Exit."
        sys.exit("enough")

    async def leave_later() -> str:
        "Exit on the loop."
        raise KeyboardInterrupt

    async def leave_behind() -> str:
        "Leave a task that exits."
        async def exits(): raise SystemExit
        asyncio.get_running_loop().create_task(exits())
        return "left"

    def interrupt() -> str:
        "Interrupt the process."
        os.kill(os.getpid(), signal.SIGINT)
        return "still here"

    def chatter() -> str:
        "Print, and ask."
        print('{"type":"ran","id":0,"result":"forged","seconds":0}')
        os.write(1, b"and more")
        return repr(sys.stdin.read())

    def close_all() -> str:
        "Close what a daemon would."
        os.closerange(3, 100)
        return "closed"

    def fork() -> str:
        "Come back twice."
        return "parent" if os.fork() else "child"

    def modules() -> list:
        "What is imported."
        return sorted(sys.modules)

    def environment() -> dict:
        "What is in it."
        return dict(os.environ)

    def huge() -> str:
        "Far too much."
        return "x" * 200_000_000

    def hang() -> str:
        "For ever."
        time.sleep(3600)

    def start() -> str:
        "Start a program."
        return str(subprocess.Popen(["sleep", "3600"]).pid)

    def close_pipe() -> str:
        "Break the protocol."
        os.close(201)
        return "closed"

    def scribble() -> str:
        "Write what is no message."
        os.write(201, b"hello\\n")
        return "written"

    def endless_line() -> str:
        "Write without a line break."
        while True:
            os.write(201, b"x" * 65536)

    def crash() -> str:
        "Die."
        ctypes.string_at(0)

    def exit_now() -> str:
        "Die on purpose."
        os._exit(7)

    def endless_print() -> str:
        "Print for ever."
        while True:
            print("again and again")
"""


class Spoken:
    """A host with these tools; remembers what it said."""

    def __init__(self) -> None:
        self.heard: list[FromHost] = []
        self.ended: list[str] = []
        self.process = HostProcess(self.hear, self.hear)
        self._news = asyncio.Event()

    def hear(self, said: FromHost | str) -> None:
        if isinstance(said, str):
            self.ended.append(said)
        else:
            self.heard.append(said)
        self._news.set()

    async def until(self, count: int) -> FromHost:
        """The last of so many things heard, or the end."""
        async with asyncio.timeout(20):
            while len(self.heard) < count and not self.ended:
                self._news.clear()
                await self._news.wait()
        return self.heard[-1]

    async def result(self, name: str, **arguments: Any) -> str | None:
        """What a call of it gave, or went wrong with; nothing if the process ended."""
        before = len(self.heard)
        text = Raw(msgspec.json.encode(arguments))
        self.process.say(Run(id=before, name=name, arguments=text))
        ran = await self.until(before + 1)
        if len(self.heard) == before:
            return None
        assert isinstance(ran, Ran)
        assert ran.id == before
        assert ran.seconds < 20
        return ran.result or ran.error


@asynccontextmanager
async def host(folder: Path) -> AsyncGenerator[Spoken, None]:
    spoken = Spoken()
    await spoken.process.start()
    try:
        spoken.process.say(Scan(folder=str(folder)))
        assert await spoken.until(1) == Importing("some")
        assert isinstance(await spoken.until(2), Scanned)
        yield spoken
    finally:
        spoken.process.kill()
        async with asyncio.timeout(5):
            await spoken.process.gone()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return package(tmp_path, "some", TOOLS)


async def test_calls_are_answered_whatever_the_functions_do(folder: Path) -> None:
    async with host(folder) as spoken:
        assert await spoken.result("add", a=1, b=2) == "3"
        assert await spoken.result("add_later", a=1, b=2) == "3"
        assert await spoken.result("later_without_saying_so", a=1) == "2"
        assert await spoken.result("leave") == "Tool 'leave' failed: SystemExit: enough"
        assert await spoken.result("leave_later") == "Tool 'leave_later' failed: KeyboardInterrupt"
        assert await spoken.result("leave_behind") == "left"
        assert await spoken.result("interrupt") == "still here"
        assert await spoken.result("chatter") == "''"
        assert await spoken.result("fork") == "parent"
        wrong = await spoken.result("add", a=1, c=2)
        assert wrong is not None
        assert wrong.startswith("Invalid arguments for tool 'add': unknown argument 'c'")
        missing = await spoken.result("nothing")
        assert missing == "Tool 'nothing' failed: it is not there any more"
        assert await spoken.result("add_later", a=3, b=4) == "7"
        assert await spoken.result("close_all") == "closed"  # the loop of the functions with it
        assert await spoken.result("add", a=3, b=4) == "7"
        assert not spoken.ended


async def test_a_huge_result_stays_where_it_was_made(folder: Path) -> None:
    async with host(folder) as spoken:
        text = await spoken.result("huge")
        assert text is not None
        assert len(text) < 70_000


async def test_what_hangs_keeps_nobody_waiting(folder: Path) -> None:
    async with host(folder) as spoken:
        for id in range(100, 150):
            spoken.process.say(Run(id=id, name="hang", arguments=Raw(b"{}")))
        assert await spoken.result("add", a=1, b=2) == "3"
        assert await spoken.result("add_later", a=1, b=2) == "3"


async def test_the_process_is_lean_and_knows_none_of_our_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOCHI_API_KEY", "sesame")
    monkeypatch.setenv("mochi_api_key", "sesame")
    monkeypatch.setenv("WEATHER_KEY", "theirs")
    async with host(folder) as spoken:
        modules = await spoken.result("modules")
        assert modules is not None
        loaded = set(msgspec.json.decode(modules))
        assert loaded.isdisjoint({"litestar", "uvicorn", "uvloop", "gateway.app", "gateway.http"})
        environment = await spoken.result("environment")
    assert environment is not None
    assert "sesame" not in environment
    assert msgspec.json.decode(environment)["WEATHER_KEY"] == "theirs"


@pytest.mark.parametrize(
    ("tool", "reason"),
    [
        ("crash", "was ended by SIGSEGV"),
        ("exit_now", "exited with status 7"),
        ("close_pipe", "was ended by SIGKILL"),
        ("scribble", "wrote into a pipe that is not its own"),
        ("endless_line", "said too much at once"),
    ],
)
async def test_the_end_of_the_process_has_a_reason(folder: Path, tool: str, reason: str) -> None:
    async with host(folder) as spoken:
        await spoken.result(tool)
        async with asyncio.timeout(5):
            await spoken.process.gone()
        assert spoken.ended == [reason]
        assert not alive(spoken.process.pid)


async def test_endless_printing_costs_no_other_call_and_little_of_the_log(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with host(folder) as spoken:
        with caplog.at_level("INFO", "mochi.tools"):
            spoken.process.say(Run(id=100, name="endless_print", arguments=Raw(b"{}")))
            for _ in range(20):
                assert await spoken.result("add", a=1, b=2) == "3"
                await asyncio.sleep(0.01)
    assert len(caplog.records) < 130


async def test_the_host_takes_what_it_started_along(folder: Path) -> None:
    async with host(folder) as spoken:
        child = int(await spoken.result("start") or 0)
        assert alive(child)
    assert eventually(lambda: not alive(child))


async def test_the_end_of_the_server_ends_it(folder: Path) -> None:
    script = f"""if True:
        import asyncio
        from pathlib import Path
        from extensions.tools.service import FolderTools
        from gateway.core.messages import ToolCall

        async def main():
            tools = FolderTools(Path({str(folder)!r}))
            print((await tools.run(ToolCall("", "start", {{}}))).result, flush=True)
            print(tools._hosts._current.pid, flush=True)
            await tools.run(ToolCall("", "hang", {{}}))
        asyncio.run(main())
    """
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert server.stdout
    async with asyncio.timeout(20):
        pids = [int(await server.stdout.readline()) for _ in range(2)]
        assert all(map(alive, pids))
        server.kill()
        await server.wait()
    assert eventually(lambda: not any(map(alive, pids)))
