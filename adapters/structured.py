"""Answers in a given form through ollama-instructor, which is imported when the first is due."""

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from adapters.ollama import asking, wire
from adapters.ollama.errors import garbled, refused, unanswered
from adapters.ollama.reading import finished
from adapters.upstream.client import Timeouts
from adapters.upstream.connecting import system_trust
from adapters.upstream.errors import (
    ConnectFailed,
    ConnectionBroken,
    Malformed,
    Silent,
    UpstreamError,
)
from adapters.upstream.url import parse
from gateway.core.errors import BackendFailed, MochiError
from gateway.core.events import Finished
from gateway.core.metrics import Metrics
from gateway.core.structured import StructuredRequest

if TYPE_CHECKING:
    import httpx
    from ollama import ChatResponse
    from ollama_instructor import OllamaInstructorAsync
    from pydantic import BaseModel

__all__ = ["OllamaStructured"]

T = TypeVar("T", bound=Struct)

TRIES = 3
"""The same question each time: the library does not tell the model what was wrong."""

FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


class OllamaStructured:
    """The Ollama at `base_url`, which may hold a user and a password.

    Each answer has a connection of its own, closed when it is there: one is asked for now and then,
    and takes seconds. Ollama sends nothing before it is whole, so `first_byte` has to suffice.
    What each try took is counted in `metrics`.
    """

    def __init__(
        self, base_url: str, timeouts: Timeouts | None = None, metrics: Metrics | None = None
    ) -> None:
        self._base_url = base_url
        self._origin = parse(base_url)
        self._timeouts = timeouts or Timeouts()
        self._tls: ssl.SSLContext | None = None
        self._answered = (metrics or Metrics()).models.answered

    async def answer(self, request: StructuredRequest, form: type[T]) -> T:
        # The import takes 0.3 s, and loading the authorities 20 ms: not on the event loop.
        loop = asyncio.get_running_loop()
        twin = await loop.run_in_executor(None, self._prepare, form)
        try:
            async with self._instructor(request) as instructor:
                whole = await instructor.chat_completion(
                    format=twin,
                    model=request.model,
                    messages=msgspec.to_builtins(asking.messages(request.messages)),
                    options=options(request),
                    retries=TRIES,
                )
            checked = twin.model_validate_json(whole.message.content or "")
            return msgspec.convert(checked.model_dump(), form)
        except MochiError:
            raise
        except Exception as error:
            raise self._translated(error, twin, request.model) from error

    def _prepare(self, form: type[Struct]) -> type["BaseModel"]:
        if self._origin.scheme == "https" and self._tls is None:
            self._tls = system_trust()
        return twin_of(form)

    def _instructor(self, request: StructuredRequest) -> "OllamaInstructorAsync":
        """A client that heeds no variable and no file of its environment: not `OLLAMA_HOST`, not
        `OLLAMA_API_KEY`, no proxy, no `.netrc`."""
        import httpx

        seconds = self._timeouts
        return instructor_class()(
            request.thinking,
            lambda answer: self._answered((request.model, end_of(answer), 0, None)),
            host=self._base_url,
            timeout=httpx.Timeout(seconds.first_byte, connect=seconds.connect),
            follow_redirects=False,
            trust_env=False,
            verify=self._tls or False,  # `False` for http, where nothing is verified
            auth=self._authorised,
            event_hooks={"response": [refusing(request.model)]},
        )

    def _authorised(self, request: "httpx.Request") -> "httpx.Request":
        """With the password of the URL, which the library drops, and without the key that it has
        taken from the environment."""
        request.headers.pop("authorization", None)
        if self._origin.authorization:
            request.headers["authorization"] = self._origin.authorization
        return request

    def _translated(self, error: Exception, twin: type["BaseModel"], model: str) -> Exception:
        """The error of ours for one of theirs; what is no failure of the answer stays as it is."""
        if failure := failed_call(error):
            return unanswered(failure, self._origin.authority)
        from pydantic import ValidationError

        # For an answer without content the library raises a class that cannot be instantiated.
        if isinstance(error, TypeError) or (
            isinstance(error, ValidationError) and error.title == twin.__name__
        ):
            return BackendFailed(
                f"The model '{model}' did not answer in the form it was asked for."
            )
        if isinstance(error, ValueError | RecursionError):  # no JSON, or not Ollama's
            return garbled()
        return error


