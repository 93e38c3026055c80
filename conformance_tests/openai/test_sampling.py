"""Fields that steer how text is generated."""

from typing import Any

import pytest

from conformance_tests.checks import completion, fold
from conformance_tests.wire import Server, ask

COUNT = ask("Count to 20")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_cuts_the_answer(server: Server, name: str, limit: int) -> None:
    """OpenAI API reference: an upper bound of generated tokens; finish_reason `length`."""
    whole = completion(server.chat(messages=COUNT, **{name: limit}))
    assert whole["choices"][0]["finish_reason"] == "length"
    assert whole["usage"]["completion_tokens"] <= limit


def test_of_two_limits_the_newer_wins(server: Server) -> None:
    """OpenAI API reference: max_tokens is deprecated in favour of max_completion_tokens."""
    answer = server.chat(messages=COUNT, max_tokens=500, max_completion_tokens=3)
    if answer.status != 400:  # OpenAI refuses the two together
        whole = completion(answer)
        assert whole["usage"]["completion_tokens"] <= 3
        assert whole["choices"][0]["finish_reason"] == "length"


STOPS: dict[str, Any] = {
    "a string": "15",
    "a list": ["15"],
    "four": ["xyzzy", "15", "plugh", "frotz"],
    "across tokens": ["4 15"],
    "with a line end": ["15", "\n\n\n"],
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS.keys())
@pytest.mark.cooperation(times=3, least=2)
def test_the_answer_ends_before_a_stop_sequence(server: Server, stop: Any) -> None:
    """OpenAI API reference, stop: the returned text will not contain the stop sequence."""
    full = completion(server.chat(messages=COUNT, temperature=0))["choices"][0]["message"][
        "content"
    ]
    sequences = [stop] if isinstance(stop, str) else stop
    if not any(sequence in full for sequence in sequences):
        pytest.skip("the model does not count in this form")
    (choice,) = completion(server.chat(messages=COUNT, temperature=0, stop=stop))["choices"]
    assert choice["message"]["content"].rstrip() == before(full, sequences).rstrip()
    assert choice["finish_reason"] == "stop"


def before(text: str, sequences: list[str]) -> str:
    return text[: min(text.index(sequence) for sequence in sequences if sequence in text)]


@pytest.mark.cooperation(times=3, least=2)
def test_a_stop_sequence_ends_a_stream(server: Server) -> None:
    """OpenAI API reference, stop: no matter how the pieces are cut."""
    message = fold(server.stream(messages=COUNT, stop=["15"]))
    assert "14" in message.content
    assert "15" not in message.content
    assert message.finish_reasons == ["stop"]


WITHIN: list[tuple[str, Any]] = [
    ("temperature", 0),
    ("temperature", 0.0),
    ("temperature", 2),
    ("top_p", 0),
    ("top_p", 1),
    ("top_p", 0.95),
    ("presence_penalty", -2),
    ("presence_penalty", 2.0),
    ("frequency_penalty", -2.0),
    ("frequency_penalty", 2),
    ("seed", 0),
    ("seed", -1),
    ("seed", 2**31 - 1),
    ("max_tokens", 1),
    ("max_completion_tokens", 100_000),
    ("stop", "x"),
    ("stop", ["a", "b", "c", "d"]),
    ("n", 1),
]


@pytest.mark.parametrize(("field", "value"), WITHIN, ids=str)
def test_values_within_bounds_are_taken(server: Server, field: str, value: Any) -> None:
    """OpenAI API reference: the bounds of each field belong to it; integers are numbers."""
    completion(server.chat(**{"max_tokens": 5, field: value}))
