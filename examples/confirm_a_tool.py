"""A model that may use tools, and a person who decides which of its calls run.

MOCHI_TOOLS_DIR=examples/tools uv run mochi demo  # in one terminal
uv run python examples/confirm_a_tool.py          # in another
"""

import json
import os
import sys
from collections.abc import Iterator

import httpx

BASE_URL = os.environ.get("MOCHI_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("MOCHI_API_KEY", "mochi")
client = httpx.Client(
    base_url=f"{BASE_URL}/api/v1",
    headers={"Authorization": f"Bearer {KEY}"},
    timeout=httpx.Timeout(60, read=None),  # a question stays open for as long as you think
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


def turn(session: str, message: str) -> None:
    """Say something, and show what happens."""
    print(f"\n> {message}")
    with client.stream("POST", f"/chat/{session}/stream", json={"message": message}) as answer:
        if answer.is_error:
            raise SystemExit(answer.read().decode())
        for name, data in events(answer):
            match name:
                case "content_delta":
                    print(data["content"], end="", flush=True)
                case "tool_call":
                    print(f"runs     {written(data)}")
                case "tool_call_confirmation_required":
                    print(f"asks for {written(data)}")
                    confirm(session, data["confirmation_id"])
                case "tool_result":
                    print(f"result   {data['result']}")
                case "error":
                    raise SystemExit(data["message"])
    print()


def written(call: dict) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
    return f"{call['tool_name']}({arguments})"


def confirm(session: str, confirmation_id: str) -> None:
    """Answer the question, on another connection: that of the stream stays open meanwhile.

    The id is known to the reader of this stream alone, and good for one answer.
    """
    answer = {"confirmation_id": confirmation_id, "approved": allowed()}
    taken = client.post(f"/chat/{session}/confirm-tool", json=answer)
    print(f"         {taken.raise_for_status().json()['message']}")


def allowed() -> bool:
    """What you say; without a terminal there is nobody to ask, and this demonstration says yes."""
    return not sys.stdin.isatty() or input("         Allow it? [y/N] ").strip().lower() == "y"


def main() -> None:
    tools = client.get("/tools").raise_for_status().json()["tools"]
    if "write_file" not in tools:
        raise SystemExit("Start the gateway with MOCHI_TOOLS_DIR=examples/tools")
    settings = {
        "tools": ["calculate", "read_file", "write_file"],
        "execution_policy": "always_confirm",
        "tool_policies": {"calculate": "never_confirm"},  # it cannot do any harm
    }
    begun = {"model": "demo-tools", "tool_settings": settings}
    session = client.post("/sessions", json=begun).raise_for_status().json()["session_id"]
    turn(session, "Calculate (3 + 4) * 12 for me.")
    turn(session, "Write a shopping list into the file notes/shopping.txt.")
    turn(session, "Read the file notes/shopping.txt.")
    client.delete(f"/sessions/{session}").raise_for_status()


if __name__ == "__main__":
    main()
