"""Starts the gateway and its simulator as a user would, and ends them by process id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = [
    "DoesNotAnswer",
    "Gateway",
    "free_port",
    "gateway_alone",
    "gateway_on_the_simulator",
    "simulator",
]

CLOCK = '''
def read_clock() -> str:
    """Tell the time."""
    return "noon"
'''

PATIENCE = 20
"""Seconds that a program may take to answer its first request."""


class DoesNotAnswer(Exception):
    """A program that was started ended, or stayed silent; with what it said."""


@dataclass(frozen=True)
class Gateway:
    """A running gateway: its pid, what it has said so far, and which Ollama it stands before."""

    port: int
    pid: int
    log: Path
    ollama: str
    simulator: int = 0
    """The pid of that Ollama, where it is simulated."""

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def gateway_on_the_simulator() -> Iterator[Gateway]:
    """Both programs, each in a process of its own, so that descriptors can be told apart.

    The gateway has one tool, for sessions that want it.
    """
    port = free_port()
    with simulator(port) as pid, TemporaryDirectory(prefix="mochi-tools-") as tools:
        Path(tools, "clock").mkdir()
        Path(tools, "clock", "__init__.py").write_text(CLOCK, "utf-8")
        with gateway_alone(f"http://127.0.0.1:{port}", MOCHI_TOOLS_DIR=tools) as gateway:
            yield replace(gateway, simulator=pid)


@contextmanager
def simulator(port: int) -> Iterator[int]:
    """A simulated Ollama on this port; its pid."""
    command = ["simulate", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, port, "/api/version") as (pid, _):
        yield pid


@contextmanager
def gateway_alone(ollama_host: str, **environment: str) -> Iterator[Gateway]:
    """A gateway in front of whatever listens there, with settings such as `MOCHI_API_KEY=…`.

    It summarises only when it is told to: what it asks in the background would be mixed up with
    what a test has asked, there and in the files.
    """
    environment = {"MOCHI_SUMMARIZATION_ENABLED": "false"} | environment
    port = free_port()
    serve = ["serve", "--host", "127.0.0.1", "--port", str(port), "--ollama-host", ollama_host]
    with running(serve, port, "/health", **environment) as (pid, log):
        yield Gateway(port, pid, log, ollama_host)


@contextmanager
def running(
    command: list[str], port: int, probe: str, **environment: str
) -> Iterator[tuple[int, Path]]:
    """`python -m gateway …` in a folder of its own, once `probe` answers; its pid and its log."""
    with TemporaryDirectory(prefix="mochi-conformance-") as folder, ExitStack() as stack:
        log = Path(folder, "log")
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *command],
            cwd=folder,
            env=clean_environment() | environment,
            stdin=subprocess.DEVNULL,
            stdout=stack.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
        )
        stack.callback(end, process)
        wait_until_it_answers(process, f"mochi {' '.join(command)}", port, probe, log)
        yield process.pid, log


def clean_environment() -> dict[str, str]:
    """Ours without the settings of the gateway; it finds its packages where we find ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOCHI_")}
    here = str(Path(__file__).parents[1])
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [here, kept.get("PYTHONPATH")]))}


def wait_until_it_answers(
    process: subprocess.Popen[bytes], command: str, port: int, probe: str, log: Path
) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        with suppress(OSError, HTTPException):
            connection.request("GET", probe)
            if connection.getresponse().status == 200:
                return
        connection.close()
        time.sleep(0.05)
    said = log.read_text("utf-8", "replace")
    raise DoesNotAnswer(f"{command} does not answer:\n{said}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
