"""What the settings become."""

import json

from gateway.assembly import build, guard_rules
from gateway.config import Config
from gateway.http.origins import LOOPBACK_NAMES
from gateway.tests.asgi import HOST, call


def test_the_bound_address_is_an_allowed_host_unless_it_means_every_address() -> None:
    listed = Config(host="192.168.1.2", allowed_hosts=("box",))
    assert guard_rules(listed).allowed_hosts == (*LOOPBACK_NAMES, "192.168.1.2", "box")
    assert guard_rules(Config(host="0.0.0.0")).allowed_hosts == LOOPBACK_NAMES
    assert guard_rules(Config(host="::")).allowed_hosts == LOOPBACK_NAMES


async def test_the_password_of_ollama_is_not_shown() -> None:
    app = build(Config(ollama_host="http://me:secret@127.0.0.1:9"))
    answer = await call(app, path="/api/v1/health", headers=[HOST])
    assert json.loads(answer.body)["ollama_host"] == "http://127.0.0.1:9"
