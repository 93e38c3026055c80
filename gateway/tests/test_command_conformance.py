"""A server judged from the command line, and two reports compared."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from conformance_tests.judging.report import Case, Judged, Report
from conformance_tests.judging.verdicts import Verdict
from gateway.cli import main
from gateway.commands import conformance
from gateway.tests.processes import ROOT
from gateway.tests.terminals import at_a_terminal, seen

NAMES = ("all-minilm:latest", "talk:1b", "other:1b")


class Lister(BaseHTTPRequestHandler):
    """Lists models as OpenAI does, finds none of them again, and offers nothing else."""

    def do_GET(self) -> None:
        known = self.path.partition("?")[0] == "/v1/models"
        models = [{"id": n, "object": "model", "created": 1, "owned_by": "x"} for n in NAMES]
        body = {"object": "list", "data": models} if known else {"detail": "Not Found"}
        raw = json.dumps(body).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Lister) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder whose owner has other plans with pytest."""
    settings = '[tool.pytest.ini_options]\naddopts = "--no-such-option"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n")
    return tmp_path


def test_a_server_is_judged_in_any_folder(base_url: str, elsewhere: Path) -> None:
    typed = ["conformance", "--base-url", base_url, "--profile", "models", "--report", "out"]
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", *typed],
        cwd=elsewhere,
        env={"PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "--no-such-option", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    said = ended.stdout.splitlines()
    assert said[0] == "Asking for talk:1b, the first that is listed; --model names another."
    assert any(line.startswith("FAIL openai/models::an_unknown_model_is_not") for line in said)
    assert "openai/models: 2 pass, 2 fail, 2 not offered" in said
    report = Report.from_json((elsewhere / "out" / "report.json").read_text("utf-8"))
    assert (report.model, report.server) == ("talk:1b", base_url)
    assert {path.name for path in (elsewhere / "out").iterdir()} == {
        "index.html",
        "report.json",
        "report.md",
    }


def test_without_openai_its_checks_are_left_out(base_url: str, tmp_path: Path) -> None:
    program = "import sys; sys.modules['openai'] = None; from gateway.cli import main; main()"
    typed = ["conformance", "--base-url", base_url, "--model", "m", "--profile", "models"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *typed],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == (
        "mochi: openai is missing, so checks with it are left out: "
        "pip install 'mochi-gateway[conformance]'\n"
    )
    assert "openai/models: " in ended.stdout
    assert "sdk/" not in ended.stdout


def test_a_terminal_has_a_bar(base_url: str, tmp_path: Path) -> None:
    typed = ["conformance", "--base-url", base_url, "--model", "m", "--profile", "models"]
    with at_a_terminal(*typed, home=tmp_path) as terminal:
        assert terminal.status() == 1
    screen = "\n".join(seen(terminal.output, 24))
    assert "FAIL An unknown model is not found  openai/models::" in screen
    assert "\u2501" in terminal.output
    assert "\u2501" not in screen, "the bar is gone at the end"


MISTAKES = {
    "--base-url http://127.0.0.1:9/v1": "No server answers at http://127.0.0.1:9/v1: ",
    "--base-url http://127.0.0.1:x/v1": "'http://127.0.0.1:x/v1' is no address such as ",
    "--profile chatt": "There is no profile 'chatt'; there are chat, ",
    "--report pyproject.toml": "No report can be written in pyproject.toml: File exists.",
    "--model m": "--model needs --base-url: ",
    "diff a.json b.json": "a.json: No such file or directory",
}


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_one_line(
    typed: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    assert main(["conformance", *typed.split()]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"mochi: {MISTAKES[typed]}")
    assert said.count("\n") == 1


def test_the_address_may_lack_its_end(base_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = base_url.removesuffix("/v1")
    assert main(["conformance", "--base-url", root]) == 2
    assert capsys.readouterr().err == f"mochi: {root} has no /models: did you mean {base_url}?\n"


def test_without_pytest_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conformance, "find_spec", lambda name: None)
    assert main(["conformance"]) == 2
    wanted = "mochi: Conformance needs pytest: pip install 'mochi-gateway[conformance]'\n"
    assert capsys.readouterr().err == wanted


def report(verdict: Verdict) -> str:
    check = Judged("openai/chat::a", "A", "", ["chat"], [], verdict, None, 1, [Case("", verdict)])
    return Report("http://h/v1", "m", "1", "2026-01-01T00:00:00Z", 1, {}, [check]).to_json()


@pytest.mark.parametrize(
    ("before", "after", "status", "line"),
    [
        (Verdict.PASS, Verdict.FAIL, 1, "- A (openai/chat::a): pass → fail"),
        (Verdict.FAIL, Verdict.PASS, 0, "- A (openai/chat::a): fail → pass"),
        (Verdict.FAIL, Verdict.FAIL, 0, "Nothing changed."),
    ],
)
def test_what_got_worse_is_a_failure(
    before: Verdict,
    after: Verdict,
    status: int,
    line: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for file, verdict in zip(files, (before, after), strict=True):
        file.write_text(report(verdict), "utf-8")
    written = tmp_path / "diff.md"
    typed = ["conformance", "diff", *map(str, files), "--report", str(written)]
    assert main(typed) == status
    assert line in capsys.readouterr().out.splitlines()
    assert line in written.read_text("utf-8").splitlines()
