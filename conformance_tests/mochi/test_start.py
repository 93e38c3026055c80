"""Starting and stopping, as a user sees it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conformance_tests.launcher import (
    Gateway,
    clean_environment,
    free_port,
    gateway_alone,
    running,
)
from conformance_tests.wire import Server


def mochi(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=20,
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_the_network_needs_a_key(gateway: Gateway, tmp_path: Path, host: str) -> None:
    """CVE-2023-48022: open to the network without a key "by design", and mass exploited."""
    ended = mochi(tmp_path, "serve", "--host", host, "--port", "0")
    assert ended.returncode == 2
    assert "MOCHI_API_KEY" in ended.stderr
    assert "--insecure-no-auth" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_told(gateway: Gateway, tmp_path: Path) -> None:
    """One sentence, not a traceback."""
    ended = mochi(tmp_path, "serve", "--port", str(gateway.port))
    assert ended.returncode != 0
    assert str(gateway.port) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_bad_setting_is_told(gateway: Gateway, tmp_path: Path) -> None:
    """Status 2 is the convention for a command line that makes no sense."""
    ended = mochi(tmp_path, "serve", "--port", "many")
    assert ended.returncode == 2
    assert "port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_demo_needs_nothing(gateway: Gateway) -> None:
    """One command from nothing to a streaming answer."""
    port = free_port()
    with running(["demo", "--port", str(port)], port, "/health"):
        server = Server(f"http://127.0.0.1:{port}/v1", "demo", timeout=15)
        answer = server.stream(max_tokens=5)
        assert answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to(gateway: Gateway, number: signal.Signals) -> None:
    """Container runtimes send SIGTERM, terminals SIGINT, and both wait ten seconds at most."""
    with gateway_alone("http://127.0.0.1:1") as started:
        process = Path(f"/proc/{started.pid}")
        began = time.monotonic()
        subprocess.run(["kill", f"-{number.value}", str(started.pid)], check=True)
        while process.exists() and "zombie" not in (process / "status").read_text():
            assert time.monotonic() - began < 5
            time.sleep(0.02)
        assert "Traceback" not in started.log.read_text("utf-8")


def test_running_answers_are_finished_first(gateway: Gateway) -> None:
    """SIGTERM in a rolling restart: what was begun is ended, new connections are not taken."""
    with gateway_alone(gateway.ollama) as started:
        server = Server(started.root + "/v1", "demo-broken-stall-1", timeout=15)
        with server.open("POST", "/chat/completions", server.body(stream=True)) as live:
            assert live.begin() == 200
            subprocess.run(["kill", "-TERM", str(started.pid)], check=True)
            assert live.rest().body.endswith(b"data: [DONE]\n\n")
