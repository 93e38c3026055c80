"""Every recorded exchange with a real Ollama, held against the simulator.

The requests are sent in the order of the recording to one simulator, because some depend on what
earlier ones left behind. Words, times, counts and random ids are made equal before comparing;
everything else has to be the same: status, headers and their order, keys and their order, types,
lines, HTTP chunks, error texts.
"""

import asyncio
import base64
import json
import re
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from adapters.simulator import Simulator

RECORDINGS = Path(__file__).parent / "recordings"
ORDER = re.findall(r"^\| `([^`]+)`", (RECORDINGS / "INDEX.md").read_text("utf-8"), re.MULTILINE)

# The scripted engine accepted what a real one refuses; the refusals have tests of their own.
UNLIKE_A_REAL_ENGINE = {"chat-image-no-vision", "embed-chat-model"}

# The scripted engine fails by the words of the message, the simulator by the name of the model.
STANDS_IN = {
    "chat-engine-error": "demo-broken-engine-error",
    "chat-engine-error-once": "demo-broken-engine-error",
    "chat-engine-dies": "demo-broken-engine-dies",
    "chat-engine-dies-once": "demo-broken-engine-dies",
}
SAME_WORDS = {"chat-unicode"}
# These counts follow from rules, not from the engine's words.
SAME_PROMPT_COUNT = {
    "chat-stream",
    "chat-system",
    "chat-content-null",
    "chat-many-messages-truncated",
    "chat-too-long-go-template",
    "generate-once",
    "generate-raw",
    "embed-too-long",
}

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class Answer(Struct):
    """A reply as it came over the socket."""

    start: str
    headers: list[list[str]]
    body: str
    chunks: list[str] | None


def recording(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))


def request_bytes(name: str, port: int) -> bytes:
    """The request as the recorder sent it."""
    request = recording(name)["request"]
    body = base64.b64decode(request["raw_base64"]) if "raw_base64" in request else b""
    body = request["raw"].encode() if "raw" in request else body
    if "body" in request:
        changes = {"model": STANDS_IN[name]} if name in STANDS_IN else {}
        body = json.dumps({**request["body"], **changes}).encode()
    headers = {"Host": f"127.0.0.1:{port}", "Content-Type": "application/json"}
    headers |= {"Content-Length": str(len(body))} | request["headers"] | {"Connection": "close"}
    head = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
    return f"{request['method']} {request['path']} HTTP/1.1\r\n{head}\r\n".encode() + body


def parsed(data: bytes) -> Answer:
    head, _, rest = data.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    headers = [line.split(": ", 1) for line in lines]
    chunks = None
    if ["Transfer-Encoding", "chunked"] in headers:
        chunks = []
        while not rest.startswith(b"0\r\n\r\n"):
            size, _, rest = rest.partition(b"\r\n")
            chunks.append(rest[: int(size, 16)].decode())
            rest = rest[int(size, 16) + 2 :]
        rest = "".join(chunks).encode()
    return Answer(start, [h for h in headers if h[0] != "Date"], rest.decode(), chunks)


async def exchanged(names: list[str]) -> dict[str, Answer]:
    """The answers of one simulator to requests that follow each other."""
    answers = {}
    async with Simulator(version="0.0.0") as simulator, asyncio.timeout(30):
        port = int(simulator.url.rpartition(":")[2])
        for name in names:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_bytes(name, port))
            answers[name] = parsed(await reader.read())
            writer.close()
    return answers


@cache
def replayed() -> dict[str, Answer]:
    # loading a stand-in would push out a model that /api/ps is expected to list
    usual = [name for name in ORDER if name not in STANDS_IN]
    return asyncio.run(exchanged(usual)) | asyncio.run(exchanged(list(STANDS_IN)))


def recorded(name: str) -> Answer:
    response = recording(name)["response"]
    chunks = response.get("http_chunks")
    body = response.get("body", "".join(chunks or ()))
    if chunks is None and ["Transfer-Encoding", "chunked"] in response["headers"]:
        chunks = [body]
    return Answer(response["reason"], response["headers"], body, chunks)


def made_equal(value: Any, key: str = "") -> Any:
    """`value` with everything that may differ replaced by its kind."""
    match value:
        case dict():
            return [(name, made_equal(member, name)) for name, member in value.items()]
        case list() if key in ("embedding", "bytes", "context"):
            return f"a list of {'nothing' if not value else type(value[0]).__name__}"
        case list() if key == "models":
            ordered = sorted(value, key=lambda model: str(model["name"]))
            return [made_equal(model, key) for model in ordered]
        case list() if key == "embeddings":
            return [len(vector) for vector in value]
        case list():
            return [made_equal(item, key) for item in value]
        case str():
            return text_made_equal(value, key)
        case int() | float() if key.endswith(("_duration", "_count")) and key != "block_count":
            return f"a positive {type(value).__name__}" if value > 0 else value
        case float() if key == "logprob":
            return value <= 0
        case _:
            return value


