"""Ollama's library: models fetched through the ollama SDK, which is imported on first use."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from adapters.ollama.complaints import complaint
from adapters.ollama.errors import garbled, unanswered
from adapters.upstream.errors import ConnectFailed, ConnectionBroken, Silent
from adapters.upstream.url import parse
from gateway.core.errors import BackendFailed, MochiError, NotFound

if TYPE_CHECKING:
    from httpx import Request
    from ollama import Client

__all__ = ["PullStep", "printable", "pull"]

CONNECT_SECONDS = 5
SILENT_SECONDS = 3600
"""While a large layer is verified nothing is said."""
SUCCESS = "success"


class PullStep(Struct, frozen=True):
    """What Ollama is doing, in its words. `layer` is the digest of what is being fetched, with
    `completed` of `total` bytes here, also those of an earlier try; `""` for other steps."""

    status: str
    layer: str = ""
    total: int = 0
    completed: int = 0


def pull(url: str, model: str) -> Generator[PullStep, None, None]:
    """Have the Ollama at `url` fetch a model, step by step to the end.

    Closing the generator ends the work; Ollama keeps what it has and goes on from there the next
    time. `NotFound` if there is no such model, `BackendUnreachable`, `BackendFailed`, … otherwise.
    """
    import httpx
    import ollama

    origin = parse(url)
    last = ""
    try:
        with (
            closing(sdk(url, origin.authorization)) as client,
            closing(progress(client, model)) as parts,
        ):
            for part in parts:
                last = part.status or ""
                yield PullStep(
                    printable(last), part.digest or "", part.total or 0, part.completed or 0
                )
    except ollama.ResponseError as error:
        raise refusal(error.error, error.status_code, model) from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise unanswered(ConnectFailed("No connection could be made."), origin.authority) from error
    except httpx.TimeoutException as error:
        raise unanswered(Silent(), origin.authority) from error
    except httpx.TransportError as error:
        raise unanswered(ConnectionBroken(), origin.authority) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise garbled() from error  # the SDK takes every line for a JSON object with these types
    if last != SUCCESS:
        raise BackendFailed("Ollama's answer broke off before its end.")


def sdk(url: str, authorization: str) -> "Client":
    """The SDK's client, as the gateway's own behaves: no proxies, no redirects, the system's
    certificates, and no credentials but those in the URL."""
    import ssl

    import httpx
    import ollama

    return ollama.Client(
        host=url,
        trust_env=False,
        follow_redirects=False,
        verify=ssl.create_default_context(),
        timeout=httpx.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
        auth=signed(authorization),
    )


def signed(authorization: str) -> "Callable[[Request], Request]":
    """The SDK drops a password in the URL, and sends OLLAMA_API_KEY to whatever host it is told."""

    def sign(request: "Request") -> "Request":
        request.headers.pop("authorization", None)
        if authorization:
            request.headers["authorization"] = authorization
        return request

    return sign


def progress(client: "Client", model: str) -> Generator[Any, None, None]:
    """The SDK's stream for what it is: a generator, which closes its connection."""
    return cast(Generator[Any, None, None], client.pull(model, stream=True))


def refusal(error: object, status: int, model: str) -> MochiError:
    """What Ollama said, to whoever runs it: unlike in answers to callers, paths are shown."""
    said = printable(complaint(error).text)[:500]
    if status == 404:
        return BackendFailed("What answers is no Ollama.")
    if "file does not exist" in said or "not found" in said:
        return NotFound(f"Ollama's library has no model '{printable(model)}'.")
    if "invalid model name" in said:
        return NotFound(f"'{printable(model)}' cannot be the name of a model.")
    if "no space left" in said:
        return BackendFailed(f"The disk that Ollama keeps its models on is full ({said}).")
    return BackendFailed(f"Ollama reported: {said or f'status {status}'}")


def printable(text: str) -> str:
    """On one line, and without what a terminal would obey."""
    return " ".join("".join([char if char.isprintable() else " " for char in text]).split())
