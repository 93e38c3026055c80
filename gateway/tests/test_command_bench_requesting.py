"""Requests as bytes: what differs from one to the next is the number in our prompt alone."""

import json

import pytest

from gateway.cli import parsed
from gateway.commands.benching.arguments import plan
from gateway.commands.benching.requesting import Requests

ZEROS = "00000000"


@pytest.mark.parametrize("endpoint", ["chat", "completions", "responses", "embeddings"])
def test_zeros_elsewhere_are_not_taken_for_the_number(endpoint: str) -> None:
    options = ["--endpoint", endpoint, "--api-key", f"sk-{ZEROS}", "--header", f"X-A: {ZEROS}"]
    arguments = parsed(["bench", f"m-{ZEROS}", "--base-url", f"http://h{ZEROS}/{ZEROS}", *options])
    made = plan(arguments, "", None)
    requests = Requests(made.targets[0], made.load)
    heads, bodies = zip(*(requests.next().split(b"\r\n\r\n") for _ in range(2)), strict=True)
    assert heads[0] == heads[1]
    assert f"X-A: {ZEROS}\r\n".encode() in heads[0] + b"\r\n"
    first, second = map(json.loads, bodies)
    assert first["model"] == second["model"] == f"m-{ZEROS}"
    assert "Text 00000001." in bodies[0].decode()
    assert "Text 00000002." in bodies[1].decode()


def test_a_prompt_that_was_given_is_sent_as_it_is() -> None:
    made = plan(parsed(["bench", "demo", "--prompt", f"Text {ZEROS}."]), "http://h", None)
    requests = Requests(made.targets[0], made.load)
    assert requests.next() == requests.next()
    assert f"Text {ZEROS}.".encode() in requests.next()
