"""Before anything is judged: whether the server answers, and which of its models to ask."""

from http.client import HTTPException

from conformance_tests.wire import Server

__all__ = ["CannotJudge", "check_model", "first_model", "is_embedding", "models_of"]

PATIENCE = 10
EMBEDDING = ("embed", "bge-", "minilm", "e5-", "gte-")
"""How models are called that turn texts into vectors and cannot chat."""


class CannotJudge(Exception):
    """One line that says why, and what to do."""


def models_of(base_url: str, key: str | None) -> list[str] | None:
    """The names in the list of models; `None` where the server has no such list.

    `CannotJudge` when there is no server, or when it lets nobody in.
    """
    try:
        answer = Server(base_url, key=key, timeout=PATIENCE).get("/models")
    except ValueError:
        raise CannotJudge(
            f"{base_url!r} is no address such as http://127.0.0.1:11434/v1."
        ) from None
    except (OSError, HTTPException) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise CannotJudge(f"No server answers at {base_url}: {why}.") from None
    if answer.status in (401, 403):
        raise CannotJudge(f"{base_url} wants another --api-key: it answers {answer.status}.")
    try:
        names = [str(model["id"]) for model in answer.json["data"]]
    except (ValueError, KeyError, TypeError):
        if answer.status == 404 and not base_url.rstrip("/").endswith("/v1"):
            better = base_url.rstrip("/") + "/v1"
            raise CannotJudge(f"{base_url} has no /models: did you mean {better}?") from None
        return None
    return names


def check_model(base_url: str, key: str | None, name: str, listed: list[str]) -> None:
    """`CannotJudge` for a model that is not listed and cannot be asked either."""
    server = Server(base_url, name, key=key, timeout=PATIENCE)
    try:
        status = server.chat(max_tokens=1).status
    except (OSError, HTTPException):
        return  # which is judged
    if status == 404:
        raise CannotJudge(f"{base_url} has no model {name}; it lists {', '.join(listed[:20])}.")


def first_model(base_url: str, names: list[str] | None) -> str:
    """The first that chats, as far as its name tells."""
    for name in names or ():
        if not is_embedding(name):
            return name
    raise CannotJudge(f"{base_url} lists no model that chats: name one with --model.")


def is_embedding(name: str) -> bool:
    return any(word in name.lower() for word in EMBEDDING)
