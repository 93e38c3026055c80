"""HTTP/1.1 in front of another server; the number at the head of a path says what goes wrong."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from conformance_tests.launcher import gateway_on_the_simulator
from conformance_tests.tests.broken.defect import BrokenOff, Defect, Frames, LeftOpen
from conformance_tests.tests.broken.messages import Reply, Request
from conformance_tests.tests.broken.switches import DEFECTS

__all__ = ["base_url", "broken_server"]

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
SOUND = Defect()
PATIENCE = 60
"""Seconds after which a connection that was left open is closed all the same."""


class BrokenServer(ThreadingHTTPServer):
    """In front of whatever listens on the port `behind`."""

    request_queue_size = 128

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.behind = behind

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has hung up is no error; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def broken_server() -> Iterator[int]:
    """In front of our gateway on its simulator; the port."""
    with gateway_on_the_simulator() as gateway, BrokenServer(gateway.port) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def base_url(port: int, row: int) -> str:
    return f"http://127.0.0.1:{port}/{row}/v1"


class Passing(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: BrokenServer

    def pass_on(self) -> None:
        _, _, rest = self.path.partition("/")
        row, _, path = rest.partition("/")
        request = Request(self.command, f"/{path}", tuple(self.headers.items()), self.body())
        defect = DEFECTS.get(int(row), SOUND)
        if not defect.concerns(request):
            defect = SOUND
        try:
            self.answer(request, defect)
        except (BrokenOff, ConnectionError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = pass_on

    def body(self) -> bytes:
        """Whole, however it is framed; less of it where the client has hung up."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self.pieces())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def pieces(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline() or b"0", 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def answer(self, request: Request, defect: Defect) -> None:
        changed = defect.asked(request)
        if isinstance(changed, Reply):
            self.send_whole(changed)
            return
        connection = HTTPConnection("127.0.0.1", self.server.behind, timeout=PATIENCE)
        with contextlib.closing(connection):
            response = asked(connection, changed)
            headers = tuple(
                pair for pair in response.getheaders() if pair[0].lower() not in HOP_BY_HOP
            )
            if response.getheader("content-type", "").startswith("text/event-stream"):
                self.begin(response.status, *headers, ("Transfer-Encoding", "chunked"))
                self.send_frames(defect.streamed(request, frames(response)))
            else:
                reply = Reply(response.status, headers, response.read())
                self.send_whole(defect.answered(request, reply))

    def begin(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def send_whole(self, reply: Reply) -> None:
        self.begin(reply.status, *reply.headers, ("Content-Length", str(len(reply.body))))
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def send_frames(self, frames: Frames) -> None:
        try:
            for frame in frames:
                self.wfile.write(b"%x\r\n%s\n\n\r\n" % (len(frame) + 2, frame))
            self.wfile.write(b"0\r\n\r\n")
        except LeftOpen:
            self.connection.settimeout(PATIENCE)
            with contextlib.suppress(TimeoutError):
                self.connection.recv(1)
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads along."""


def asked(connection: HTTPConnection, request: Request) -> HTTPResponse:
    """The head of the other server's answer to this request."""
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    for name, value in request.headers:
        if name.lower() not in HOP_BY_HOP:
            connection.putheader(name, value)
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.putheader("Connection", "close")
    with contextlib.suppress(ConnectionError):  # an answer may come before the end of the body
        connection.endheaders(request.body)
    return connection.getresponse()


def frames(response: HTTPResponse) -> Frames:
    """The blocks of an event stream, as they arrive, without their blank lines."""
    waiting = b""
    while piece := response.read1(65536):
        *whole, waiting = (waiting + piece).split(b"\n\n")
        yield from whole
