"""What Ollama refuses of a session, as whoever talks in it is to be told."""

from gateway.core.errors import (
    BackendFailed,
    ContextOverflow,
    Invalid,
    InvalidRequest,
    MochiError,
    ModelNotFound,
)

__all__ = ["refused"]


def refused(error: Invalid, model: str) -> MochiError:
    """The error behind a request that Ollama found invalid.

    The request is the gateway's own, made from the session: nobody has sent its fields, and nobody
    could correct them.
    """
    match error:
        case ContextOverflow():
            return BackendFailed(error.message, reason="context_length_exceeded", **error.details)
        case InvalidRequest(param="model"):  # no model can be called so
            return ModelNotFound(model)
    return BackendFailed(error.message, **error.details)
