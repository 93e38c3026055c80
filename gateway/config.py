"""The settings: one frozen struct, read from flags, the environment, `mochi.toml` and defaults."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = ["BadSetting", "Config", "load", "ollama_url", "unknown_variables"]

PREFIX = "MOCHI_"
FILE = "mochi.toml"
EVERY_ADDRESS = ("0.0.0.0", "::")

Host = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9.:_%-]+\Z",
        description="a host name or an IP address without scheme and port",
    ),
]
Port = Annotated[
    int, Meta(ge=0, le=65535, description="a number from 0 to 65535, 0 for any free port")
]
Seconds = Annotated[
    float, Meta(gt=0, le=86400, description="seconds, more than 0 and at most 86400")
]
Grace = Annotated[float, Meta(ge=0, le=86400, description="seconds, from 0 to 86400")]
Streams = Annotated[int, Meta(ge=1, le=1_000_000, description="a number from 1 to 1000000")]
Bytes = Annotated[
    int, Meta(ge=1024, le=2**31, description="a number of bytes from 1024 to 2147483648")
]
Secret = Annotated[
    Annotated[str, Meta(pattern=r"^[!-~]{1,512}\Z")] | None,
    Meta(description="1 to 512 printable ASCII characters without blanks"),
]
HostName = Annotated[str, Meta(pattern=r"^(\[[0-9a-f.:]+\]|[a-z0-9.:_-]+)\Z")]
HostNames = Annotated[
    tuple[HostName, ...],
    Meta(description="host names as a browser would send them, no scheme, no wildcard"),
]
Origin = Annotated[str, Meta(pattern=r"^(loopback|\*|[a-z][a-z0-9+.-]*://[^\s/,\"']+)\Z")]
Origins = Annotated[
    tuple[Origin, ...],
    Meta(description="'loopback', '*' or origins such as https://chat.example without a path"),
]
OllamaURL = Annotated[str, Meta(description="an address such as http://localhost:11434")]
Folder = Annotated[Path, Meta(description="the path of a folder")]
File = Annotated[Path, Meta(description="the path of a file")]
Level = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
    Meta(description="DEBUG, INFO, WARNING, ERROR or CRITICAL"),
]
LogFile = Annotated[Path | None, Meta(description="the path of a file")]
Switch = Annotated[bool, Meta(description="true or false")]
Choices = Annotated[int, Meta(ge=1, le=128, description="a number from 1 to 128")]
Days = Annotated[int, Meta(ge=0, le=36500, description="days, from 0 to 36500")]
Requests = Annotated[int, Meta(ge=1, le=1_000_000, description="a number from 1 to 1000000")]
Context = Annotated[
    Literal["auto", "ollama"] | Annotated[int, Meta(ge=4, le=2**31)],
    Meta(description="'auto', 'ollama' or a number of tokens"),
]
ModelName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:/@-]{1,200}\Z")]
DefaultModel = Annotated[ModelName | None, Meta(description="the name of a model")]
Aliases = Annotated[
    dict[ModelName, ModelName],
    Meta(description="names of models, as gpt-4o=qwen3:8b, or a JSON object"),
]


class BadSetting(Exception):
    """A setting that cannot be used: one line that names it, its source and what is allowed."""


class Config(Struct, frozen=True, kw_only=True):
    """Everything that can be set. Times are in seconds."""

    host: Host = "127.0.0.1"
    port: Port = 8000
    ollama_host: OllamaURL = "http://localhost:11434"
    """A base URL with scheme, host and port, and no slash at its end; it may hold a password."""
    data_dir: Folder = Path()
    """Where the folders below start, unless they are absolute."""
    sessions_dir: Folder = Path("chat_sessions")
    tools_dir: Folder = Path("tools")
    agents_dir: Folder = Path("agents")
    agent_chats_dir: Folder = Path("agents/agent_chats")
    system_prompts_dir: Folder = Path("system_prompts")
    responses_dir: Folder = Path("responses")
    responses_days: Days = 30
    """After how many days a stored response is removed; 0: never."""
    completions_dir: Folder = Path("completions")
    """Where chat completions with `store` are kept, until they are deleted."""
    planning_prompt_path: File = Path("docs/agents/agent_prompt_planning.md")
    execution_prompt_path: File = Path("docs/agents/agent_prompt_execution.md")
    """What agents are told in either phase, in place of the texts that are built in."""
    max_agent_iterations: Requests = 50
    """How often an agent is asked at most, once it has planned."""
    agent_models: Switch = True
    """Agents as models, `agent/NAME`, under `/v1`."""
    default_model: DefaultModel = None
    """The model of an agent that names none, under `/v1`."""
    summarization_enabled: Switch = True
    """Whether sessions are summarised in the background."""
    dynamic_context_window_enabled: Switch = True
    """Whether sessions choose their context window by need."""
    confirmation_timeout_seconds: Grace = 0
    """After so long an unanswered question about a tool call counts as denied; 0: never."""
    api_key: Secret = None
    allowed_hosts: HostNames = ()
    """Names accepted in `Host` beside the loopback names and the bound address; lower case."""
    cors_origins: Origins = ("loopback",)
    """Origins whose pages may call: `loopback` (any port), `*`, or exact ones; lower case."""
    upstream_connect_timeout_seconds: Seconds = 5
    upstream_first_byte_timeout_seconds: Seconds = 300
    upstream_read_timeout_seconds: Seconds = 120
    max_streams: Streams = 4096
    max_body_bytes: Bytes = 32 * 1024 * 1024
    drain_seconds: Grace = 30
    """How long running answers may take to finish once the server was told to stop."""
    tool_timeout_seconds: Seconds = 60
    """How long a call of a tool may take."""
    aliases: Aliases = {}
    """Other names of models: the name that is asked for, and the model that answers."""
    context: Context = "auto"
    """The context window under `/v1`: by need, Ollama's own choice, or so many tokens."""
    max_n: Choices = 16
    queue_limit: Requests = 256
    """How many requests may wait for Ollama to begin its answer."""
    strict: Switch = False
    """Refuse fields without effect under `/v1`, which are otherwise named in a header."""
    repair: Switch = True
    """Make calls of the tool calls that a model wrote as text."""
    allow_remote_images: Switch = False
    ollama_passthrough: Switch = False
    """Ollama's own routes at the root, for clients that add an Ollama server."""
    ollama_manage: Switch = False
    """Among them those that pull, copy, create and delete models."""
    log_level: Level = "INFO"
    log_json: Switch = False
    """The log as JSON lines, one for every request among them."""
    log_file: LogFile = None
    """In place of standard error; a new one begins every day."""
    log_days: Requests = 7
    """How many old ones are kept."""
    metrics: Switch = True
    """What was counted, at `/metrics`."""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server. A name other than localhost is not."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def folder(self, path: Path) -> Path:
        """A folder of the data directory."""
        return self.data_dir / path

    @property
    def on_every_address(self) -> bool:
        """Whether `host` is no address that anybody could call, but stands for all there are."""
        return self.host in EVERY_ADDRESS

    @property
    def ollama_shown(self) -> str:
        """`ollama_host` for people: without user and password."""
        scheme, _, rest = self.ollama_host.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def __repr__(self) -> str:
        hidden = {"api_key": self.api_key and "***", "ollama_host": self.ollama_shown}
        shown = msgspec.structs.asdict(self) | hidden
        return f"Config({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


