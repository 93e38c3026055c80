"""A server with an OpenAI API that answers by a script, and misbehaves as one likes."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

__all__ = [
    "DROP",
    "BenchServer",
    "Step",
    "bench_server",
    "chunked",
    "frame",
    "head",
    "refusal",
    "stream",
    "whole",
]

DROP = "drop"
"""In a script: the connection is closed."""
Step = bytes | float | str
Answer = list[Step]

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
ROLE: dict[str, Any] = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
HELLO: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}
THERE: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": " there"}}]}
STOP: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
END: dict[str, Any] = {"choices": [], "usage": USAGE}
DONE = "[DONE]"


def frame(data: Any) -> bytes:
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def chunked(block: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(block), block)


def head(kind: str = "text/event-stream", status: str = "200 OK", **headers: str) -> bytes:
    """Of an answer in chunks, unless a length is given."""
    pairs = {"content-type": kind, **{name.replace("_", "-"): v for name, v in headers.items()}}
    if "content-length" not in pairs:
        pairs["transfer-encoding"] = "chunked"
    lines = [f"{name}: {value}" for name, value in pairs.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def stream(*data: Any, pause: float = 0.0) -> Answer:
    """A streamed answer with these frames; without any it is a right one."""
    frames = data or (ROLE, HELLO, THERE, STOP, END, DONE)
    blocks = [chunked(frame(each)) for each in frames]
    steps: Answer = [head()]
    for block in blocks:
        steps += [pause, block] if pause else [block]
    return [*steps, b"0\r\n\r\n"]


def whole(body: Any) -> Answer:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [head("application/json", content_length=str(len(text))), text]


def refusal(status: str, message: str, **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message}}).encode()
    return [head("application/json", status, content_length=str(len(body)), **headers), body]


class BenchServer:
    """Answers by `script`, which is told the number of the request, from 0."""

    def __init__(self, script: Callable[[int], Answer]) -> None:
        self.script = script
        self.url = ""
        self.connections = 0
        self.heads: list[str] = []
        self.bodies: list[Any] = []
        self._lock = threading.Lock()

    def asked(self, head: str, body: Any) -> int:
        with self._lock:
            self.heads.append(head)
            self.bodies.append(body)
            return len(self.bodies) - 1


@contextmanager
def bench_server(script: Callable[[int], Answer] | Answer) -> Iterator[BenchServer]:
    server = BenchServer(script if callable(script) else lambda _: script)

    class Handler(StreamRequestHandler):
        disable_nagle_algorithm = True

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def handle(self) -> None:
            with suppress(OSError):
                while self.answered():
                    pass

        def answered(self) -> bool:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                if not (line := self.rfile.readline()):
                    return False
                head += line
            length = int(head.lower().split(b"content-length:")[1].split()[0])
            number = server.asked(head.decode(), json.loads(self.rfile.read(length)))
            for step in server.script(number):
                match step:
                    case bytes():
                        self.wfile.write(step)
                    case float():
                        time.sleep(step)
                    case _:
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return False
            return True

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        listening.shutdown()
        thread.join()
