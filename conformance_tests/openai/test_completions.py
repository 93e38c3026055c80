"""`POST /completions`, the older API that continues a text, on the wire."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from conformance_tests.checks import error_of
from conformance_tests.judging.verdicts import offered, route_offered
from conformance_tests.wire import Answer, Server

COUNT = "Count to 20"
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def complete(server: Server) -> Ask:
    """Asks the server to go on with a text. Many have no such route, and need none."""

    def ask(**fields: Any) -> Answer:
        body = {"model": server.model, "prompt": COUNT, **fields}
        return server.request("POST", "/completions", body)

    route_offered(ask(max_tokens=1))
    return ask


def whole(answer: Answer) -> dict[str, Any]:
    """A completion with its required fields in place."""
    assert answer.status == 200, answer.body[:500]
    completion: dict[str, Any] = answer.json
    assert completion["object"] == "text_completion"
    assert isinstance(completion["id"], str)
    assert isinstance(completion["created"], int)
    assert isinstance(completion["model"], str)
    for index, choice in enumerate(completion["choices"]):
        assert choice.keys() >= {"finish_reason", "index", "logprobs", "text"}
        assert choice["index"] == index
        assert choice["finish_reason"] in {"stop", "length", "content_filter"}
        assert isinstance(choice["text"], str)
    return completion


def texts(answer: Answer) -> list[str]:
    return [choice["text"] for choice in whole(answer)["choices"]]


def choices_of(answer: Answer, *params: str) -> list[dict[str, Any]]:
    """The choices, unless the server refuses one of these fields by its name."""
    choices: list[dict[str, Any]] = whole(offered(answer, *params))["choices"]
    return choices


def test_a_text_goes_on(complete: Ask) -> None:
    """OpenAI API reference, completions/create: the completion object and its usage."""
    completion = whole(complete(max_tokens=5))
    (choice,) = completion["choices"]
    assert choice["text"]
    assert choice["logprobs"] is None
    usage = completion["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert 0 < usage["completion_tokens"] <= 5


def test_sixteen_tokens_are_the_default(complete: Ask) -> None:
    """OpenAI API reference, completions/create: max_tokens defaults to 16."""
    completion = whole(complete(prompt="Count to 500"))
    assert 0 < completion["usage"]["completion_tokens"] <= 16


def test_no_token_at_all_may_be_asked_for(complete: Ask) -> None:
    """OpenAI API reference, completions/create: max_tokens has a minimum of 0; with echo it is how
    prompts are checked."""
    (choice,) = choices_of(complete(max_tokens=0, echo=True), "max_tokens", "echo")
    assert (choice["text"], choice["finish_reason"]) == (COUNT, "length")


@pytest.mark.parametrize("prompt", ["", None, [""]], ids=repr)
def test_an_empty_prompt_begins_a_text(complete: Ask, prompt: Any) -> None:
    """OpenAI API reference, completions/create: without a prompt the model begins a document."""
    assert texts(complete(prompt=prompt, max_tokens=5)) != [""]


def test_echo_puts_the_prompt_in_front(complete: Ask) -> None:
    """OpenAI API reference, completions/create: echo back the prompt in addition."""
    (choice,) = choices_of(complete(echo=True, temperature=0, max_tokens=5), "echo")
    assert choice["text"].startswith(COUNT)
    assert len(choice["text"]) > len(COUNT)


def test_choices_stand_prompt_after_prompt(complete: Ask) -> None:
    """OpenAI API reference, completions/create: n completions for each prompt, in their order."""
    prompts = ["Say one", "Say two"]
    choices = choices_of(
        complete(prompt=prompts, n=2, echo=True, max_tokens=3), "n", "echo", "prompt"
    )
    assert [choice["text"][:7] for choice in choices] == ["Say one"] * 2 + ["Say two"] * 2


def test_usage_counts_a_prompt_once(complete: Ask) -> None:
    """OpenAI API reference, usage: the tokens of the prompts, and of all completions."""
    one = whole(complete(max_tokens=3))["usage"]
    answer = complete(n=3, max_tokens=3)
    choices_of(answer, "n")
    assert answer.json["usage"]["prompt_tokens"] == one["prompt_tokens"]
    assert answer.json["usage"]["completion_tokens"] > one["completion_tokens"]


def test_best_of_answers_n(complete: Ask) -> None:
    """OpenAI API reference, completions/create: best_of are generated, the n likeliest returned."""
    answer = complete(best_of=4, n=2, max_tokens=3)
    assert len(choices_of(answer, "best_of", "n")) == 2
    assert answer.json["usage"]["completion_tokens"] > 2 * 3


def test_logprobs_are_four_parallel_lists(complete: Ask) -> None:
    """OpenAI API reference, the completion object: tokens, token_logprobs, top_logprobs (maps) and
    text_offset, which counts characters."""
    (choice,) = choices_of(complete(logprobs=2, max_tokens=4), "logprobs")
    logprobs = choice["logprobs"]
    assert "".join(logprobs["tokens"]) == choice["text"]
    assert {len(logprobs[name]) for name in logprobs} == {len(logprobs["tokens"])}
    assert all(logprob <= 0 for logprob in logprobs["token_logprobs"])
    for token, offset, top in zip(
        logprobs["tokens"], logprobs["text_offset"], logprobs["top_logprobs"], strict=True
    ):
        assert choice["text"][offset:].startswith(token)
        assert token in top
        assert 1 <= len(top) <= 3


def test_the_tokens_of_an_echo_have_no_logprob(complete: Ask) -> None:
    """OpenAI API reference, echo with logprobs: nothing precedes the first token, so it is null."""
    answer = complete(logprobs=0, echo=True, max_tokens=2)
    (choice,) = choices_of(answer, "echo", "logprobs")
    logprobs = choice["logprobs"]
    assert "".join(logprobs["tokens"]) == choice["text"]
    assert (logprobs["token_logprobs"][0], logprobs["text_offset"][0]) == (None, 0)
    assert logprobs["text_offset"][-1] < len(choice["text"])


def test_a_suffix_is_what_comes_after(complete: Ask, insert_model: str) -> None:
    """OpenAI API reference, completions/create: `suffix`; editors send the text after the caret."""
    (text,) = texts(
        complete(model=insert_model, prompt="def add(a, b):\n    ", suffix="\nreturn c")
    )
    assert text
    assert "return c" not in text


def test_a_model_that_cannot_insert_is_told_by_the_field(complete: Ask) -> None:
    """Ollama refuses such a model; to ignore the suffix would answer another question."""
    answer = complete(suffix="end", max_tokens=5)
    if answer.status == 200:  # the judged model may insert, and read the suffix then
        alone = whole(complete(max_tokens=5))["usage"]["prompt_tokens"]
        assert whole(answer)["usage"]["prompt_tokens"] > alone
    else:
        assert (answer.status, error_of(answer)["param"]) == (400, "suffix")


def test_a_stop_sequence_is_left_out(complete: Ask) -> None:
    """OpenAI API reference, stop: the returned text will not contain the stop sequence."""
    (choice,) = whole(complete(stop=["7"], max_tokens=40, temperature=0))["choices"]
    assert "7" not in choice["text"]


def stream(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.complete
    assert answer.body.endswith(b"\n\ndata: [DONE]\n\n")
    return answer.chunks


@pytest.mark.cooperation(times=3, least=2)
def test_a_stream_is_the_whole_in_pieces(complete: Ask) -> None:
    """OpenAI API reference, completions/create: chunks have the same shape and object name."""
    fields: dict[str, Any] = {"temperature": 0, "seed": 1, "max_tokens": 8}
    chunks = stream(complete(stream=True, **fields))
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    choices = [chunk["choices"][0] for chunk in chunks]
    reasons = [choice["finish_reason"] for choice in choices]
    assert reasons == [None] * (len(reasons) - 1) + ["length"]
    assert all("delta" not in choice and choice["logprobs"] is None for choice in choices)
    assert ["".join(choice["text"] for choice in choices)] == texts(complete(**fields))


def test_usage_comes_last_and_alone(complete: Ask) -> None:
    """OpenAI API reference, include_usage: one more chunk, `choices` empty; the others say null."""
    options = {"include_usage": True}
    *chunks, last = stream(complete(stream=True, stream_options=options, max_tokens=4))
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] <= 4
    assert all(chunk["usage"] is None for chunk in chunks)
    plain = stream(complete(stream=True, max_tokens=4))
    assert all(chunk["choices"] and chunk.get("usage") is None for chunk in plain)


def test_choices_of_a_stream_are_told_by_their_index(complete: Ask) -> None:
    """OpenAI API reference, completions/create: choices of several prompts interleave."""
    answer = complete(prompt=["Say one", "Say two"], n=2, stream=True, echo=True, max_tokens=3)
    chunks = stream(offered(answer, "n", "echo", "prompt", "stream"))
    said, ends = [""] * 4, [0] * 4
    for chunk in chunks:
        for choice in chunk["choices"]:
            said[choice["index"]] += choice["text"]
            ends[choice["index"]] += choice["finish_reason"] is not None
    assert chunks[0]["choices"][0]["index"] == 0
    assert [text[:7] for text in said] == ["Say one"] * 2 + ["Say two"] * 2
    assert ends == [1] * 4


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": []}, "prompt"),
        ({"prompt": {}}, "prompt"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"logprobs": 6}, "logprobs"),
        ({"n": 0}, "n"),
        ({"best_of": 21}, "best_of"),
        ({"n": 3, "best_of": 2}, "best_of"),
        ({"best_of": 3, "stream": True}, "best_of"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"temperature": 3}, "temperature"),
    ],
    ids=str,
)
def test_mistakes_are_named(complete: Ask, fields: dict[str, Any], param: str) -> None:
    """OpenAI API reference, completions/create: the bounds of the fields belong to the API."""
    answer = complete(**fields)
    assert answer.status == 400
    assert error_of(answer)["param"] == param


@pytest.mark.parametrize("prompt", [[1, 2, 3], [[1], [2, 3]]], ids=str)
def test_token_ids_are_understood_or_refused(complete: Ask, prompt: Any) -> None:
    """OpenAI API reference, completions/create: prompt may be tokens; never take them for text."""
    answer = complete(prompt=prompt)
    if answer.status == 200:
        assert len(texts(answer)) == (2 if isinstance(prompt[0], list) else 1)
    else:
        assert (answer.status, error_of(answer)["param"]) == (400, "prompt")


def test_a_prompt_that_is_too_long_is_refused(complete: Ask) -> None:
    """OpenAI: code context_length_exceeded; a prompt is never cut in silence."""
    answer = complete(prompt="word " * 20_000, max_tokens=1)
    if answer.status == 200:
        assert whole(answer)["usage"]["prompt_tokens"] >= 20_000
    else:
        refused = error_of(answer)
        assert (refused["param"], refused["code"]) == ("prompt", "context_length_exceeded")


def test_an_unknown_model_is_not_found(complete: Ask) -> None:
    """OpenAI API reference, errors: 404 model_not_found, for streams before they begin."""
    for stream in (False, True):
        answer = complete(model="there-is-no-such-model", stream=stream)
        assert answer.status == 404
        assert json.loads(answer.body)["error"]["code"] == "model_not_found"
