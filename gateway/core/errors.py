"""Everything that can go wrong, as one tree.

MochiError
├── Invalid                          the caller's mistake
│   ├── InvalidRequest               a field is missing, of the wrong type, out of bounds
│   │   ├── ContextOverflow          the prompt does not fit into the model's context
│   │   └── PreviousResponseNotFound what a response shall follow is not kept here
│   ├── AgentInvalid                 something is wrong with its files
│   ├── InvalidMessageIndex          no such message, or none that this can be done to
│   └── Unsupported                  a field or value that cannot be honoured here
├── NotFound
│   ├── RouteNotFound                no such path
│   ├── ModelNotFound
│   ├── SessionNotFound
│   ├── PromptNotFound               no such prompt file, or a session without a prompt
│   ├── ToolNotFound
│   ├── AgentNotFound
│   ├── ResponseNotFound             never kept, deleted, or no file that could be read
│   ├── ConversationNotFound         the same of a conversation of `/v1`, which is a session
│   ├── ConversationDeleted          it was there when an answer in it began
│   ├── ItemNotFound                 the conversation has no such item (any more)
│   ├── CompletionNotFound           the same of a stored chat completion
│   └── ConfirmationNotFound         never asked, answered already, or asked in another session
├── Conflict
│   ├── PromptExists
│   └── SessionReadOnly              its file is of a later version
├── StorageUnavailable               a full disk, a folder that cannot be written
├── ToolsUnavailable                 the process that runs the user's tools cannot be started
├── MethodNotAllowed                 the path is there, but not for this method
├── Denied
│   ├── ToolExecutionDenied          a call needs a yes, and nobody can be asked
│   └── CloudDisabled                the model runs in Ollama's cloud, and that is switched off
├── Refused                          turned away at the front door
│   ├── HostRefused
│   ├── OriginRefused
│   ├── UnsupportedMediaType
│   └── InvalidAPIKey
├── TooLarge                         the body is over the limit
├── Overloaded                       the gateway itself is full
└── Upstream                         Ollama's fault
    ├── BackendUnreachable           refused, unknown host, connect time-out
    ├── BackendFailed                any other failure, broken streams included
    │   ├── ModelLoadFailed          out of memory, incompatible files: asking again will not help
    │   └── InvalidAnswer            the model does not give what was demanded of it
    ├── BackendBusy                  Ollama's queue is full
    ├── BackendRateLimited           Ollama's cloud wants a pause
    └── BackendTimeout               Ollama went silent

An error knows its `code`, its `message` for people and its `details`; it does not know HTTP. The
table from these classes to a status stands in `gateway.dialects.openai.errors`; how each API family
writes them, and where `/api/v1` differs in the status, in `gateway.http.errors`.
"""

from typing import Any, ClassVar

__all__ = [
    "LONGEST_NAME",
    "AgentInvalid",
    "AgentNotFound",
    "BackendBusy",
    "BackendFailed",
    "BackendRateLimited",
    "BackendTimeout",
    "BackendUnreachable",
    "CloudDisabled",
    "CompletionNotFound",
    "ConfirmationNotFound",
    "Conflict",
    "ContextOverflow",
    "ConversationDeleted",
    "ConversationNotFound",
    "Denied",
    "HostRefused",
    "Invalid",
    "InvalidAPIKey",
    "InvalidAnswer",
    "InvalidMessageIndex",
    "InvalidRequest",
    "ItemNotFound",
    "MethodNotAllowed",
    "MochiError",
    "ModelLoadFailed",
    "ModelNotFound",
    "NotFound",
    "OriginRefused",
    "Overloaded",
    "PreviousResponseNotFound",
    "PromptExists",
    "PromptNotFound",
    "Refused",
    "ResponseNotFound",
    "RouteNotFound",
    "SessionNotFound",
    "SessionReadOnly",
    "StorageUnavailable",
    "TooLarge",
    "ToolExecutionDenied",
    "ToolNotFound",
    "ToolsUnavailable",
    "Unsupported",
    "UnsupportedMediaType",
    "Upstream",
]

LONGEST_NAME = 200
"""Characters of a model name; a caller may send megabytes, of which errors repeat so much."""


class MochiError(Exception):
    """The root: `str(error)` is a sentence for people, `details` an object for programs."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.param: str | None = None
        """The field at fault, in the caller's own spelling (`messages[0].content`)."""


