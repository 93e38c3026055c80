"""What a model must be able to take in beside text, asked before it is sent any."""

from gateway.core.errors import Unsupported
from gateway.core.models import ModelDetails

__all__ = ["require"]


def require(model: ModelDetails, capability: str, what: str) -> None:
    """`Unsupported` unless the model can deal with `what` (`sounds`), or nobody knows.

    Ollama does not look: it sends everything on, and what fails then fails late, as a 500.
    """
    if model.capabilities is not None and capability not in model.capabilities:
        raise Unsupported(
            f"The model '{model.name}' does not take {what}; those do whose capabilities name"
            f" '{capability}'.",
            param="messages",
            reason="unsupported_value",
        )
