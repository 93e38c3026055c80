"""Requests as bytes, made before the clock runs: all that differs is a number in the prompt."""

import json
from itertools import count, cycle, islice
from typing import Any

from gateway.commands.benching.plan import Load, Target

__all__ = ["Requests", "made_up"]

PATHS = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "responses": "/responses",
    "embeddings": "/embeddings",
}
PLACE = "00000000"
TEXT = """the river was wide and a man on the other side had a boat that was old but good for one
more day so we went down to the water and he came over and we all sat in it and saw how the sun made
a long road of light"""


class Requests:
    """The requests to a server, one after the other.

    A prompt of ours begins with the number of the request, so that a server which remembers
    prompts does not answer from memory. One that was given is sent as it is.
    """

    def __init__(self, target: Target, load: Load) -> None:
        prompt = load.prompt if isinstance(load.prompt, str) else made_up(load.prompt)
        body = json.dumps(asked(target.model, prompt, load), ensure_ascii=False).encode()
        # The prompt is the last text of a body, so the last place is its own and not a model's.
        ours = prompt != load.prompt
        parts = body.rpartition(PLACE.encode()) if ours else (body, b"", b"")
        before, self._place, self._after = parts
        self._before = rendered(target, load, len(body)) + before
        self._numbers = count(1)

    def next(self) -> bytes:
        if not self._place:
            return self._before
        return b"%b%08d%b" % (self._before, next(self._numbers), self._after)


def asked(model: str, prompt: str, load: Load) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model}
    match load.endpoint:
        case "chat":
            body |= {"messages": [{"role": "user", "content": prompt}]}
            body |= {"max_tokens": load.max_tokens}
        case "completions":
            body |= {"prompt": prompt, "max_tokens": load.max_tokens}
        case "responses":
            body |= {"input": prompt, "max_output_tokens": load.max_tokens, "store": False}
        case "embeddings":
            return body | {"input": prompt}
    if load.stream and load.endpoint != "responses":
        body["stream_options"] = {"include_usage": True}
    return body | {"stream": load.stream}


def rendered(target: Target, load: Load, length: int) -> bytes:
    """The head. Headers that were given replace ours of the same name."""
    headers = {
        "Host": target.origin.authority,
        "User-Agent": "mochi-bench",
        "Accept": "text/event-stream" if load.stream else "application/json",
        "Content-Type": "application/json",
    }
    if target.key:
        headers["Authorization"] = f"Bearer {target.key}"
    elif target.origin.authorization:
        headers["Authorization"] = target.origin.authorization
    given = {name.lower() for name, _ in target.headers}
    kept = [pair for pair in headers.items() if pair[0].lower() not in given]
    lines = [f"{name}: {value}" for name, value in (*kept, *target.headers)]
    path = target.origin.prefix + PATHS[load.endpoint]
    head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, f"Content-Length: {length}"])
    return f"{head}\r\n\r\n".encode("latin-1")


def made_up(tokens: int) -> str:
    """About so many tokens: the common words of it are one each to most models."""
    ask = f"Text {PLACE}. Go on with it at length:"
    spent = 16
    words = islice(cycle(TEXT.split()), max(1, tokens - spent))
    return f"{ask} {' '.join(words)}"