class Invalid(MochiError):
    """The caller's mistake.

    `reason` is a word for programs in OpenAI's vocabulary (`invalid_type`,
    `missing_required_parameter`, …), or `None`.
    """

    code = "VALIDATION_ERROR"

    def __init__(
        self, message: str, *, param: str | None = None, reason: str | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.param = param
        self.reason = reason


class InvalidRequest(Invalid):
    """A field is missing, of the wrong type or out of bounds, or the body is no JSON."""


class ContextOverflow(InvalidRequest):
    """The prompt is longer than the model's context window."""

    def __init__(self, message: str, *, param: str | None = "messages", **details: Any) -> None:
        super().__init__(message, param=param, reason="context_length_exceeded", **details)


class PreviousResponseNotFound(InvalidRequest):
    """A response cannot be continued: it, or one of those before it, is not kept here (any more).

    `missing` is the one that is not there.
    """

    def __init__(self, response_id: str, missing: str) -> None:
        shown, gone = response_id[:LONGEST_NAME], missing[:LONGEST_NAME]
        before = "" if gone == shown else f", which came before '{shown}',"
        super().__init__(
            f"Previous response with id '{gone}'{before} not found.",
            param="previous_response_id",
            reason="previous_response_not_found",
        )


class LostConversation(InvalidRequest):
    """A response cannot be continued: the conversation that it was made in is gone."""

    def __init__(self, response_id: str, conversation_id: str) -> None:
        super().__init__(
            f"The conversation '{conversation_id}', in which the response '{response_id}' was made,"
            " has been deleted, and with it what came before.",
            param="previous_response_id",
            reason="previous_response_not_found",
        )


class InvalidMessageIndex(Invalid):
    """No such message, or none that this can be done to."""

    code = "INVALID_MESSAGE_INDEX"


class Unsupported(Invalid):
    """A field (reason `unsupported_parameter`) or value (`unsupported_value`) with no effect."""

    code = "UNSUPPORTED"


class NotFound(MochiError):
    """Something the caller named does not exist."""

    code = "NOT_FOUND"


class RouteNotFound(NotFound):
    """There is no such path."""


class ModelNotFound(NotFound):
    """Ollama does not have this model, or the one that an alias `stands_for`.

    The message holds no command with the name in it: a name can be anything, and people paste.
    """

    code = "MODEL_NOT_FOUND"

    def __init__(self, model: str, *, stands_for: str = "", param: str | None = None) -> None:
        shown = model if len(model) <= LONGEST_NAME else f"{model[:LONGEST_NAME]}…"
        alias = f" stands for '{stands_for}', which" if stands_for else ""
        super().__init__(
            f"The model '{shown}'{alias} does not exist here; `mochi pull` may fetch it.",
            model=shown,
        )
        self.param = param


class SessionNotFound(NotFound):
    """There is no such session, or no file that could be read as one."""

    code = "SESSION_NOT_FOUND"

    def __init__(self, session_id: str) -> None:
        shown = session_id[:LONGEST_NAME]
        super().__init__(f"No session '{shown}'.", session_id=shown)


class ToolNotFound(NotFound):
    """There is no tool of this name, or it was rejected."""

    code = "TOOL_NOT_FOUND"

    def __init__(self, name: str) -> None:
        shown = name[:LONGEST_NAME]
        super().__init__(f"No tool '{shown}'.", tool_name=shown)


class AgentNotFound(NotFound):
    """There is no agent of this name."""

    code = "AGENT_NOT_FOUND"

    def __init__(self, name: str) -> None:
        shown = name[:LONGEST_NAME]
        super().__init__(f"No agent '{shown}'.", agent_name=shown)


class ResponseNotFound(NotFound):
    """There is no such response, or no file that could be read as one."""

    code = "RESPONSE_NOT_FOUND"

    def __init__(self, response_id: str) -> None:
        shown = response_id[:LONGEST_NAME]
        super().__init__(f"Response with id '{shown}' not found.", response_id=shown)


class ConversationNotFound(NotFound):
    """There is no such conversation, or no session file that could be read as one."""

    code = "CONVERSATION_NOT_FOUND"

    def __init__(self, conversation_id: str) -> None:
        shown = conversation_id[:LONGEST_NAME]
        super().__init__(f"Conversation with id '{shown}' not found.", conversation_id=shown)


class ConversationDeleted(NotFound):
    """The conversation was there when an answer in it began, and is gone before its end."""

    code = "CONVERSATION_NOT_FOUND"

    def __init__(self, conversation_id: str) -> None:
        shown = conversation_id[:LONGEST_NAME]
        super().__init__(
            f"The conversation '{shown}' was deleted before the response had ended.",
            conversation_id=shown,
        )


class ItemNotFound(NotFound):
    """There is no such item in the conversation."""

    code = "ITEM_NOT_FOUND"

    def __init__(self, item_id: str) -> None:
        shown = item_id[:LONGEST_NAME]
        super().__init__(f"Item with id '{shown}' not found.", item_id=shown)


class CompletionNotFound(NotFound):
    """There is no such stored chat completion, or no file that could be read as one."""

    code = "COMPLETION_NOT_FOUND"

    def __init__(self, completion_id: str) -> None:
        shown = completion_id[:LONGEST_NAME]
        super().__init__(f"Chat completion with id '{shown}' not found.", completion_id=shown)


class AgentInvalid(Invalid):
    """The agent is there, and something is wrong with it."""

    code = "AGENT_INVALID"

    def __init__(self, name: str, reason: str) -> None:
        shown = name[:LONGEST_NAME]
        super().__init__(f"The agent '{shown}' is not valid: {reason}.", agent_name=shown)


class ConfirmationNotFound(NotFound):
    """No such question is open in this session; which of the reasons it has is not told."""

    code = "CONFIRMATION_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("No such confirmation is pending in this session.")


class PromptNotFound(NotFound):
    """There is no such prompt file, or the session has no prompt."""

    code = "PROMPT_NOT_FOUND"


class Conflict(MochiError):
    """What is there stands in the way."""

    code = "CONFLICT"


class PromptExists(Conflict):
    """A prompt file of this name is there already."""

    code = "PROMPT_EXISTS"


class SessionReadOnly(Conflict):
    """The session's file is of a later version, which this one must not write."""

    code = "SESSION_READ_ONLY"

    def __init__(self, session_id: str, version: str) -> None:
        super().__init__(
            f"The session '{session_id}' is of format {version}, which this version can only read.",
            session_id=session_id,
            format_version=version,
        )


class StorageUnavailable(MochiError):
    """Nothing can be written: a full disk, a read-only folder."""

    code = "STORAGE_UNAVAILABLE"


class ToolsUnavailable(MochiError):
    """The process that runs the user's tools cannot be started."""

    code = "TOOL_EXECUTION_FAILED"


class MethodNotAllowed(MochiError):
    """The path exists, but not for this method; `allow` lists those it has."""

    code = "METHOD_NOT_ALLOWED"

    def __init__(self, message: str, allow: tuple[str, ...] = ()) -> None:
        super().__init__(message, allow=list(allow))
        self.allow = allow


class Denied(MochiError):
    """Understood, and not allowed."""

    code = "DENIED"


class ToolExecutionDenied(Denied):
    """A call of this tool needs the yes of a person, and there is no way to ask."""

    code = "TOOL_EXECUTION_DENIED"

    def __init__(self, tool_name: str) -> None:
        super().__init__(
            f"The tool '{tool_name}' needs a confirmation, which only a stream can ask for.",
            tool_name=tool_name,
            reason="confirmation_requires_streaming",
        )


class CloudDisabled(Denied):
    """The model would run in Ollama's cloud, which this Ollama has switched off."""

    code = "CLOUD_DISABLED"


class Refused(MochiError):
    """Turned away at the front door, before any route was looked at."""


class HostRefused(Refused):
    """The Host header is missing, doubled or not on the list (DNS rebinding)."""

    code = "HOST_REFUSED"


class OriginRefused(Refused):
    """A web page of a foreign origin is behind the request (cross-site request forgery)."""

    code = "ORIGIN_REFUSED"


class UnsupportedMediaType(Refused):
    """A body that does not call itself `application/json`."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class InvalidAPIKey(Refused):
    """No key, or the wrong one. `given` tells the two apart, as OpenAI's error codes do."""

    code = "INVALID_API_KEY"

    def __init__(self, message: str, *, given: bool) -> None:
        super().__init__(message)
        self.given = given


class TooLarge(MochiError):
    """The body is over the limit, in bytes."""

    code = "TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes.", limit=limit)


