"""A client as a server sees it: its headers, the order of its fields, the size of its prompts.

Fields, headers and sizes were recorded from the real programs; the texts between are ours, and as
long as theirs. `Accept-Encoding` alone is left out: nothing here would decompress an answer.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance_tests.wire import Answer, Live, Server

__all__ = [
    "STAINLESS",
    "Call",
    "Client",
    "chunks_of",
    "deltas",
    "finished",
    "function",
    "only",
    "prose",
    "read_whole",
    "text_of",
]

Chunk = dict[str, Any]

STAINLESS = {
    "X-Stainless-Lang": "python",
    "X-Stainless-OS": "Linux",
    "X-Stainless-Arch": "x64",
    "X-Stainless-Runtime": "CPython",
    "X-Stainless-Runtime-Version": "3.11.7",
    "X-Stainless-Async": "false",
    "X-Stainless-Retry-Count": "0",
}
"""What the OpenAI SDK for Python says of itself in every request."""

TOPICS = ("file", "answer", "list", "command", "question", "name", "result", "step", "note", "page")


@dataclass(frozen=True)
class Client:
    """Somebody who talks to the server with these headers, and sends fields in the order given."""

    server: Server
    headers: Mapping[str, str]

    def sent(self) -> dict[str, str | None]:
        usual = {"Connection": "keep-alive", "Authorization": f"Bearer {self.server.key or 'none'}"}
        return {**usual, **self.headers}

    def get(self, path: str) -> Answer:
        return self.server.get(path, self.sent())

    def post(self, path: str, **body: Any) -> Answer:
        return self.server.request("POST", path, compact(body), self.sent())

    def open(self, path: str, **body: Any) -> Live:
        return self.server.open("POST", path, compact(body), self.sent())

    def chat(self, **body: Any) -> Answer:
        return self.post("/chat/completions", **body)


@dataclass
class Call:
    """A tool call as far as a client has put it together."""

    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> dict[str, Any]:
        """What they say, once all pieces are there."""
        value: dict[str, Any] = json.loads("".join(self.pieces))
        return value


def compact(body: dict[str, Any]) -> bytes:
    """JSON without spaces and with its letters as they are, as SDKs write it."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def chunks_of(answer: Answer) -> list[Chunk]:
    """The JSON behind each `data:`; a stream that breaks or tells of an error is none."""
    assert answer.status == 200, f"{answer.status}: {answer.body[:500]!r}"
    assert answer.complete, "the stream breaks off"
    lines = [line[5:].strip() for line in answer.body.splitlines() if line.startswith(b"data:")]
    chunks: list[Chunk] = [json.loads(line) for line in lines if line != b"[DONE]"]
    assert chunks, f"there is no event in {answer.body[:500]!r}"
    for chunk in chunks:
        assert not chunk.get("error"), chunk
    return chunks


def deltas(chunks: Sequence[Chunk]) -> list[dict[str, Any]]:
    """What the first choice adds, chunk by chunk; the others are never looked at."""
    return [chunk["choices"][0].get("delta") or {} for chunk in chunks if chunk.get("choices")]


def text_of(chunks: Sequence[Chunk]) -> str:
    return "".join(delta.get("content") or "" for delta in deltas(chunks))


def finished(chunks: Sequence[Chunk]) -> list[str]:
    """Every reason to end that the first choice gives."""
    reasons = [chunk["choices"][0].get("finish_reason") for chunk in chunks if chunk.get("choices")]
    return [reason for reason in reasons if reason]


def only(calls: Sequence[Call]) -> Call:
    """The call, where there is one that the client can make out."""
    found = [(call.id, call.name, "".join(call.pieces)) for call in calls]
    assert len(calls) == 1, f"one call was due, but the client makes out {found}"
    return calls[0]


def read_whole(usage: Mapping[str, Any] | None, sent: Any) -> None:
    """Whether as many tokens were read as these parts of a request must have. A server that cuts
    its prompt to a small window counts a fraction of them; few tokens are longer than 8 bytes."""
    assert usage, "the tokens are not counted"
    read = usage.get("prompt_tokens", usage.get("input_tokens"))
    assert isinstance(read, int), usage
    least = len(json.dumps(sent)) // 8
    assert read > least, f"{read} tokens were read, but it were at least {least}"


def prose(size: int) -> str:
    """This many bytes of instructions, no two sentences alike."""
    sentences, length = [], 0
    for number in range(size):
        topic, other = TOPICS[number % len(TOPICS)], TOPICS[(number // len(TOPICS) + 3) % 10]
        sentences.append(f"Rule {number}: look at the {topic} before you speak of any {other}. ")
        length += len(sentences[-1])
        if length >= size:
            break
    return "".join(sentences)[:size]


def function(
    name: str, description: str, properties: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """A tool as chat completions have it; all its properties are required unless `more` says."""
    parameters = {
        "type": "object",
        "properties": dict(properties or {}),
        **({"required": [*properties]} if properties else {}),
        **more,
    }
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }
