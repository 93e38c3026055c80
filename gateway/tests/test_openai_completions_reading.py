"""Completion requests as they come, and what the core makes of them."""

from typing import Any

import msgspec
import pytest

from gateway.core.errors import Invalid, ModelNotFound, Unsupported
from gateway.core.notes import Notes
from gateway.core.requests import CompletionRequest, Sampling
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.openai.completions import wire
from gateway.dialects.openai.completions.fields import FIELDS
from gateway.dialects.openai.completions.reading import Choices, read

DECODER = RequestDecoder[wire.CompletionRequest](wire.CompletionRequest)


def choices(notes: Notes | None = None, max_n: int = 16, **fields: Any) -> Choices:
    body = msgspec.json.encode({"model": "demo", "prompt": "Once", **fields})
    return read(*with_notes(body, notes or Notes()), max_n=max_n)


def with_notes(body: bytes, notes: Notes) -> tuple[wire.CompletionRequest, Notes, list[str]]:
    request, unknown = DECODER.decode(body)
    return request, notes, unknown


def request(**fields: Any) -> CompletionRequest:
    (only,) = choices(**fields).requests
    return only


def refusal(**fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(Invalid) as caught:
        choices(**fields)
    return caught.value.param, caught.value.reason


def test_the_limit_alone_is_asked_for_when_the_caller_asks_for_nothing() -> None:
    assert request() == CompletionRequest(
        model="demo", prompt="Once", sampling=Sampling(max_tokens=16)
    )


def test_null_means_absent_for_every_optional_field() -> None:
    nulls = dict.fromkeys(wire.CompletionRequest.__struct_fields__)
    del nulls["model"], nulls["prompt"]
    assert request(**nulls) == request()


def test_every_field_has_its_row() -> None:
    assert [row.name for row in FIELDS] == list(wire.CompletionRequest.__struct_fields__)


def test_what_is_asked_for_beside_the_prompt() -> None:
    asked = request(
        suffix="end",
        max_tokens=7,
        temperature=0,
        top_p=0.5,
        seed=-3,
        stop="END",
        presence_penalty=-2,
        frequency_penalty=2,
        logprobs=5,
        options={"mirostat": 1},
        num_ctx=1024,
        top_k=0,
        min_p=0.1,
        repeat_penalty=1.1,
        keep_alive="5m",
    )
    assert asked.sampling == Sampling(
        max_tokens=7,
        temperature=0,
        top_p=0.5,
        seed=-3,
        stop=("END",),
        presence_penalty=-2,
        frequency_penalty=2,
        top_k=0,
        min_p=0.1,
        repeat_penalty=1.1,
    )
    assert (asked.suffix, asked.logprobs, asked.context_length) == ("end", 5, 1024)
    assert (asked.options, asked.keep_alive) == ({"mirostat": 1}, "5m")


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [(None, [""]), ("", [""]), ("a", ["a"]), (["a"], ["a"]), (["a", "", "b"], ["a", "", "b"])],
)
def test_prompts(prompt: Any, prompts: list[str]) -> None:
    assert [asked.prompt for asked in choices(prompt=prompt).requests] == prompts


def test_a_prompt_may_be_absent() -> None:
    asked = read(*with_notes(b'{"model":"demo"}', Notes()), max_n=1)
    assert asked.requests[0].prompt == ""


@pytest.mark.parametrize(
    ("prompt", "param", "reason"),
    [
        ([], "prompt", "empty_array"),
        ([1, 2], "prompt", "unsupported_value"),
        ([[1], [2]], "prompt", "unsupported_value"),
        (["a", 7], "prompt", "unsupported_value"),
        ([True], "prompt[0]", "invalid_type"),
        (["a", None], "prompt[1]", "invalid_type"),
        (3, "prompt", "invalid_type"),
        ({"text": "a"}, "prompt", "invalid_type"),
    ],
)
def test_what_is_no_prompt(prompt: Any, param: str, reason: str) -> None:
    assert refusal(prompt=prompt) == (param, reason)


def test_choices_are_counted_prompt_after_prompt_and_seeded_within_each() -> None:
    asked = choices(prompt=["a", "b"], n=2, seed=7)
    assert [(one.prompt, one.sampling.seed) for one in asked.requests] == [
        ("a", 7),
        ("a", 8),
        ("b", 7),
        ("b", 8),
    ]


def test_a_seed_stays_within_its_64_bits() -> None:
    asked = choices(n=2, seed=2**63 - 1)
    assert asked.requests[1].sampling.seed == 2**63 - 1


def test_best_of_is_that_many_tries_and_needs_logprobs_to_choose() -> None:
    asked = choices(n=2, best_of=5)
    assert (asked.n, asked.tries, len(asked.requests)) == (2, 5, 5)
    assert (asked.requests[0].logprobs, asked.logprobs) == (0, False)
    assert choices(n=2, best_of=5, logprobs=3).requests[0].logprobs == 3


def test_best_of_that_leaves_no_choice_is_n() -> None:
    asked = choices(n=2, best_of=2, stream=True)
    assert (asked.tries, asked.requests[0].logprobs) == (2, None)


@pytest.mark.parametrize(
    ("fields", "param", "reason"),
    [
        ({"best_of": 0}, "best_of", "integer_below_min_value"),
        ({"best_of": 2, "n": 3}, "best_of", "integer_below_min_value"),
        ({"best_of": 21}, "best_of", "integer_above_max_value"),
        ({"best_of": 5, "max_n": 4}, "best_of", "integer_above_max_value"),
        ({"best_of": 2, "stream": True}, "best_of", None),
        ({"n": 5, "max_n": 4}, "n", "integer_above_max_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 4, "max_n": 4, "prompt": ["a"] * 9}, "prompt", "array_above_max_length"),
        ({"logprobs": 6}, "logprobs", "integer_above_max_value"),
        ({"logprobs": -1}, "logprobs", "integer_below_min_value"),
        ({"max_tokens": -1}, "max_tokens", "integer_below_min_value"),
        ({"stop": ["a"] * 5}, "stop", "array_above_max_length"),
        ({"temperature": 2.1}, "temperature", "decimal_above_max_value"),
        ({"logit_bias": {"50256": -100}}, "logit_bias", "unsupported_parameter"),
        ({"stream_options": {}}, "stream_options", None),
        ({"model": ""}, "model", "invalid_value"),
    ],
    ids=str,
)
def test_mistakes_are_named(fields: dict[str, Any], param: str, reason: str | None) -> None:
    assert refusal(**fields) == (param, reason)


def test_as_many_choices_as_are_allowed() -> None:
    assert len(choices(n=4, max_n=4, prompt=["a"] * 8).requests) == 32


def test_a_name_that_no_model_can_have() -> None:
    with pytest.raises(ModelNotFound):
        choices(model="a b")


def test_what_has_no_effect_is_noted_and_what_asks_for_nothing_is_not() -> None:
    notes = Notes()
    choices(notes, user="me", logit_bias={}, tools=[], response_format={"type": "json_object"})
    assert [*notes.ignored] == ["user", "tools", "response_format"]
    with pytest.raises(Unsupported):
        choices(Notes(strict=True), tools=[])


def test_nothing_is_to_be_asked_where_no_token_is_wanted() -> None:
    assert choices(max_tokens=0).unasked
    assert not choices(max_tokens=1).unasked
    assert not choices().unasked


def test_only_an_echo_stands_in_front() -> None:
    assert choices(prompt=["a", "b"], echo=True).echoed(1) == "b"
    assert choices(prompt=["a", "b"]).echoed(1) == ""
