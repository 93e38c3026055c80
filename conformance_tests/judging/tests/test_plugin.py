"""What a run of the suite writes down, with one process and with two workers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from conformance_tests.judging.report import Report
from conformance_tests.judging.verdicts import Verdict

ROOT = Path(__file__).parents[3]
MODELS = {
    "object": "list",
    "data": [{"id": "m", "object": "model", "created": "yesterday", "owned_by": "m"}],
}


class Lister(BaseHTTPRequestHandler):
    """Knows `/models`, badly, and nothing else; not even what an error looks like."""

    def do_GET(self) -> None:
        known = self.path == "/v1/models"
        body = json.dumps(MODELS if known else {"message": "no"}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Lister) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_report_of_a_server_that_does_little(base_url: str, tmp_path: Path, workers: str) -> None:
    asked = ["--base-url", base_url, "--model", "m", "--api-key", "secret"]
    chosen = ["-n", workers, "conformance_tests/openai/test_models.py", "--profile", "models"]
    command = [sys.executable, "-m", "pytest", *chosen, *asked, "--report", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    written = (tmp_path / "report.json").read_text("utf-8")
    report = Report.from_json(written)
    assert (report.server, report.model) == (base_url, "m")
    checks = {check.id: check for check in report.checks}
    listed = checks["openai/models::the_list"]
    assert (listed.title, listed.profiles, listed.rows) == ("The list", ["models"], [34])
    assert listed.verdict is Verdict.FAIL
    assert "'yesterday'" in listed.cases[0].difference
    (exchange,) = listed.cases[0].exchanges
    assert exchange.request.line == "GET /v1/models HTTP/1.1"
    assert exchange.answer
    assert json.loads(exchange.answer.body) == MODELS
    assert "secret" not in written
    assert "### " in (tmp_path / "report.md").read_text("utf-8")
    assert "The list" in (tmp_path / "index.html").read_text("utf-8")
