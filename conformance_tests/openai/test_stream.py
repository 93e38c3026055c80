"""`POST /chat/completions` with `stream`: the frames, byte by byte."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance_tests.checks import completion, each_chunk_says_something, fold
from conformance_tests.wire import Answer, Server, ask

COUNT = ask("Count to 20")


@pytest.fixture(scope="module")
def plain(server: Server) -> Answer:
    """A stream of text, nothing asked for beside it."""
    return server.stream(messages=COUNT, temperature=0, seed=1)


@pytest.fixture(scope="module")
def counted(server: Server) -> Answer:
    """A stream that ends with its usage."""
    return server.stream(messages=COUNT, stream_options={"include_usage": True})


def test_the_body_is_an_event_stream(plain: Answer) -> None:
    """WHATWG HTML, server-sent events: the media type, without which browsers refuse the stream."""
    assert plain.status == 200
    assert plain.headers["content-type"].split(";")[0] == "text/event-stream"
    assert plain.complete


def test_nothing_on_the_way_may_hold_the_stream_back(plain: Answer) -> None:
    """RFC 9111: what may be stored may be held back until it is whole; gzip holds back, too."""
    assert {"no-cache", "no-store"} & set(plain.headers["cache-control"].split(", "))
    assert "content-encoding" not in plain.headers


def test_frames_are_one_data_line_and_a_blank_line(plain: Answer) -> None:
    """openai-python raises on an event without data and after any `id:` line; simple clients split
    on two line feeds.
    """
    assert b"\r" not in plain.body
    assert plain.body.endswith(b"\n\n")
    for frame in plain.body.removesuffix(b"\n\n").split(b"\n\n"):
        assert frame.startswith((b"data: ", b":"))
        assert b"\n" not in frame


def test_the_end_is_done(plain: Answer) -> None:
    """OpenAI API reference, streaming: `data: [DONE]` ends it; openai-node compares exactly."""
    assert plain.body.endswith(b"\n\ndata: [DONE]\n\n")
    assert plain.body.count(b"[DONE]") == 1


def test_chunks_belong_together(plain: Answer) -> None:
    """OpenAI API reference, the chunk object: each has the same id, `created` and model."""
    names = ("id", "object", "created", "model")
    assert len({tuple(chunk[name] for name in names) for chunk in plain.chunks}) == 1
    assert plain.chunks[0]["object"] == "chat.completion.chunk"
    assert isinstance(plain.chunks[0]["created"], int)


def test_the_role_comes_first_and_once(plain: Answer) -> None:
    """openai-python's stream helper concatenates every string of a delta: `assistantassistant`."""
    roles = [chunk["choices"][0]["delta"].get("role") for chunk in plain.chunks]
    assert roles == ["assistant"] + [None] * (len(roles) - 1)
    assert sum("role" in chunk["choices"][0]["delta"] for chunk in plain.chunks) == 1


def test_each_choice_says_where_it_stands(plain: Answer) -> None:
    """OpenAI's OpenAPI document requires index, delta and finish_reason, null until the end."""
    reasons = []
    for chunk in plain.chunks:
        (choice,) = chunk["choices"]
        assert choice["index"] == 0
        assert isinstance(choice["delta"], dict)
        reasons.append(choice["finish_reason"])
    assert reasons == [None] * (len(reasons) - 1) + ["stop"]


def test_every_chunk_says_something(plain: Answer) -> None:
    """OpenAI's deltas: a role, a piece, or the end. Strict clients fail at kinds of chunks that
    only one server has, and UIs redraw for each empty one.
    """
    each_chunk_says_something(plain)


def test_the_text_comes_in_pieces(plain: Answer) -> None:
    """OpenAI API reference, streaming: tokens are sent as they become available."""
    pieces = [chunk["choices"][0]["delta"].get("content") for chunk in plain.chunks]
    assert len([piece for piece in pieces if piece]) > 3


