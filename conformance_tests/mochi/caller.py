"""A stand-in for Ollama that calls exactly the tools that the user's message tells it to.

The message is a script, as `script` writes it. After the last of its rounds the model says what the
tools returned; whatever else is said to it is answered with `Said.`. An agent follows its
instruction in that way when it is told to `ACT`, and says `Planned.` when it is told to `PLAN`.
"""

import json
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["ACT", "BROKEN", "NOWHERE", "PLAN", "Caller", "call", "script"]

PLAN = "Plan it now."
ACT = "Do it now."
PHASES = {PLAN: "plan", ACT: "act"}
NOWHERE = "nowhere"
"""A model that is not there."""
BROKEN = "out of memory"

SHOWN = {
    "capabilities": ["completion", "tools", "thinking"],
    "model_info": {"general.context_length": 32768},
}
COUNTS = {"prompt_eval_count": 5, "eval_count": 3}
PIECE = "word "


def call(name: str, /, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def script(
    *rounds: list[dict[str, Any]],
    text: int = 0,
    spread: bool = False,
    then: int = 0,
    endless: bool = False,
    plan: int = 0,
    hasty: bool = False,
    breaks: str = "",
    mark: str = "",
) -> str:
    """A message that leads to these calls, a reply for each round.

    Before its calls a reply says `text` words, 20 ms each; `spread` sends every call in a chunk of
    its own, and the last one together with the end. The final reply says `then` words, 20 ms each,
    before the results. `endless` begins again after the last round. A plan says `plan` words, 20 ms
    each, before its end; a `hasty` one makes the calls of the first round. The "plan", or the final
    reply of the "act", ends in an error if `breaks` names it. `mark` means nothing.
    """
    told = {"rounds": rounds, "text": text, "spread": spread, "then": then, "endless": endless}
    return json.dumps({**told, "plan": plan, "hasty": hasty, "breaks": breaks, "mark": mark})


class Caller(ThreadingHTTPServer):
    """Listens on a free port while it is entered; `asked` are the last chats, as they came."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Chat)
        self.asked: deque[dict[str, Any]] = deque(maxlen=500)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self.server_close()

    def about(self, message: str) -> list[dict[str, Any]]:
        """The chats in which the user has said this."""
        said = {"role": "user", "content": message}
        return [body for body in self.asked if said in body["messages"]]


class Chat(BaseHTTPRequestHandler):
    """One connection, one request."""

    server: Caller
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.close_connection = True
        if self.path == "/api/chat":
            self.server.asked.append(body)
            self.answer(body["messages"])
        elif self.path == "/api/show" and NOWHERE in json.dumps(body):
            self.whole({"error": f"model '{NOWHERE}' not found"}, 404)
        else:
            self.whole(SHOWN if self.path == "/api/show" else {})

    def do_GET(self) -> None:
        self.whole({"version": "0.12.0", "models": []})

    def whole(self, value: Any, status: int = 200) -> None:
        raw = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def answer(self, messages: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.reply(messages)
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass  # the gateway has hung up

    def reply(self, messages: list[dict[str, Any]]) -> None:
        prompt = messages[-1].get("content")
        told, done = told_and_done(messages[:-1] if prompt in (PLAN, ACT) else messages)
        broken = prompt in (PLAN, ACT) and told.get("breaks") == PHASES[prompt]
        if prompt == PLAN and not told.get("hasty"):
            self.text(told.get("plan", 0), "Planned.", broken)
            return
        rounds, done = told.get("rounds", []), done - (prompt == ACT)  # without the plan
        if done < len(rounds) or told.get("endless"):
            self.words(told["text"])
            self.calls(rounds[done % len(rounds)], told["spread"])
            return
        results = [message["content"] for message in messages if message["role"] == "tool"]
        self.text(told.get("then", 0), " | ".join(results[-8:]) or "Said.", broken)

    def text(self, words: int, last: str, broken: bool) -> None:
        self.words(words)
        if broken:
            self.send({"error": BROKEN})
            return
        self.line({"content": last})
        self.line({"content": ""}, done=True, done_reason="stop", **COUNTS)

    def words(self, number: int) -> None:
        for _ in range(number):
            self.line({"content": PIECE})
            time.sleep(0.02)

    def calls(self, calls: list[dict[str, Any]], spread: bool) -> None:
        called = [{"function": one} for one in calls]
        end: dict[str, Any] = {"done": True, "done_reason": "stop", **COUNTS}
        if spread:
            *first, last = called
            for one in first:
                self.line({"content": "", "tool_calls": [one]})
            self.line({"content": "", "tool_calls": [last]}, **end)
        else:
            self.line({"content": "", "tool_calls": called})
            self.line({"content": ""}, **end)

    def line(self, message: dict[str, Any], done: bool = False, **more: Any) -> None:
        said = {"model": "caller", "message": {"role": "assistant", **message}, "done": done}
        self.send(said | more)

    def send(self, value: dict[str, Any]) -> None:
        raw = json.dumps(value).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def told_and_done(messages: list[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """The script of the last question, and how many replies have followed it."""
    last = max(index for index, one in enumerate(messages) if one["role"] == "user")
    done = sum(one["role"] == "assistant" for one in messages[last:])
    try:
        told = json.loads(messages[last]["content"])
    except ValueError:
        return {}, done
    return (told, done) if isinstance(told, dict) else ({}, done)
