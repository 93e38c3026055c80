"""HTTP as it is on the wire: bytes out, bytes in, nothing forgiven.

SDKs repair what servers get wrong, so everything outside `sdk/` reads the socket itself.
"""

import contextlib
import json
import socket
import ssl
import time
from dataclasses import dataclass
from http.client import HTTPResponse, IncompleteRead
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from conformance_tests.judging.evidence import Record, recorder

__all__ = ["Answer", "Live", "Server", "ask"]


@dataclass(frozen=True)
class Answer:
    """A response that has ended. `complete` is false when its connection broke before its body."""

    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    complete: bool = True

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def payloads(self) -> list[bytes]:
        """What stands behind each `data: ` of an event stream, `[DONE]` included."""
        return [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: ")]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The JSON of each `data: ` line."""
        return [json.loads(payload) for payload in self.payloads if payload != b"[DONE]"]


class Live:
    """A response whose body is still arriving. Leaving the `with` block hangs up."""

    def __init__(
        self, connection: socket.socket, method: str, timeout: float, record: Record | None = None
    ) -> None:
        self.connection = connection
        self.record = record
        self.deadline = time.monotonic() + timeout
        self.response = HTTPResponse(connection, method=method)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.response.close()
        self.connection.close()

    def begin(self) -> int:
        """Wait for the head; the status."""
        self.response.begin()
        if self.record:
            version = "HTTP/1.0" if self.response.version == 10 else "HTTP/1.1"
            line = f"{version} {self.response.status} {self.response.reason}".rstrip()
            self.record.begins(line, self.response.getheaders())
        return self.response.status

    def line(self) -> bytes:
        """The next line of the body; `b""` at its end."""
        return self.kept(self.response.readline())

    def kept(self, piece: bytes) -> bytes:
        if self.record:
            self.record.goes_on(piece)
        return piece

    def rest(self) -> Answer:
        """Read on to the end; `TimeoutError` when that takes too long, however lively it is."""
        pieces, complete = [], True
        try:
            while piece := self.response.read1(65536):
                pieces.append(self.kept(piece))
                if time.monotonic() > self.deadline:
                    raise TimeoutError("the answer does not end")
            complete = not self.response.length
        except (IncompleteRead, ConnectionError):
            complete = False
        headers = {name.lower(): value for name, value in self.response.getheaders()}
        return Answer(self.response.status, headers, b"".join(pieces), complete)


class Server:
    """The server under test: where it listens, and the model that is asked by default.

    Paths are relative to the base URL (`/chat/completions`), as SDKs have them.
    """

    def __init__(
        self, base_url: str, model: str = "", key: str | None = None, timeout: float = 60
    ) -> None:
        url = urlsplit(base_url.rstrip("/"))
        self.base_url, self.model = base_url.rstrip("/"), model
        self.key, self.timeout = key, timeout
        self.host, self.prefix, self.tls = url.hostname or "", url.path, url.scheme == "https"
        self.port = url.port or (443 if self.tls else 80)
        self.authority = url.netloc

    def connect(self) -> socket.socket:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        if not self.tls:
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)

    def send(
        self, raw: bytes, method: str = "POST", connection: socket.socket | None = None
    ) -> Live:
        """Write these bytes and nothing else, on a new connection unless one is given.

        A server may answer and hang up before their end.
        """
        record = recorder.sent(raw)
        connection = connection or self.connect()
        with contextlib.suppress(ConnectionError):
            connection.sendall(raw)
        return Live(connection, method, self.timeout, record)

    def head(self, method: str, path: str, headers: dict[str, str | None]) -> bytes:
        """A request head; a header whose value is `None` is left out, the usual ones too."""
        usual: dict[str, str | None] = {"Host": self.authority, "Connection": "close"}
        if self.key:
            usual["Authorization"] = f"Bearer {self.key}"
        lines = [
            f"{name}: {value}" for name, value in (usual | headers).items() if value is not None
        ]
        return "\r\n".join([f"{method} {self.prefix}{path} HTTP/1.1", *lines, "", ""]).encode()

    def open(
        self, method: str, path: str, body: Any = None, headers: dict[str, str | None] | None = None
    ) -> Live:
        """Send a request; `body` is JSON to be, or bytes to go out as they are."""
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        usual: dict[str, str | None] = {}
        if body is not None:
            usual = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
        return self.send(self.head(method, path, usual | (headers or {})) + raw, method)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str | None] | None = None
    ) -> Answer:
        with self.open(method, path, body, headers) as live:
            live.begin()
            return live.rest()

    def get(self, path: str, headers: dict[str, str | None] | None = None) -> Answer:
        return self.request("GET", path, headers=headers)

    def body(self, **fields: Any) -> dict[str, Any]:
        """A chat request: a short question to the default model, unless `fields` say otherwise."""
        return {"model": self.model, "messages": ask("Say hello."), **fields}

    def chat(self, **fields: Any) -> Answer:
        return self.request("POST", "/chat/completions", self.body(**fields))

    def stream(self, **fields: Any) -> Answer:
        return self.chat(stream=True, **fields)


def ask(text: str) -> list[dict[str, Any]]:
    """A conversation of one question."""
    return [{"role": "user", "content": text}]
