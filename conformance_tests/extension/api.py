"""`/api/v1` as its clients see it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from conformance_tests.wire import Answer, Server

__all__ = ["Api", "api_of"]

NOBODY = "0000000000"


@dataclass(frozen=True)
class Api:
    """The routes, and how a session is begun, talked to and ended."""

    http: Server

    @contextmanager
    def session(self, **fields: Any) -> Iterator[str]:
        """The id of a new session, which is deleted afterwards."""
        answer = self.begin(**fields)
        assert answer.status == 201, answer.body[:500]
        id: str = answer.json["session_id"]
        try:
            yield id
        finally:
            self.http.request("DELETE", f"/sessions/{id}")

    def begin(self, **fields: Any) -> Answer:
        return self.http.request("POST", "/sessions", {"model": self.http.model, **fields})

    def found(self, path: str) -> dict[str, Any]:
        """What is there, whole."""
        answer = self.http.get(path)
        assert answer.status == 200, answer.body[:500]
        found: dict[str, Any] = answer.json
        return found

    def said(self, id: str) -> list[tuple[str, str]]:
        """Who said what in a session."""
        messages = self.found(f"/sessions/{id}/messages")["messages"]
        return [(message["role"], message["content"]) for message in messages]

    def say(self, id: str, message: str | None, **fields: Any) -> Answer:
        return self.http.request("POST", f"/chat/{id}", {"message": message, **fields})

    def stream(self, id: str, message: str | None, **fields: Any) -> Answer:
        return self.http.request("POST", f"/chat/{id}/stream", {"message": message, **fields})


def api_of(server: Server) -> Api:
    """The `/api/v1` beside the `/v1` of a server."""
    url = urlsplit(server.base_url)
    root = urlunsplit((url.scheme, url.netloc, url.path.removesuffix("/v1"), "", ""))
    return Api(Server(f"{root}/api/v1", server.model, server.key, server.timeout))