@pytest.mark.cooperation(times=3, least=2)
def test_the_pieces_are_the_whole(server: Server) -> None:
    """OpenAI API reference: streaming changes how an answer arrives, not what it says."""
    streamed = server.stream(messages=COUNT, temperature=0, seed=1)
    whole = completion(server.chat(messages=COUNT, temperature=0, seed=1))
    assert fold(streamed).content == whole["choices"][0]["message"]["content"]


def test_no_usage_unless_asked(server: Server, plain: Answer) -> None:
    """OpenAI API reference, stream_options: a usage chunk kills who reads `choices[0]`."""
    declined = server.stream(max_tokens=5, stream_options={"include_usage": False})
    assert plain.chunks
    assert declined.chunks
    for chunk in plain.chunks + declined.chunks:
        assert chunk["choices"]
        assert chunk.get("usage") is None


def test_usage_comes_last_and_alone(counted: Answer) -> None:
    """OpenAI API reference, include_usage: one more chunk before [DONE], `choices` empty."""
    *chunks, last = counted.chunks
    assert last["choices"] == []
    usage = last["usage"]
    assert usage["prompt_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_the_chunks_before_it_say_null(counted: Answer) -> None:
    """OpenAI API reference, include_usage: all other chunks include `usage` with a null value."""
    assert counted.chunks
    assert all(chunk["choices"] and chunk["usage"] is None for chunk in counted.chunks[:-1])


def test_usage_is_the_same_in_both_forms(server: Server, counted: Answer) -> None:
    """OpenAI API reference, usage: statistics of the request, however it is answered."""
    whole = completion(server.chat(messages=COUNT))
    assert counted.chunks[-1]["usage"]["prompt_tokens"] == whole["usage"]["prompt_tokens"]


@pytest.mark.parametrize("stream", [False, None])
def test_without_stream_the_answer_is_one_object(server: Server, stream: bool | None) -> None:
    """OpenAI API reference: `stream` is boolean or null, false by default. LangChain sends it."""
    completion(server.chat(stream=stream))


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "*/*", None])
def test_accept_does_not_decide(server: Server, accept: str | None) -> None:
    """openai-python and openai-node send `Accept: application/json` for streams too."""
    body = server.body(stream=True, max_tokens=5)
    fold(server.request("POST", "/chat/completions", body, {"Accept": accept}))


@pytest.mark.parametrize(
    "options", [{}, {"include_usage": None}, {"include_obfuscation": False}, {"x": 1}], ids=str
)
def test_other_stream_options_do_no_harm(server: Server, options: dict[str, Any]) -> None:
    """OpenAI API reference, stream_options: every field is optional."""
    assert fold(server.stream(max_tokens=5, stream_options=options)).content


def test_max_tokens_ends_a_stream_with_length(server: Server) -> None:
    """OpenAI API reference, finish_reason: `length` when the number of tokens was reached."""
    message = fold(server.stream(messages=COUNT, max_tokens=3))
    assert message.finish_reasons == ["length"]
    assert message.content


def test_text_is_utf_8_and_stays_on_its_line(server: Server) -> None:
    """RFC 8259: JSON is UTF-8. openai-python raises on anything else within a stream."""
    answer = server.stream(messages=ask("Repeat: 日本語 \U0001f361 \u2028 <b>&</b>"))
    assert fold(answer).content
    for payload in answer.payloads[:-1]:
        json.loads(payload.decode("utf-8", "strict"))


def test_streams_side_by_side_do_not_mix(server: Server) -> None:
    """Chat UIs ask for the title while the answer streams; each stream has an id of its own."""
    limits = range(1, 9)
    with ThreadPoolExecutor(len(limits)) as pool:
        answers = list(pool.map(lambda n: server.stream(messages=COUNT, max_tokens=n), limits))
    assert [fold(answer).finish_reasons for answer in answers] == [["length"]] * len(limits)
    ids = [{chunk["id"] for chunk in answer.chunks} for answer in answers]
    assert all(len(one) == 1 for one in ids)
    assert len(set.union(*ids)) == len(limits)


def test_an_error_before_the_first_token_is_no_stream(server: Server) -> None:
    """OpenAI SDKs choose the exception by status: a 200 with an error inside is none of them."""
    answer = server.stream(model="there-is-no-such-model")
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/json")
