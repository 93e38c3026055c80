"""`mochi pull`, for people at a terminal and for logs."""

import os
import pty
import signal
import subprocess
import sys
from asyncio import to_thread
from functools import partial
from io import StringIO

import pytest

from adapters.ollama.library import PullStep
from adapters.simulator import Simulator
from gateway.cli import main
from gateway.commands import animated
from gateway.commands.pull import Lines
from gateway.tests.processes import ROOT, mochi, said_until

NOWHERE = "http://127.0.0.1:9"


def layer(megabytes: int, status: str = "pulling aa") -> PullStep:
    return PullStep(status, "sha256:aa", 45 * 1_000_000, megabytes * 1_000_000)


@pytest.mark.parametrize(
    ("steps", "lines"),
    [
        (
            [PullStep("pulling manifest"), layer(0), layer(2), layer(9), layer(10), layer(45)],
            ["pulling manifest", "pulling aa: 45 MB", "pulling aa: 20 %", "pulling aa: 100 %"],
        ),
        ([layer(20), layer(21)], ["pulling aa: 45 MB, going on at 20 MB"]),
        ([layer(45)], ["pulling aa: 45 MB, here already"]),
        ([PullStep("verifying"), PullStep("verifying")], ["verifying"]),
        ([PullStep("pulling aa", "sha256:aa")], ["pulling aa: 0 MB"]),
    ],
    ids=["from nothing", "from before", "all there", "the same again", "unknown size"],
)
def test_a_log_gets_lines(
    steps: list[PullStep], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    display = Lines()
    for step in steps:
        display.show(step)
    assert capsys.readouterr().out.splitlines() == lines


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_only_a_terminal_that_wants_them_gets_bars() -> None:
    assert animated(Terminal(), {"TERM": "xterm"})
    assert not animated(Terminal(), {"TERM": "dumb"})
    assert not animated(Terminal(), {"TERM": "xterm", "NO_COLOR": "1"})
    assert not animated(StringIO(), {"TERM": "xterm"})


async def test_a_model_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    async with Simulator() as simulator:
        asked = ["pull", "demo-new", "--base-url", simulator.url]
        assert await to_thread(main, asked) == 0
    said = capsys.readouterr().out.splitlines()
    assert (said[0], said[-2]) == ("pulling manifest", "success")
    assert said[-1] == 'demo-new is here. With `mochi serve`, ask for it as model="demo-new".'


async def test_an_unknown_model_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    async with Simulator() as simulator:
        asked = ["pull", "nobody", "--ollama-host", simulator.url]
        assert await to_thread(main, asked) == 1
    assert capsys.readouterr().err == "mochi: Ollama's library has no model 'nobody'.\n"


def test_without_an_ollama_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull", "demo", "--base-url", NOWHERE]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"mochi: Ollama does not answer at {NOWHERE} yet: start it with")
    assert said.count("\n") == 1


async def test_ctrl_c_leaves_what_was_fetched() -> None:
    def interrupted(url: str) -> tuple[int, str]:
        with mochi("pull", "demo-new", "--base-url", url) as process:
            said_until(process, "0 %")
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=10)[0]
            return process.returncode, rest

    async with Simulator(token_delay=0.05) as simulator:
        status, said = await to_thread(interrupted, simulator.url)
        assert (status, said.splitlines()[-1]) == (
            130,
            "mochi: Stopped. What was fetched is kept: the same command goes on from there.",
        )
        assert "Traceback" not in said


def at_a_terminal(url: str, **environment: str) -> str:
    """What `mochi pull demo-new` shows there."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "pull", "demo-new", "--base-url", url],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", **environment},
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    try:
        while block := os.read(master, 65536):
            said += block
    except OSError:
        pass  # that is how Linux says that the other end is closed
    finally:
        os.close(master)
        process.kill()
        process.wait()
    return said.decode()


@pytest.mark.parametrize(
    ("environment", "escapes"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["bars", "plain"]
)
async def test_at_a_terminal(environment: dict[str, str], escapes: bool) -> None:
    async with Simulator(token_delay=0.001) as simulator:
        said = await to_thread(partial(at_a_terminal, simulator.url, **environment))
    assert ("\x1b[" in said) is escapes
    assert "demo-new is here." in said.splitlines()[-1]