FIELDS = {field.name: field.type for field in msgspec.structs.fields(Config)}


class Given(Struct, frozen=True):
    """A value somebody gave, and where: `--port`, `MOCHI_PORT` or `port in mochi.toml`."""

    value: Any
    source: str


def load(
    flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path, file: str | None = None
) -> Config:
    """The settings, each from the first of `flags`, `environ`, the file and the defaults.

    `flags` holds the settings that were given by name (`ollama_host`); `None` means not given.
    `file` names a TOML file that must exist; without it `mochi.toml` in `cwd` is read if there is
    one. Relative paths start at `cwd`. Raises `BadSetting`.
    """
    given = {
        **_in_file(cwd / (file or FILE), required=file is not None),
        **_in_environment(environ),
        **_in_flags(flags),
    }
    return Config(**{name: _converted(name, found, cwd) for name, found in given.items()})


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """`MOCHI_` variables that no setting reads. They may belong to another version: no error."""
    return sorted(
        name
        for name in environ
        if name.upper().startswith(PREFIX) and name[len(PREFIX) :].lower() not in FIELDS
    )


def ollama_url(text: str) -> str:
    """The base URL that Ollama's own clients would use for this value of `OLLAMA_HOST`.

    Without a scheme it is http and port 11434; with one the port is the scheme's own. An address
    that means "every interface" to a server means this machine to a client. Raises `ValueError`.
    """
    scheme, found, rest = text.strip().strip("\"'").rpartition("://")
    if (scheme := scheme.lower() or "http") not in ("http", "https"):
        raise ValueError
    authority, _, path = rest.partition("/")
    user, at, address = authority.rpartition("@")
    host, port = _host_and_port(address)
    if not host or host in EVERY_ADDRESS:
        host = "::1" if host == "::" else "127.0.0.1"
    if port is None:
        port = (443 if scheme == "https" else 80) if found else 11434
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{user}{at}{host}:{port}/{path}".rstrip("/")


