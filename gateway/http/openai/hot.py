"""What the hot routes share: a POST that is a raw ASGI application."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from msgspec import Struct, field

from gateway.core.backend import Backend
from gateway.core.errors import MethodNotAllowed, MochiError, Overloaded
from gateway.core.notes import NoteCounts, Notes
from gateway.http.body import ClientGone, read_body
from gateway.http.leaving import WhileConnected
from gateway.http.notes import note_headers
from gateway.http.openai.history import SESSION
from gateway.http.requests import answer_headers, request_headers

__all__ = ["ERRORS", "HotRoute", "Rules"]

HTTP: Final = ScopeType.HTTP

ERRORS = (
    (400, "A field is wrong or cannot be honoured (`param`), or the prompt is too long."),
    (404, "There is no such model."),
    (413, "The body is too large."),
    (415, "The body is not `application/json`."),
    (502, "Ollama cannot be reached, or it failed."),
    (503, "Too busy, or the model cannot be loaded."),
    (504, "Ollama went silent."),
)


class Rules(Struct, frozen=True, kw_only=True):
    """What the operator allows.

    `max_body` in bytes; `max_open` is how many answers of a route may be under way at a time, more
    are `Overloaded`; `max_n` is the most choices a request may ask for. With `strict` a field that
    has no effect is refused instead of named in a header. What is noted is added to `counts`.
    """

    max_body: int = 32 * 1024 * 1024
    max_open: int = 4096
    max_n: int = 16
    strict: bool = False
    counts: NoteCounts = field(default_factory=NoteCounts)


class HotRoute(ABC):
    """A POST of `/v1` over this backend. `beside` are methods that others serve at its path.

    Unless it `joins` sessions, the header that names one has no effect.
    """

    def __init__(
        self, backend: Backend, rules: Rules, *, beside: Sequence[str] = (), joins: bool = False
    ) -> None:
        self.backend = backend
        self.rules = rules
        self._joins = joins
        self._methods = ("POST", *beside)
        self._open = 0

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != HTTP or scope["method"] != "POST":
            allowed = " and ".join(self._methods) + (" are" if self._methods[1:] else " is")
            raise MethodNotAllowed(f"Only {allowed} allowed here.", self._methods)
        if self._open >= self.rules.max_open:
            raise Overloaded(f"{self.rules.max_open} requests are being answered already.")
        self._open += 1
        rules = self.rules
        notes = scope["state"]["notes"] = Notes(strict=rules.strict, counts=rules.counts)
        try:
            body = await read_body(receive, self.rules.max_body)
            if SESSION in request_headers(scope) and not self._joins:
                notes.ignore(SESSION.decode())
            with WhileConnected(scope, receive):
                await self.answer(scope, body, notes, send)
        except MochiError:
            answer_headers(scope).extend(note_headers(notes))
            raise
        except ClientGone:
            pass
        finally:
            self._open -= 1

    @abstractmethod
    async def answer(self, scope: Scope, body: bytes, notes: Notes, send: Send) -> None:
        """Answer a request with this body, and take notes of what was done to it."""
