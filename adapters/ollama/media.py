"""Pictures and sounds, and the models that take them."""

from adapters.ollama.windows import Prompt
from gateway.core.errors import Unsupported
from gateway.core.models import ModelDetails

__all__ = ["check_media"]


def check_media(prompt: Prompt, known: ModelDetails) -> None:
    """`Unsupported` for what the model cannot take, before Ollama loads it to find out.

    llama-server refuses such a prompt late, with a 500; templates may drop images in silence.
    """
    if known.capabilities is None:
        return
    for there, capability, what in (
        (prompt.images, "vision", "images"),
        (prompt.sounds, "audio", "sounds"),
    ):
        if there and capability not in known.capabilities:
            raise Unsupported(
                f"The model '{known.name}' takes no {what}; one with the capability"
                f" '{capability}' does.",
                param="messages",
                reason="unsupported_value",
            )
