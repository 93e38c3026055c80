"""Requests and answers, whole, as they pass through the broken server."""

import json
from dataclasses import dataclass, replace
from typing import Any, Self

__all__ = ["JSON", "Reply", "Request", "error"]

JSON = (("content-type", "application/json"),)


@dataclass(frozen=True)
class Request:
    """`path` begins with `/v1`; its headers are those that the client has sent."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def route(self) -> str:
        """`/chat/completions`: without `/v1`, and without the query."""
        return self.path.partition("?")[0].removeprefix("/v1")

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the body; none if it is no JSON object."""
        return decoded(self.body)

    def asking(self, fields: dict[str, Any]) -> Self:
        return replace(self, body=json.dumps(fields).encode())

    def without(self, *names: str) -> Self:
        """The same without these fields; untouched, byte for byte, if it has none of them."""
        if not self.fields.keys() & {*names}:
            return self
        return self.asking({k: v for k, v in self.fields.items() if k not in names})


@dataclass(frozen=True)
class Reply:
    """An answer that came, or is to come, in one piece."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        return decoded(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object; empty where nothing was refused."""
        found = self.fields.get("error") if self.status >= 400 else None
        return found if isinstance(found, dict) else {}

    def saying(self, fields: Any, status: int = 0) -> Self:
        body = json.dumps(fields, ensure_ascii=False).encode()
        return replace(self, body=body, status=status or self.status)

    def streaming(self, frame: bytes) -> Self:
        """A stream of this frame alone, with status 200."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != "content-type")
        headers = (*kept, ("content-type", "text/event-stream"))
        return replace(self, status=200, headers=headers, body=frame + b"\n\n")


def error(status: int, message: str, param: str | None = None, code: str | None = None) -> Reply:
    kind = "invalid_request_error" if status < 500 else "server_error"
    told = {"message": message, "type": kind, "param": param, "code": code}
    return Reply(status, JSON, b"").saying({"error": told})


def decoded(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