def _host_and_port(authority: str) -> tuple[str, int | None]:
    """`host:port`, `host`, `:port`, `[ip6]:port` or `ip6`, taken apart."""
    host, port = authority, ""
    if authority.startswith("["):
        host, closed, port = authority[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise ValueError
        ipaddress.IPv6Address(host)
    elif authority.count(":") == 1:
        host, _, port = authority.partition(":")
    elif ":" in authority:
        ipaddress.IPv6Address(authority)
    port = port.removeprefix(":")
    if any(character in host for character in "?#% \\") or (port and not port.isdecimal()):
        raise ValueError
    if port and not 0 < int(port) < 65536:
        raise ValueError
    return host, int(port) if port else None


def _in_flags(flags: Mapping[str, Any]) -> dict[str, Given]:
    return {
        name: Given(value, f"--{name.replace('_', '-')}")
        for name, value in flags.items()
        if value is not None
    }


def _in_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    """What the environment says; an empty variable says nothing.

    Upper case comes last in reverse order, so that of two spellings `MOCHI_PORT` wins.
    """
    return {
        name[len(PREFIX) :].lower(): Given(environ[name].strip(), name)
        for name in sorted(environ, reverse=True)
        if name.upper().startswith(PREFIX)
        and name[len(PREFIX) :].lower() in FIELDS
        and environ[name].strip()
    }


def _in_file(path: Path, *, required: bool) -> dict[str, Given]:
    if not required and not path.exists():
        return {}
    import tomllib  # costs a few milliseconds that most starts do not need

    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadSetting(f"{path.name} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise BadSetting(f"{path.name} is not valid TOML: {error}.") from None
    for name in table:
        if name not in FIELDS:
            raise BadSetting(f"{path.name} has an unknown setting '{name}'; {_nearest(name)}")
    return {name: Given(value, f"{name} in {path.name}") for name, value in table.items()}


def _nearest(name: str) -> str:
    import difflib

    if close := difflib.get_close_matches(name.lower(), FIELDS, 1):
        return f"did you mean '{close[0]}'?"
    return f"known are {', '.join(FIELDS)}."


def _converted(name: str, given: Given, cwd: Path) -> Any:
    try:
        return msgspec.convert(_prepared(name, given.value, cwd), FIELDS[name], strict=False)
    except (ValueError, RuntimeError):  # msgspec.ValidationError; `~nobody` has no home
        secret = name == "api_key" or (name == "ollama_host" and "@" in str(given.value))
        shown = "the value" if secret else repr(given.value)[:80]
        allowed = FIELDS[name].__metadata__[0].description
        raise BadSetting(f"{given.source}: {shown} is not {allowed}.") from None


def _prepared(name: str, value: Any, cwd: Path) -> Any:
    """The value as its type wants it, where msgspec alone would not get there."""
    match name, value:
        case "host", str():
            return value.removeprefix("[").removesuffix("]")
        case "ollama_host", str():
            return ollama_url(value)
        case "data_dir", str():
            return cwd / Path(value).expanduser()
        case (
            (
                "sessions_dir"
                | "tools_dir"
                | "agents_dir"
                | "agent_chats_dir"
                | "system_prompts_dir"
                | "responses_dir"
                | "completions_dir"
                | "planning_prompt_path"
                | "execution_prompt_path"
                | "log_file"
            ),
            str(),
        ):
            return Path(value).expanduser()
        case (("allowed_hosts" | "cors_origins"), str() | list()):
            items = _listed(value) if isinstance(value, str) else value
            return [item.lower() if isinstance(item, str) else item for item in items]
        case "log_level", str():
            return value.upper()
        case "context", str():
            return value.lower()
        case "aliases", str():
            return _pairs(value)
    return value


def _pairs(text: str) -> dict[Any, Any]:
    """A JSON object, or `name=value` between commas."""
    if text.startswith("{"):
        return msgspec.json.decode(text, type=dict)
    pairs = dict[str, str]()
    for part in text.split(","):
        name, found, value = part.partition("=")
        if not found:
            raise ValueError
        pairs[name.strip()] = value.strip()
    return pairs


def _listed(text: str) -> list[Any]:
    """A JSON list, or items between commas. `[::1]` is no JSON, so it stays an item."""
    try:
        return msgspec.json.decode(text, type=list)
    except msgspec.DecodeError:
        return [item for part in text.split(",") if (item := part.strip())]
