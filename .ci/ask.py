"""Wait for the demo whose output is in the file named, and ask it twice: whole and streamed."""

import json
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

PATIENCE = 30


def base_url(log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := re.search(r"http://127\.0\.0\.1:\d+/v1\b", log.read_text()):
            return found[0]
        time.sleep(0.1)
    sys.exit(f"the demo did not start:\n{log.read_text()}")


def ask(url: str, *, stream: bool) -> str:
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello!"}], "stream": stream}
    headers = {"Content-Type": "application/json"}
    request = Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)
    with urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def streamed(text: str) -> str:
    """The content of a stream that ends as it should."""
    *frames, end, rest = text.split("\n\n")
    if (end, rest) != ("data: [DONE]", ""):
        sys.exit(f"the stream does not end with [DONE]: {text[-200:]!r}")
    chunks: list[dict[str, Any]] = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


url = base_url(Path(sys.argv[1]))
whole = json.loads(ask(url, stream=False))["choices"][0]["message"]["content"]
pieces = streamed(ask(url, stream=True))
if not whole or whole != pieces:
    sys.exit(f"the answers differ or are empty: {whole!r} and {pieces!r}")
print(f"whole and streamed the demo says: {whole}")
