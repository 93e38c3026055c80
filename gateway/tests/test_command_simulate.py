"""The simulated Ollama alone, asked by another of our commands."""

import signal
import socket

import pytest

from gateway.cli import main
from gateway.tests.processes import mochi, port_in, said_until


def test_it_is_an_ollama_until_it_is_told_to_stop(capsys: pytest.CaptureFixture[str]) -> None:
    with mochi("simulate", "--port", "0") as process:
        url = f"http://127.0.0.1:{port_in(said_until(process, 'Ctrl-C ends it'))}"
        assert main(["models", "--base-url", url]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("NAME ")
        assert any(line.startswith("demo:latest ") for line in lines)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10)[0] == ""
        assert process.returncode == 0


def test_a_taken_port_is_one_line_and_status_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with mochi("simulate", "--port", port) as process:
            said = process.communicate(timeout=10)[0]
    assert process.returncode == 1
    assert said == (
        f"mochi: Cannot listen on 127.0.0.1:{port}: Address already in use. Try another --port.\n"
    )


def test_the_faults_are_listed_with_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(
        line.split() == ["demo-broken-html", "200", "and", "an", "HTML", "page"] for line in lines
    )
    assert any(line.startswith("demo-writes-hermes ") for line in lines)
    assert any(line.startswith("demo-long ") for line in lines)
