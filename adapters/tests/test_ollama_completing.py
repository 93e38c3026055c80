"""Continuing a text: what Ollama is asked, and what becomes of its lines."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from adapters.ollama.backend import OllamaBackend
from adapters.ollama.completing import CompletionReader, completion
from adapters.tests.playback import (
    CUTS,
    FOREVER,
    RECORDINGS,
    Cut,
    answer,
    playing,
    recorded,
    recording,
    stream,
)
from gateway.core.errors import (
    BackendFailed,
    ContextOverflow,
    InvalidRequest,
    MochiError,
    ModelNotFound,
    Unsupported,
)
from gateway.core.events import ChatEvent, Finished, TextDelta, Timings, TokenLogprob, Usage
from gateway.core.models import ModelDetails
from gateway.core.replies import collect
from gateway.core.requests import CompletionRequest, Sampling

ONCE = CompletionRequest(model="demo", prompt="Once")
SHOWN = answer(b'{"capabilities":["completion"]}')
UPON = b'{"model":"demo","response":" upon","done":false}'
DONE = b'{"model":"demo","response":"","done":true,"done_reason":"stop"}'

GENERATES = sorted(path.stem for path in RECORDINGS.glob("generate-*.json"))
REFUSED: dict[str, tuple[type[MochiError], str | None]] = {
    "generate-debug-template": (BackendFailed, None),  # a rendered template is no answer
    "generate-raw-context": (InvalidRequest, None),
    "generate-suffix": (Unsupported, "suffix"),
    "generate-suffix-go": (Unsupported, "suffix"),
    "generate-too-long": (ContextOverflow, "prompt"),
    "generate-unknown": (ModelNotFound, None),
}


def body(*capabilities: str, **fields: Any) -> Any:
    request = CompletionRequest(**{"model": "demo", "prompt": "Once", **fields})
    details = ModelDetails(name="demo", capabilities=frozenset(capabilities) or None)
    return msgspec.json.decode(completion(request, request.context_length, details))


def read(*lines: Any) -> list[ChatEvent]:
    reader = CompletionReader("demo")
    events = reader.read(b"".join([msgspec.json.encode(line) + b"\n" for line in lines]))
    if reader.failure is not None:
        raise reader.failure
    return list(events)


def test_a_prompt_alone_goes_to_the_model_as_it_is() -> None:
    assert body("completion") == {
        "model": "demo",
        "prompt": "Once",
        "stream": True,
        "truncate": False,
        "raw": True,
    }


def test_an_empty_prompt_is_a_blank() -> None:
    assert body(prompt="")["prompt"] == " "
    assert body("insert", prompt="", suffix="end")["prompt"] == " "


def test_a_suffix_goes_through_the_template_of_models_that_have_one() -> None:
    asked = body("completion", "insert", suffix="end")
    assert (asked["suffix"], "raw" in asked) == ("end", False)
    assert body(suffix="end")["suffix"] == "end"  # an old Ollama does not tell, but refuses
    with pytest.raises(Unsupported) as caught:
        body("completion", suffix="end")
    assert (caught.value.param, caught.value.reason) == ("suffix", "unsupported_parameter")


def test_only_models_that_can_think_are_told_not_to() -> None:
    assert body("completion", "thinking")["think"] is False
    assert "think" not in body("completion")
    assert "think" not in body()


def test_everything_else_that_can_be_asked() -> None:
    asked = body(
        sampling=Sampling(max_tokens=16, temperature=0, stop=("END",)),
        logprobs=0,
        context_length=1024,
        keep_alive="5m",
        options={"mirostat": 1, "num_predict": 3},
    )
    assert asked["options"] == {
        "num_ctx": 1024,
        "num_predict": 3,
        "temperature": 0,
        "stop": ["END"],
        "mirostat": 1,
    }
    assert (asked["logprobs"], asked["keep_alive"]) == (True, "5m")
    assert "top_logprobs" not in asked
    assert body(logprobs=5)["top_logprobs"] == 5


def test_no_limit_of_zero_is_sent_which_ollama_takes_for_none() -> None:
    with pytest.raises(InvalidRequest):
        body(sampling=Sampling(max_tokens=0))


def test_lines_are_text_and_an_end() -> None:
    end = {"response": "", "done": True, "done_reason": "length", "context": [1], "eval_count": 2}
    assert read({"response": " upon"}, {"response": " a"}, end) == [
        TextDelta(" upon"),
        TextDelta(" a"),
        Finished("length", Usage(completion_tokens=2)),
    ]


def test_what_a_parser_took_for_thinking_is_text_in_front() -> None:
    assert read({"thinking": "Hm. ", "response": "Yes"}, {"thinking": "?", "response": ""}) == [
        TextDelta("Hm. Yes"),
        TextDelta("?"),
    ]


def test_logprobs_come_with_their_text_or_without_any() -> None:
    likely = {"token": " a", "logprob": -0.5, "bytes": [32, 97]}
    rivals = {**likely, "top_logprobs": [likely]}
    one = TokenLogprob(" a", -0.5, (32, 97))
    assert read({"response": " a", "logprobs": [rivals]}, {"logprobs": [likely]}) == [
        TextDelta(" a", (TokenLogprob(" a", -0.5, (32, 97), (one,)),)),
        TextDelta("", (one,)),
    ]


def test_an_error_line_ends_it() -> None:
    with pytest.raises(BackendFailed, match="scripted"):
        read({"error": "scripted"})


async def said(script: list[Any], request: CompletionRequest = ONCE) -> Any:
    """The events of a completion, and the error that ended it."""
    events: list[ChatEvent] = []
    async with playing(SHOWN, script) as (backend, _):
        try:
            async for batch in backend.complete(request):
                assert batch
                events.extend(batch)
        except MochiError as error:
            return events, error
    return events, None


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", GENERATES)
async def test_every_recorded_completion(name: str, cut: Cut) -> None:
    events, error = await said(cut(recorded(name)))
    if name in REFUSED:
        assert (type(error), getattr(error, "param", None)) == REFUSED[name]
        return
    assert error is None
    response = recording(name)["response"]
    lines = "".join(response.get("http_chunks") or [response["body"]]).splitlines()
    spoken = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert spoken == "".join(json.loads(line).get("response", "") for line in lines)
    assert [isinstance(event, Finished) for event in events] == [False] * (len(events) - 1) + [True]


async def test_a_recorded_completion_by_value() -> None:
    events, _ = await said(recorded("generate-logprobs"))
    token = TokenLogprob("Hello!", -0.5827178955078125, (72, 101, 108, 108, 111, 33))
    timings = Timings(259551736, 256859090, prompt=5_000_000, generation=10_000_000)
    assert events == [
        TextDelta("Hello!", (token,)),
        Finished("length", Usage(2, 1), timings),
    ]


async def test_the_model_is_looked_up_once() -> None:
    async with playing(SHOWN, stream(UPON, DONE)) as (backend, playback):
        for _ in range(2):
            assert (await collect(backend.complete(ONCE))).reason == "stop"
    assert [request for request, _ in playback.requests] == [
        "POST /api/show",
        "POST /api/generate",
        "POST /api/generate",
    ]


async def test_the_window_grows_with_the_prompt() -> None:
    shown = answer(b'{"capabilities":["completion"],"model_info":{"x.context_length":40000}}')
    async with playing(shown, stream(UPON, DONE)) as (playing_backend, playback):
        backend = OllamaBackend(playing_backend._client, context="auto")
        for words in (1, 20_000):
            await collect(backend.complete(msgspec.structs.replace(ONCE, prompt="word " * words)))
    windows = [msgspec.json.decode(body)["options"]["num_ctx"] for _, body in playback.requests[1:]]
    assert windows == [8192, 40000]
    assert ONCE.notes.num_ctx == 40000


async def test_what_the_model_cannot_is_never_asked() -> None:
    async with playing(SHOWN) as (backend, playback):
        with pytest.raises(Unsupported):
            await collect(backend.complete(msgspec.structs.replace(ONCE, suffix="end")))
    assert [request for request, _ in playback.requests] == ["POST /api/show"]


@pytest.mark.parametrize(
    "script",
    [
        stream(UPON),
        stream(UPON, b'{"response":'),
        stream(UPON, b"<html>"),
        stream(UPON, b'{"error":"scripted"}'),
        stream(UPON, b'{"response":5}'),
    ],
)
async def test_a_completion_that_breaks_off(script: list[bytes]) -> None:
    closing = [part.replace(b"200 Whatever", b"200 OK\r\nConnection: close") for part in script]
    events, error = await said(closing)
    assert (events, type(error)) == ([TextDelta(" upon")], BackendFailed)


async def test_leaving_in_the_middle_ends_the_work_at_once() -> None:
    begun = stream(UPON)[:-1]
    async with playing(SHOWN, [*begun, FOREVER]) as (backend, playback):
        batches = backend.complete(ONCE)
        assert await anext(batches) == [TextDelta(" upon")]
        await batches.aclose()
        async with asyncio.timeout(1):
            await playback.left.wait()
