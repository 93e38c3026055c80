"""What a real Ollama sent, played back through a socket: the right events, however it is cut."""

import json
from typing import Any

import pytest

from adapters.tests.playback import CUTS, RECORDINGS, Cut, playing, recorded, recording
from gateway.core.errors import (
    BackendFailed,
    CloudDisabled,
    ContextOverflow,
    InvalidRequest,
    MochiError,
    ModelNotFound,
    Unsupported,
)
from gateway.core.events import (
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    Timings,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import ToolCall, UserMessage, text
from gateway.core.models import ModelDetails
from gateway.core.requests import ChatRequest, EmbedRequest

HELLO = ChatRequest(model="demo", messages=(UserMessage(text("Hello")),))

NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
CHATS = [name for name in NAMES if name.startswith("chat-")]
EMBEDS = [name for name in NAMES if name.startswith("embed-")]
SHOWS = [name for name in NAMES if name.startswith("show-")]

REFUSED: dict[str, tuple[type[MochiError], str | None]] = {
    "chat-bad-json": (InvalidRequest, None),
    "chat-cloud-model": (CloudDisabled, None),
    "chat-content-parts": (InvalidRequest, None),
    "chat-embed-model": (Unsupported, "model"),
    "chat-engine-dies": (BackendFailed, None),
    "chat-engine-dies-once": (BackendFailed, None),
    "chat-engine-error": (BackendFailed, None),
    "chat-engine-error-once": (BackendFailed, None),
    "chat-format-array": (InvalidRequest, "response_format"),
    "chat-format-bad": (InvalidRequest, "response_format"),
    "chat-image-bad-base64": (InvalidRequest, "messages"),
    "chat-image-data-uri": (InvalidRequest, "messages"),
    "chat-keep-alive-bool": (InvalidRequest, None),
    "chat-keep-alive-no-unit": (InvalidRequest, "keep_alive"),
    "chat-messages-string": (InvalidRequest, None),
    "chat-model-empty": (InvalidRequest, "model"),
    "chat-model-invalid": (ModelNotFound, None),
    "chat-no-body": (InvalidRequest, None),
    "chat-not-object": (InvalidRequest, None),
    "chat-num-ctx-small": (ContextOverflow, "messages"),
    "chat-option-bad-type": (InvalidRequest, "options"),
    "chat-option-stop-string": (InvalidRequest, "options"),
    "chat-thinking-bad-level": (InvalidRequest, "reasoning_effort"),
    "chat-thinking-unsupported": (Unsupported, "reasoning_effort"),
    "chat-too-long-refused": (ContextOverflow, "messages"),
    "chat-too-long-refused-go-template": (ContextOverflow, "messages"),
    "chat-too-long-refused-stream": (ContextOverflow, "messages"),
    "chat-too-long-truncated": (ContextOverflow, "messages"),
    "chat-tools-string-arguments": (InvalidRequest, None),
    "chat-tools-unsupported": (Unsupported, "tools"),
    "chat-top-logprobs-21": (InvalidRequest, "top_logprobs"),
    "chat-unknown-model": (ModelNotFound, None),
    "chat-unknown-model-once": (ModelNotFound, None),
    "embed-list-one-too-long-refused": (ContextOverflow, "input"),
    "embed-mixed": (InvalidRequest, None),
    "embed-number": (InvalidRequest, None),
    "embed-too-long-refused": (ContextOverflow, "input"),
    "embed-unknown": (ModelNotFound, None),
    "show-empty": (InvalidRequest, None),
    "show-no-model": (InvalidRequest, "model"),
    "show-unknown": (ModelNotFound, None),
}


def refusal(error: MochiError) -> tuple[type[MochiError], str | None]:
    return type(error), getattr(error, "param", None)


async def said(script: list[bytes]) -> tuple[list[ChatEvent], MochiError | None]:
    """The events of a chat, and the error that ended it."""
    events: list[ChatEvent] = []
    async with playing(script) as (backend, _):
        try:
            async for batch in backend.chat(HELLO):
                events.extend(batch)
        except MochiError as error:
            return events, error
    return events, None


def written(name: str) -> tuple[str, str]:
    """Thinking and text of a recorded answer, read without any of our code."""
    response = recording(name)["response"]
    lines = "".join(response.get("http_chunks") or [response["body"]]).splitlines()
    messages = [json.loads(line).get("message", {}) for line in lines]
    thinking, content = (
        "".join(message.get(key, "") for message in messages) for key in ("thinking", "content")
    )
    return thinking, content


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", CHATS)
async def test_every_chat(name: str, cut: Cut) -> None:
    events, error = await said(cut(recorded(name)))
    thought = "".join(event.text for event in events if isinstance(event, ThinkingDelta))
    spoken = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert (thought, spoken) == written(name)
    ends = [isinstance(event, Finished) for event in events]
    if error is None:
        assert name not in REFUSED
        assert ends == [False] * (len(events) - 1) + [True]
    else:
        assert refusal(error) == REFUSED[name]
        assert not any(ends)


ANSWER = ("Hello!", " This", " is", " a", " scripted", " answer", " to", " what", " you", " said.")
THOUGHT = ("The", " user", " wants", " an", " answer.", " I", " will", " keep", " it", " short.")


def weather(call_id: str) -> ToolCalled:
    return ToolCalled(ToolCall(call_id, "get_weather", {"city": "Paris"}))


def finish(reason: Any, prompt: int, completion: int, total: int, load: int) -> Finished:
    timings = Timings(total, load, prompt=5_000_000, generation=10_000_000)
    return Finished(reason, Usage(prompt, completion), timings)


def entry(token: str, logprob: float, *top: TokenLogprob) -> TokenLogprob:
    return TokenLogprob(token, logprob, tuple(token.encode()), top)


HELLO_P, THIS_P = -0.5827178955078125, -0.2133026123046875

MEANT: dict[str, list[ChatEvent]] = {
    "chat-stream": [
        *map(TextDelta, ANSWER),
        finish("stop", 5, 10, 3730605, 1157327),
    ],
    "chat-length": [
        *map(TextDelta, ANSWER[:3]),
        finish("length", 5, 3, 3490943, 993818),
    ],
    "chat-thinking-stream": [
        *map(ThinkingDelta, THOUGHT),
        *map(TextDelta, ANSWER),
        finish("stop", 5, 20, 260946220, 257031546),
    ],
    "chat-tools-two-demo-go": [
        weather("call_4mbv6xua"),
        weather("call_edlmbfoq"),
        finish("tool_calls", 14, 13, 2398358, 926709),
    ],
    "chat-tools-two-demo-tools": [
        weather("call00000000"),
        weather("call00000001"),
        finish("tool_calls", 8, 10, 2203888, 1059316),
    ],
    "chat-logprobs": [
        TextDelta("Hello!", (entry("Hello!", HELLO_P),)),
        TextDelta(" This", (entry(" This", THIS_P),)),
        finish("length", 5, 2, 2186332, 882007),
    ],
    "chat-top-logprobs": [
        TextDelta(
            "Hello! This",
            (
                entry("Hello!", HELLO_P, entry("Hello!", HELLO_P), entry(" alt1", HELLO_P - 1)),
                entry(" This", THIS_P, entry(" This", THIS_P), entry(" alt1", THIS_P - 1)),
            ),
        ),
        finish("length", 5, 2, 2198806, 918402),
    ],
    "chat-unicode": [
        *map(TextDelta, ("Grüße,", " 世界", " <b>&amp;</b>", " 🎉", " \u2028 end")),
        finish("stop", 10, 5, 2254379, 1089320),
    ],
    "chat-load": [Finished("stop")],
    "chat-unload": [Finished("stop")],
    "chat-engine-dies": [*map(TextDelta, ANSWER[:3])],
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", MEANT)
async def test_chats_by_value(name: str, cut: Cut) -> None:
    events, _ = await said(cut(recorded(name)))
    assert events == MEANT[name]


@pytest.mark.parametrize("cut", CUTS)
async def test_an_overflow_tells_its_counts(cut: Cut) -> None:
    _, error = await said(cut(recorded("chat-too-long-refused-stream")))
    assert error is not None
    assert error.details == {"n_prompt_tokens": 4205, "n_ctx": 4096}
    assert error.message == (
        "request (4205 tokens) exceeds the available context size (4096 tokens), try increasing it"
    )


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", [name for name in EMBEDS if name not in REFUSED])
async def test_every_embedding(name: str, cut: Cut) -> None:
    vectors = json.loads(recording(name)["response"]["body"])["embeddings"]
    request = EmbedRequest(model="demo-embed", inputs=("a",) * len(vectors))
    async with playing(cut(recorded(name))) as (backend, _):
        embeddings = await backend.embed(request)
    assert embeddings.floats() == vectors


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", [name for name in EMBEDS if name in REFUSED])
async def test_every_refused_embedding(name: str, cut: Cut) -> None:
    async with playing(cut(recorded(name))) as (backend, _):
        with pytest.raises(MochiError) as caught:
            await backend.embed(EmbedRequest(model="demo-embed", inputs=("a",)))
    assert refusal(caught.value) == REFUSED[name]


async def test_an_embedding_by_value() -> None:
    async with playing(recorded("embed-dimensions")) as (backend, playback):
        embeddings = await backend.embed(EmbedRequest(model="demo-embed", inputs=("hello",)))
    assert embeddings.floats() == [[-0.5172981, 0.709349, -0.31285694, 0.36241847]]
    assert embeddings.prompt_tokens == 1
    assert [request for request, _ in playback.requests] == ["POST /api/embed"]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", [name for name in SHOWS if name not in REFUSED])
async def test_every_model(name: str, cut: Cut) -> None:
    body = json.loads(recording(name)["response"]["body"])
    async with playing(cut(recorded(name))) as (backend, _):
        details = await backend.show("demo")
    assert details.capabilities == frozenset(body["capabilities"])
    assert details.context_length == (2048 if "embed" in name else 8192)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", [name for name in SHOWS if name in REFUSED])
async def test_every_model_that_cannot_be_shown(name: str, cut: Cut) -> None:
    async with playing(cut(recorded(name))) as (backend, _):
        with pytest.raises(MochiError) as caught:
            await backend.show("demo")
    assert refusal(caught.value) == REFUSED[name]


async def test_a_model_by_value() -> None:
    async with playing(recorded("show-demo-go")) as (backend, playback):
        details = await backend.show("demo-go")
    body = json.loads(recording("show-demo-go")["response"]["body"])
    assert details == ModelDetails(
        name="demo-go",
        capabilities=frozenset({"completion", "tools"}),
        context_length=8192,
        family="llama",
        parameter_size="33K",
        quantization="unknown",
        format="gguf",
        template=body["template"],
        parameters='stop                           "<|end|>"\ntemperature                    0.5',
    )
    assert playback.requests == [("POST /api/show", b'{"model":"demo-go"}')]


@pytest.mark.parametrize("cut", CUTS)
async def test_the_list_of_models(cut: Cut) -> None:
    async with playing(cut(recorded("tags"))) as (backend, playback):
        cards = await backend.models()
    kinds = "qwen", "", "tools", "thinking", "vision", "embed", "go"
    assert [card.name for card in cards] == [
        f"demo-{kind}:latest" if kind else "demo:latest" for kind in kinds
    ]
    assert cards[0].modified_at.isoformat() == "2026-11-21T10:36:24.479749+00:00"
    assert (cards[0].size, cards[0].digest[:8]) == (138791, "c19bcc7f")
    assert (cards[5].family, cards[5].quantization, cards[5].format) == ("bert", "F32", "gguf")
    assert (cards[5].context_length, cards[0].context_length) == (2048, 8192)
    assert cards[0].capabilities == frozenset({"completion", "tools"})
    assert playback.requests[0] == ("GET /api/tags", b"")


@pytest.mark.parametrize("cut", CUTS)
async def test_the_version(cut: Cut) -> None:
    async with playing(cut(recorded("version"))) as (backend, _):
        assert await backend.version() == "0.0.0"