def text_made_equal(value: str, key: str) -> str:
    if key in ("created_at", "modified_at", "expires_at"):
        return "a time" if TIME.fullmatch(value) else value
    if key in ("content", "response", "thinking", "token", "city"):
        return "some text" if value else ""
    if key == "model" and value in STANDS_IN.values():
        return "demo"
    if key == "id":
        native = re.fullmatch(r"call0000000\d|[a-z0-9]{32}", value)
        return "an engine's id" if native else re.sub("[a-z0-9]{8}$", "8 letters", value)
    if key == "status":
        return re.sub("sha256:[0-9a-f]{64}", "a digest", value)
    if key == "error" and value.startswith("{"):
        # the engine's own blanks, and its own count of a prompt that is longer than 4096 anyway
        return re.sub(r"\b42\d\d\b", "too many", json.dumps(json.loads(value)))
    return value


def lines_made_equal(text: str) -> list[Any]:
    """A line each; of many lines of one kind that follow each other, one."""
    lines = [made_equal(json.loads(line)) for line in text.splitlines()]
    return [line for line, _ in groupby(lines)]


def is_json(answer: Answer) -> bool:
    kind = dict(answer.headers).get("Content-Type", "")
    return kind.startswith("application/") and bool(answer.body)


@pytest.mark.parametrize("name", [name for name in ORDER if name not in UNLIKE_A_REAL_ENGINE])
def test_the_simulator_answers_as_recorded(name: str) -> None:
    ours, theirs = replayed()[name], recorded(name)
    assert ours.start == theirs.start
    assert without_length(ours) == without_length(theirs)
    length = dict(ours.headers).get("Content-Length")
    if recording(name)["request"]["method"] != "HEAD":
        assert length in (None, str(len(ours.body.encode())))
    if is_json(theirs):
        assert lines_made_equal(ours.body) == lines_made_equal(theirs.body)
        assert ours.body.endswith("\n") == theirs.body.endswith("\n")
    else:
        assert ours.body == theirs.body


def without_length(answer: Answer) -> list[list[str]]:
    return [[name, "?" if name == "Content-Length" else value] for name, value in answer.headers]


@pytest.mark.parametrize("name", ORDER)
def test_a_streamed_line_is_an_http_chunk(name: str) -> None:
    answer = replayed()[name]
    if answer.chunks is not None and recorded(name).body.endswith("\n"):
        assert answer.chunks == answer.body.splitlines(keepends=True)


@pytest.mark.parametrize("name", ["root", "version", "status", "tags", "blob-head-unknown"])
def test_what_depends_on_nothing_has_the_recorded_length(name: str) -> None:
    assert replayed()[name].headers == recorded(name).headers


@pytest.mark.parametrize("name", sorted(SAME_WORDS))
def test_the_same_words_come_in_the_same_escapes(name: str) -> None:
    texts = [re.findall(r'"content":"((?:[^"\\]|\\.)*)"', answer.body) for answer in both(name)]
    assert "".join(texts[0]) == "".join(texts[1])


def both(name: str) -> tuple[Answer, Answer]:
    return replayed()[name], recorded(name)


def last(answer: Answer) -> Any:
    return json.loads(answer.body.splitlines()[-1])


LENGTH = [name for name in ORDER if '"done_reason":"length"' in recorded(name).body]


@pytest.mark.parametrize("name", LENGTH)
def test_an_answer_cut_by_num_predict_has_the_recorded_tokens(name: str) -> None:
    ours, theirs = both(name)
    assert last(ours).get("eval_count") == last(theirs).get("eval_count")
    assert len(ours.body.splitlines()) == len(theirs.body.splitlines())


@pytest.mark.parametrize("name", sorted(SAME_PROMPT_COUNT))
def test_prompt_tokens_follow_the_rules(name: str) -> None:
    ours, theirs = both(name)
    assert last(ours)["prompt_eval_count"] == last(theirs)["prompt_eval_count"]


def test_for_ever_is_some_290_years_ahead() -> None:
    ours, theirs = both("ps-keep-alive-minus")
    for answer in (ours, theirs):
        (demo,) = [m for m in json.loads(answer.body)["models"] if m["name"] == "demo:latest"]
        assert demo["expires_at"][:2] in ("22", "23")


def test_every_recording_is_replayed() -> None:
    assert {path.stem for path in RECORDINGS.glob("*.json")} == set(ORDER)