def end_of(answer: "ChatResponse") -> Finished:
    """What an answer took, as the library has read it."""
    told = answer.model_dump(exclude={"message", "logprobs"})
    return finished(msgspec.convert(told, wire.Answer), "stop")


def options(request: StructuredRequest) -> dict[str, Any] | None:
    return {"num_ctx": request.context_length} if request.context_length else None


@cache
def instructor_class() -> Callable[..., "OllamaInstructorAsync"]:
    """The library's client with what it leaves out: `chat_completion` cannot be told to `think`,
    and tells nothing of tries that failed.

    It reports each failed try to a log that nobody has set up, and so to standard error.
    """
    import anyio
    from ollama_instructor import OllamaInstructorAsync
    from stamina.instrumentation import set_on_retry_hooks

    class Instructor(OllamaInstructorAsync):
        def __init__(
            self, thinking: bool | None, answered: Callable[[Any], None], **settings: Any
        ) -> None:
            super().__init__(**settings)
            self._thinking = thinking
            self._answered = answered

        async def chat(self, *args: Any, **asked: Any) -> Any:
            answer = await super().chat(*args, **asked, think=self._thinking)
            self._answered(answer)
            return answer

    anyio.run(anyio.sleep, 0)  # on first use anyio imports a backend, and httpx is built on it
    set_on_retry_hooks(())
    logging.getLogger("ollama_instructor").setLevel(logging.CRITICAL + 1)
    return Instructor


@cache
def twin_of(form: type[Struct]) -> type["BaseModel"]:
    """The pydantic model of the same fields, since the library takes no other. It reads what a
    model has put into a code fence, too."""
    instructor_class()
    from pydantic import BaseModel, create_model

    class Unfenced(BaseModel):
        @classmethod
        def model_validate_json(cls, json_data: str | bytes | bytearray, **how: Any) -> Any:
            if isinstance(json_data, str) and (fenced := FENCED.match(json_data)):
                json_data = fenced[1]
            return super().model_validate_json(json_data, **how)

    fields: dict[str, Any] = {
        field.name: (described(field.type), ... if field.required else field.default)
        for field in msgspec.structs.fields(form)
    }
    return create_model(form.__name__, __base__=Unfenced, **fields)


def described(kind: Any) -> Any:
    """A type with the constraints and the description that msgspec's `Meta` gives it."""
    if get_origin(kind) is not Annotated:
        return kind
    from pydantic import Field

    bare, *notes = get_args(kind)
    for note in notes:
        if isinstance(note, Meta):
            bare = Annotated[
                bare,
                Field(
                    description=note.description,
                    min_length=note.min_length,
                    max_length=note.max_length,
                ),
            ]
    return bare


def refusing(model: str) -> Callable[["httpx.Response"], Awaitable[None]]:
    """Raises our own error for every answer that is none, before the library loses its status."""

    async def look(response: "httpx.Response") -> None:
        if response.status_code != 200:
            body = await response.aread()
            wait = response.headers.get("retry-after", "")
            raise refused(
                response.status_code,
                body,
                model=model,
                retry_after=float(wait) if wait.isdecimal() else None,
            )

    return look


def failed_call(error: Exception) -> UpstreamError | None:
    """What became of a call that got no answer; the library makes a failed connection Python's own
    `ConnectionError`."""
    import httpx

    match error:
        case ConnectionError() | httpx.ConnectError():
            return ConnectFailed("The connection failed.")
        case httpx.ConnectTimeout():
            return ConnectFailed("The server cannot be reached in time.")
        case httpx.TimeoutException():
            return Silent()
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return ConnectionBroken()
        case httpx.HTTPError():
            return Malformed()
    return None
