"""A stand-in for Ollama that knows who still listens, and does not finish of its own accord.

The model's name says how it answers: `talk` sends a token every 20 ms, `flood` sends them as fast
as they are taken, `silent` accepts the request and says nothing. Only `brief` comes to an end.
"""

import json
import select
import threading
import time
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Self

__all__ = ["StandIn"]

MESSAGE = {"role": "assistant", "content": "on and on "}
LINE = json.dumps({"model": "talk", "message": MESSAGE, "done": False}).encode() + b"\n"
LAST = {"model": "brief", "message": MESSAGE, "done": True, "done_reason": "stop"}
COUNTS = {"prompt_eval_count": 5, "eval_count": 3}
BRIEF = json.dumps(LAST | COUNTS).encode() + b"\n"
SHOWN = b'{"capabilities":["completion"],"model_info":{"general.context_length":8192}}'
SHOW = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
    len(SHOWN),
    SHOWN,
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(LINE), LINE)


class StandIn(ThreadingTCPServer):
    """Listens on a free port while it is entered; `open` counts the chats under way."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Chat)
        self.open = 0
        self.lock = threading.Lock()
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

    def count(self, change: int) -> None:
        with self.lock:
            self.open += change

    def wait_for(self, chats: int, seconds: float) -> bool:
        """Whether so many chats are under way before the time is over."""
        deadline = time.monotonic() + seconds
        while self.open != chats and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.open == chats


class Chat(StreamRequestHandler):
    """One connection, one chat."""

    server: StandIn

    def handle(self) -> None:
        request, length = self.rfile.readline(), 0
        while line := self.rfile.readline().strip().lower():
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        body = self.rfile.read(length)
        if b" /api/chat " not in request:
            self.wfile.write(SHOW if b" /api/show " in request else NOT_FOUND)
            return
        model = json.loads(body)["model"]
        self.server.count(1)
        try:
            self.answer(model)
        except OSError:
            pass
        finally:
            self.server.count(-1)

    def answer(self, model: str) -> None:
        """Until the other side hangs up, which a send or a read of nothing tells."""
        if model == "silent":
            self.connection.recv(1)
            return
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
        self.wfile.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
        if model == "brief":
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BRIEF), BRIEF))
            return
        while not self.gone(0 if model == "flood" else 0.02):
            self.wfile.write(CHUNK)

    def gone(self, seconds: float) -> bool:
        """Wait so long for the other side to hang up."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable) and not self.connection.recv(1)
