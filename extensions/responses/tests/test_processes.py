"""Responses of a gateway that is a process of its own, and is ended in good and in bad ways."""

import json
import signal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from gateway.tests.processes import mochi, port_in, said_until

LONG = "Hello! " * 100


def asked(port: int, method: str, path: str, **body: Any) -> dict[str, Any]:
    client = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        client.request(method, f"/v1/responses{path}", json.dumps(body) if body else None, headers)
        answer: dict[str, Any] = json.loads(client.getresponse().read())
        return answer
    finally:
        client.close()


def begun(port: int) -> str:
    made = asked(port, "POST", "", model="demo-slow", input=LONG, background=True)
    assert made["status"] == "queued", made
    return str(made["id"])


def test_a_stop_lets_it_finish_and_a_crash_fails_it(tmp_path: Path) -> None:
    where = {"MOCHI_DATA_DIR": str(tmp_path), "MOCHI_DRAIN_SECONDS": "20"}
    with mochi("demo", "--port", "0", **where) as process:
        port = port_in(said_until(process, "--base-url"))
        made = asked(port, "POST", "", model="demo", input=LONG, background=True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
    with mochi("demo", "--port", "0", **where) as process:
        port = port_in(said_until(process, "--base-url"))
        finished = asked(port, "GET", f"/{made['id']}")
        assert (finished["status"], bool(finished["output"])) == ("completed", True)
        lost = begun(port)
        process.kill()
        process.wait()
    with mochi("demo", "--port", "0", **{**where, "MOCHI_DRAIN_SECONDS": "1"}) as process:
        port = port_in(said_until(process, "--base-url"))
        failed = asked(port, "GET", f"/{lost}")
        assert failed["status"] == "failed"
        assert failed["error"]["message"] == "The gateway stopped before the response had ended."
        slow = begun(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(25) == 0
    with mochi("demo", "--port", "0", **where) as process:
        port = port_in(said_until(process, "--base-url"))
        assert asked(port, "GET", f"/{slow}")["status"] == "failed"
