"""What `mochi serve` says, refuses, and does as a process."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import pytest

from gateway.cli import main
from gateway.commands.serve import banner
from gateway.config import Config
from gateway.tests.processes import ROOT, mochi, port_in, said_until

NOWHERE = "http://127.0.0.1:9"


def test_the_banner_says_what_to_paste() -> None:
    assert banner(Config(), "http://127.0.0.1:8000").splitlines()[2:] == [
        "  OpenAI API  http://127.0.0.1:8000/v1",
        '  In Python   OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="mochi")',
        "  Health      http://127.0.0.1:8000/health",
        "  Routes      http://127.0.0.1:8000/docs",
    ]


def test_the_banner_names_an_address_one_can_call_and_never_the_key() -> None:
    said = banner(Config(host="0.0.0.0", api_key="sk-secret"), "http://0.0.0.0:80")
    assert 'OpenAI(base_url="http://127.0.0.1:80/v1", api_key=os.environ["MOCHI_API_KEY"])' in said
    assert "MOCHI_ALLOWED_HOSTS" in said
    assert "sk-secret" not in said
    assert "/docs" not in said


def test_the_banner_shows_ollamas_own_routes_where_they_are_served() -> None:
    line = "  Ollama API  http://127.0.0.1:8000"
    said = banner(Config(ollama_passthrough=True), "http://127.0.0.1:8000").splitlines()
    assert line in said
    assert line not in banner(Config(), "http://127.0.0.1:8000").splitlines()


def test_a_setting_that_does_nothing_alone_is_told() -> None:
    with mochi("--port", "0", "--ollama-host", NOWHERE, MOCHI_OLLAMA_MANAGE="1") as process:
        said = said_until(process, "is ready")
    assert "MOCHI_OLLAMA_MANAGE does nothing without MOCHI_OLLAMA_PASSTHROUGH" in said


def test_it_serves_says_so_and_leaves_cleanly_on_ctrl_c() -> None:
    with mochi("--port", "0", "--ollama-host", NOWHERE, MOCHI_LATER="1") as process:
        said = said_until(process, "does not answer")
        assert "WARNING mochi: The variable MOCHI_LATER belongs to no setting" in said
        assert f"Ollama does not answer at {NOWHERE} yet" in said
        with urlopen(f"http://127.0.0.1:{port_in(said)}/health", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10)[0] == ""
        assert process.returncode == 0


def test_a_taken_port_is_one_line_and_status_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with mochi("serve", "--port", port) as process:
            said = process.communicate(timeout=10)[0]
    assert process.returncode == 1
    assert said == (
        f"mochi: Cannot listen on 127.0.0.1:{port}: Address already in use. Try another --port.\n"
    )


def test_a_host_that_does_not_exist_is_one_line_and_status_1() -> None:
    with mochi("serve", "--host", "no.such.invalid", MOCHI_API_KEY="sk-mochi") as process:
        said = process.communicate(timeout=20)[0]
    assert process.returncode == 1
    assert said.startswith("mochi: Cannot listen on no.such.invalid:8000: ")
    assert said.count("\n") == 1


def test_the_network_is_refused_without_a_key() -> None:
    with mochi("serve", "--host", "0.0.0.0", "--port", "0") as process:
        said = process.communicate(timeout=10)[0]
    assert process.returncode == 2
    assert said == (
        "mochi: 0.0.0.0 can be reached from the network, so set a key with MOCHI_API_KEY=…, or add "
        "--insecure-no-auth to serve everybody without one.\n"
    )


@pytest.mark.parametrize(
    ("flags", "environment", "loud"),
    [
        (["--insecure-no-auth"], {}, True),
        ([], {"MOCHI_API_KEY": "sk-mochi"}, False),
    ],
)
def test_the_network_is_served_with_a_key_or_on_demand(
    flags: list[str], environment: dict[str, str], loud: bool
) -> None:
    # A short form of 127.0.0.1: the settings take it for any other name, and no network is near.
    command = ["serve", "--host", "127.1", "--port", "0", *flags]
    with mochi(*command, **environment) as process:
        said = said_until(process, "/health")
    assert ("NO API KEY" in said) is loud


def test_it_starts_again_when_a_file_changes() -> None:
    with mochi("--reload", "--port", "0", "--ollama-host", NOWHERE) as process:
        said = said_until(process, "/health")
        time.sleep(0.6)
        changed = ROOT / "gateway" / "__main__.py"
        stat = changed.stat()
        try:
            os.utime(changed)
            again = said_until(process, "/health")
        finally:
            os.utime(changed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert "Reloading" in again
        assert port_in(again.split("OpenAI API")[1]) == port_in(said)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        assert process.returncode == 0


def test_a_bad_file_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.toml").write_text("prot = 1\n")
    assert main(["serve", "--config", str(tmp_path / "bad.toml")]) == 2
    said = capsys.readouterr().err
    assert said == "mochi: bad.toml has an unknown setting 'prot'; did you mean 'port'?\n"


def test_what_it_takes_to_listen_brings_no_litestar() -> None:
    """So whoever connects while that is imported is queued rather than refused."""
    program = "import sys, gateway.commands.serve; raise SystemExit('litestar' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("form", [{"MOCHI_LOG_JSON": "true"}, {"MOCHI_LOG_LEVEL": "DEBUG"}])
def test_a_log_that_nobody_reads_holds_up_neither_requests_nor_the_end(
    form: dict[str, str],
) -> None:
    """A pipe takes 64 KiB, and then nothing any more."""
    with subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo", "--port", "0"],
        cwd=ROOT,
        env=os.environ | form,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            with closing(HTTPConnection("127.0.0.1", port_in(said_until(process, "/v1")))) as http:
                for _ in range(1000):
                    http.request("GET", "/health")
                    assert http.getresponse().read()
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()