class Overloaded(MochiError):
    """The gateway has as many open streams as it allows; `retry_after` in seconds."""

    code = "OVERLOADED"

    def __init__(self, message: str, retry_after: float = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Upstream(MochiError):
    """Ollama's fault, or the network's on the way to it."""

    code = "OLLAMA_ERROR"


class BackendUnreachable(Upstream):
    """Connection refused, unknown host, or a connect time-out."""

    code = "OLLAMA_UNREACHABLE"


class BackendFailed(Upstream):
    """Any other failure of Ollama: an error it reports, garbage, an answer that breaks off."""


class ModelLoadFailed(BackendFailed):
    """The model cannot be loaded: no memory, incompatible files. A retry repeats the work."""


class InvalidAnswer(BackendFailed):
    """The model did not give what was demanded, however often it was asked: a call, JSON that fits
    a schema. Asking the same again has been tried."""

    code = "INVALID_ANSWER"


class BackendBusy(Upstream):
    """Ollama's queue is full; `retry_after` in seconds."""

    code = "OLLAMA_BUSY"

    def __init__(self, message: str, retry_after: float = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BackendRateLimited(Upstream):
    """Ollama's cloud wants a pause; `retry_after` in seconds, when it said how long."""

    code = "OLLAMA_RATE_LIMITED"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BackendTimeout(Upstream):
    """Ollama accepted the request and then said nothing for too long."""

    code = "OLLAMA_TIMEOUT"
