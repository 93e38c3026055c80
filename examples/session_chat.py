"""A conversation that the gateway keeps: begun, streamed, changed, answered anew, deleted.

uv run mochi demo                       # in one terminal
uv run python examples/session_chat.py  # in another
"""

import json
import os
from collections.abc import Iterator

import httpx

BASE_URL = os.environ.get("MOCHI_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("MOCHI_API_KEY", "mochi")
client = httpx.Client(
    base_url=f"{BASE_URL}/api/v1", headers={"Authorization": f"Bearer {KEY}"}, timeout=120
)


def events(answer: httpx.Response) -> Iterator[tuple[str, dict]]:
    """The name and the data of each event. `iter_lines` would also split at U+2028, within data."""
    rest = b""
    for block in answer.iter_bytes():
        *frames, rest = (rest + block).split(b"\n\n")
        for frame in frames:
            if frame.startswith(b"event: "):  # the others are comments, sent to keep the line open
                name, data = frame.removeprefix(b"event: ").split(b"\ndata: ")
                yield name.decode(), json.loads(data)


def stream(session: str, message: str | None) -> None:
    """Print the answer as it comes; without a message, the last one is answered again."""
    with client.stream("POST", f"/chat/{session}/stream", json={"message": message}) as answer:
        if answer.is_error:
            raise SystemExit(answer.read().decode())
        for name, data in events(answer):
            match name:
                case "content_delta":
                    print(data["content"], end="", flush=True)
                case "error":
                    raise SystemExit(data["message"])
    print()


def told(answer: httpx.Response) -> dict:
    """What a route answers; its error as an exception."""
    return answer.raise_for_status().json()


def main() -> None:
    begun = {"model": "demo", "system_prompt": "Answer in one line."}
    session = told(client.post("/sessions", json=begun))["session_id"]
    print(f"Session {session}")
    stream(session, "Hello! What can you do?")

    # Message 0 is the system prompt, 1 what we said. What follows an edited message is dropped.
    told(client.put(f"/sessions/{session}/messages/1", json={"content": "Hello! Who are you?"}))
    stream(session, None)

    for message in told(client.get(f"/sessions/{session}/messages"))["messages"]:
        print(f"{message['role']:>9}: {message['content']}")
    client.delete(f"/sessions/{session}").raise_for_status()


if __name__ == "__main__":
    main()
