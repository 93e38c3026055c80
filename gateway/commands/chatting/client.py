"""The server's `/api/v1` as a program calls it: typed answers, and one line for what went wrong."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.commands.chatting.events import Done, Event, read_event, read_frames
from gateway.commands.chatting.records import (
    Agent,
    AgentSettings,
    Choice,
    ChosenTools,
    Model,
    Session,
    SessionItem,
    Status,
    Summary,
    Toolbox,
    ToolSettings,
)

__all__ = ["Dropped", "Refused", "ServerClient", "Trouble", "Unreachable", "server_root"]

T = TypeVar("T")

SECONDS_OF_SILENCE = 60
"""A stream has a comment every 15 seconds, whatever the model does."""
BROKEN = "The connection to the gateway broke."
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Trouble(Exception):
    """Why the server did not do as asked: a line for people."""


class Refused(Trouble):
    """The server said no, and why; `code` as in `SESSION_NOT_FOUND`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unreachable(Trouble):
    """Nobody answers there."""


class Dropped(Trouble):
    """The connection broke, or fell silent, before the answer was whole."""


class Listed(Struct):
    sessions: tuple[SessionItem, ...]


class Offered(Struct):
    models: tuple[Model, ...]


class Found(Struct):
    agents: dict[str, Agent]


class Fault(Struct):
    code: str
    message: str


class Failure(Struct):
    error: Fault


class ServerClient:
    """A server at its root, such as `http://127.0.0.1:8000`. Every method raises `Trouble`."""

    def __init__(self, root: str, key: str | None = None) -> None:
        import httpx

        self.root = root
        self._http = httpx.Client(
            base_url=f"{root}/api/v1",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(SECONDS_OF_SILENCE, connect=5),
            trust_env=urlsplit(root).hostname not in LOOPBACK,  # no proxy reaches this machine
        )

    def close(self) -> None:
        self._http.close()

    def models(self) -> tuple[Model, ...]:
        return self._told("GET", "/models", Offered).models

    def sessions(self) -> tuple[SessionItem, ...]:
        return self._told("GET", "/sessions", Listed).sessions

    def session(self, session: str) -> Session:
        return self._told("GET", at(session), Session)

    def tools(self) -> Toolbox:
        return self._told("GET", "/tools", Toolbox)

    def agents(self) -> dict[str, Agent]:
        return self._told("GET", "/agents", Found).agents

    def create(self, model: str, choice: Choice | None = None) -> Session:
        choice = choice or Choice()
        chosen = {"tool_settings": choice.tools, "agent_settings": choice.agents}
        settings = {name: msgspec.to_builtins(each) for name, each in chosen.items() if each}
        return self._told("POST", "/sessions", Session, {"model": model, **settings})

    def use_model(self, session: str, model: str) -> Session:
        return self._told("PATCH", at(session), Session, {"model": model})

    def use_tools(self, session: str, settings: ToolSettings) -> None:
        """Replace all that is set about tools; the server does so when no answer is under way."""
        self._ask("PATCH", at(session), {"tool_settings": msgspec.to_builtins(settings)})

    def choose_tools(self, session: str, chosen: ChosenTools) -> None:
        """Have these tools offered; when a person is asked about them stays as it is."""
        settings = self.session(session).tool_settings
        wanted = replace(settings, tools=chosen.tools, tool_group=chosen.tool_group)
        if wanted != settings:
            self.use_tools(session, wanted)

    def use_agents(self, session: str, settings: AgentSettings) -> None:
        self._ask("PATCH", at(session), {"agent_settings": msgspec.to_builtins(settings)})

    def choose(self, session: str, choice: Choice) -> None:
        """Have the session go on with this."""
        if choice.tools:
            self.choose_tools(session, choice.tools)
        if choice.agents and choice.agents != self.session(session).agent_settings:
            self.use_agents(session, choice.agents)

    def summary(self, session: str) -> Summary:
        return self._told("GET", f"{at(session)}/summary", Summary)

    def delete(self, session: str) -> None:
        self._ask("DELETE", at(session))

    def status(self, session: str) -> Status:
        return self._told("GET", f"{at(session)}/status", Status)

    def edit(self, session: str, index: int, content: str) -> None:
        """Replace the message at this place of the history; all that follows it is dropped."""
        self._ask("PUT", f"{at(session)}/messages/{index}", {"content": content})

    def set_prompt(self, session: str, *, content: str = "", file: str = "") -> None:
        """The system prompt: a text, or a file among the server's prompts."""
        body = {"source_file": file} if file else {"content": content}
        self._ask("PUT", f"{at(session)}/system-prompt", body)

    def drop_prompt(self, session: str) -> None:
        self._ask("DELETE", f"{at(session)}/system-prompt")

    def confirm(self, session: str, confirmation: str, *, approved: bool) -> None:
        body = {"confirmation_id": confirmation, "approved": approved}
        self._ask("POST", f"/chat/{quote(session, safe='')}/confirm-tool", body)

    def chat(
        self, session: str, message: str | None, *, think: bool
    ) -> Generator[Event, None, None]:
        """The answer to `message`, or the last one anew. Ends with `Done`, or raises `Dropped`.

        Closing it closes the connection, by which the server learns that nobody listens.
        """
        body = {"message": message, "think": think}
        path = f"/chat/{quote(session, safe='')}/stream"
        with self._troubles(), self._http.stream("POST", path, json=body) as answer:
            if answer.status_code != 200:
                raise self._refusal(answer.status_code, answer.read())
            for name, data in read_frames(answer.iter_bytes()):
                if event := read_event(name, data):
                    yield event
                if isinstance(event, Done):
                    return
        raise Dropped(BROKEN)

    def _told(self, method: str, path: str, kind: type[T], body: Any = None) -> T:
        with self._troubles():
            return msgspec.json.decode(self._ask(method, path, body), type=kind)

    def _ask(self, method: str, path: str, body: Any = None) -> bytes:
        with self._troubles():
            answer = self._http.request(method, path, json=body)
        if not answer.is_success:
            raise self._refusal(answer.status_code, answer.content)
        return answer.content

    def _refusal(self, status: int, body: bytes) -> Trouble:
        try:
            fault = msgspec.json.decode(body, type=Failure).error
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Trouble(f"{self.root} answered with status {status}: it is no mochi gateway.")
        if fault.code == "INVALID_API_KEY":
            return Refused(fault.code, f"{self.root} wants its API key: set MOCHI_API_KEY.")
        return Refused(fault.code, fault.message)

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Every way in which a call can fail, as `Trouble`."""
        import httpx

        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise Unreachable(
                f"No gateway answers at {self.root}: start one with `mochi serve`, "
                "or name another with --base-url."
            ) from None
        except httpx.TimeoutException:
            raise Dropped(f"{self.root} has been silent for too long.") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Dropped(BROKEN) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Trouble(f"{self.root} does not answer as a mochi gateway does.") from None


def at(session: str) -> str:
    """The path of a session, whatever somebody has typed for its id."""
    return f"/sessions/{quote(session, safe='')}"


def server_root(url: str) -> str:
    """The server behind a URL that a person gave, be it that of its OpenAI API. `ValueError`."""
    url = url.strip()
    url = (url if "://" in url else f"http://{url}").rstrip("/")
    for suffix in ("/api/v1", "/v1"):
        url = url.removesuffix(suffix)
    parts = urlsplit(url)
    usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    if not usable or any(map(str.isspace, url)):
        raise ValueError(url)
    return url
