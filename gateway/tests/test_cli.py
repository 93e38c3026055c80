"""What may be typed, and how a mistake looks."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from gateway import __version__
from gateway.cli import SETTINGS, main, parsed


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("", "serve"),
        ("--port 9000", "serve"),
        ("serve", "serve"),
        ("serve --demo", "demo"),
        ("--demo", "demo"),
        ("demo --port 0", "demo"),
        ("simulate", "simulate"),
        ("models", "models"),
        ("pull qwen3:8b", "pull"),
        ("chat --last", "chat"),
        ("conformance --profile chat --profile tools", "conformance"),
        ("conformance diff a.json b.json", "conformance"),
        ("bench demo --json -", "bench"),
    ],
)
def test_flags_alone_are_those_of_serve(typed: str, command: str) -> None:
    assert parsed(typed.split()).command == command


def test_settings_stay_text_for_the_settings_to_judge() -> None:
    arguments = parsed(["--port", "x", "--ollama-host", "box"])
    assert (arguments.port, arguments.ollama_host, arguments.host) == ("x", "box", None)


def test_models_takes_a_base_url() -> None:
    assert parsed(["models", "--base-url", "http://box"]).ollama_host == "http://box"


@pytest.mark.parametrize("typed", ["nonsense", "serve --prot 1", "simulate --port 70000"])
def test_what_is_not_known_ends_with_status_2(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(typed.split())
    assert caught.value.code == 2
    assert "mochi" in capsys.readouterr().err


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"mochi {__version__}\n"


def test_a_bad_setting_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--port", "eighty"]) == 2
    said = "mochi: --port: 'eighty' is not a number from 0 to 65535, 0 for any free port.\n"
    assert capsys.readouterr().err == said


def test_help_lists_the_settings_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", "--help"])
    options = capsys.readouterr().out.partition("options:")[2]
    places = [options.index(f"--{name} ") for name in SETTINGS if name != "ollama-host"]
    assert places == sorted(places)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    commands = ("serve", "demo", "simulate", "models", "chat", "conformance", "bench")
    assert all(command in said for command in commands)


def test_parsing_imports_neither_the_server_nor_litestar() -> None:
    """So that a mistake is told at once, and each command pays for itself alone."""
    program = """
import sys
import gateway.cli
gateway.cli.parsed(["models"])
assert not {"litestar", "uvicorn", "asyncio", "rich", "httpx"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_an_interrupt_is_no_traceback(tmp_path: Path) -> None:
    program = """
import os, signal
import gateway.commands.models as models
from gateway.cli import main
models.run = lambda arguments: os.kill(os.getpid(), signal.SIGINT)
raise SystemExit(main(["models"]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGINT, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device is Linux's")
@pytest.mark.parametrize("typed", [["simulate", "--faults"], ["conformance", "--profile=models"]])
def test_a_full_disk_is_one_line(typed: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = command(typed, stdout=full)
    assert (ended.returncode, ended.stderr) == (1, "mochi: No space left on device.\n")


def test_a_reader_that_has_left_ends_a_run_of_checks_quietly() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as left:
        ended = command(["conformance", "--profile=models"], stdout=left)
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_streams_hurt_nobody(closed: str) -> None:
    nobody = "--base-url http://127.0.0.1:1/v1"
    typing = [("simulate --faults", 0), (f"models {nobody}", 1), (f"chat {nobody}", 1)]
    for typed, status in [*typing, (f"conformance {nobody}", 2)]:
        program = f"exec {sys.executable} -m gateway {typed} {closed}"
        ended = subprocess.run(["sh", "-c", program], cwd=Path(__file__).parents[2], check=False)
        assert ended.returncode == status


def test_what_the_output_cannot_spell_is_a_question_mark() -> None:
    ended = command(["simulate", "--faults"], stdout=subprocess.PIPE, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "?" in ended.stdout


def command(
    typed: list[str], *, stdout: int | IO[str], **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *typed],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **variables},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
