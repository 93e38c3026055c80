"""Which checks belong together: by what a server offers, and by which client will talk to it."""

from fnmatch import fnmatch
from typing import NamedTuple

__all__ = ["PACKAGES", "PROFILES", "Profile", "id_of", "module_of", "profiles_of", "title_of"]

PACKAGES = ("openai", "sdk", "clients", "extension")
"""The folders whose test functions are checks; what other folders hold is about our gateway."""


class Profile(NamedTuple):
    """`modules` are `folder/module` without `test_`, or a pattern of such."""

    about: str
    modules: tuple[str, ...]


PROFILES: dict[str, Profile] = {
    "chat": Profile(
        "Chat completions in one piece: messages, sampling, images, promises kept",
        ("openai/chat", "openai/sampling", "openai/promises", "openai/vision", "sdk/chat"),
    ),
    "streaming": Profile("Chat completions as an event stream", ("openai/stream", "sdk/chat")),
    "tools": Profile("Tools: offered, called, answered", ("openai/tools", "sdk/calls")),
    "structured": Profile("Answers that keep to a schema", ("openai/json",)),
    "embeddings": Profile("Texts as vectors", ("openai/embeddings", "sdk/embeddings")),
    "completions": Profile(
        "The older API that continues a text", ("openai/completions", "sdk/completions")
    ),
    "models": Profile("The list of models", ("openai/models", "sdk/models")),
    "errors": Profile(
        "What a client did wrong and is told; what must not bring a server down",
        ("openai/errors", "openai/bodies", "openai/robustness", "sdk/errors"),
    ),
    "responses": Profile(
        "The Responses API: answers, streams, state, background",
        (
            "openai/responses_answers",
            "openai/responses_background",
            "openai/responses_refusals",
            "openai/responses_state",
            "openai/responses_stream",
            "openai/responses_tools",
            "sdk/responses_create",
            "sdk/responses_state",
        ),
    ),
    "conversations": Profile(
        "What a server keeps: conversations, and chat completions with `store`",
        (
            "openai/responses_conversations",
            "openai/stored_completions",
            "sdk/responses_conversations",
            "sdk/stored_completions",
        ),
    ),
    "mochi": Profile("mochi's own routes: sessions, tools, confirmation", ("extension/*",)),
    "open-webui": Profile("What Open WebUI sends and reads", ("clients/open_webui",)),
    "opencode": Profile("What opencode sends and reads", ("clients/opencode",)),
    "continue": Profile("What Continue sends and reads", ("clients/continue",)),
    "langchain": Profile("What LangChain sends and reads", ("clients/langchain",)),
    "aider": Profile("What aider sends and reads", ("clients/aider",)),
    "codex": Profile("What Codex sends and reads", ("clients/codex",)),
}


def profiles_of(module: str) -> tuple[str, ...]:
    """The profiles of a `folder/module`; none where its tests are no checks."""
    return tuple(
        name
        for name, profile in PROFILES.items()
        if any(fnmatch(module, pattern) for pattern in profile.modules)
    )


def module_of(package: str, file: str) -> str:
    """`openai/stream` for the folder `openai` and the file `test_stream`."""
    return f"{package}/{file.removeprefix('test_')}"


def id_of(module: str, function: str) -> str:
    """`openai/stream::the_end_is_done`."""
    return f"{module}::{function.removeprefix('test_')}"


def title_of(id: str) -> str:
    """`The end is done`."""
    words = id.rpartition("::")[2].replace("_", " ")
    return words[:1].upper() + words[1:]
