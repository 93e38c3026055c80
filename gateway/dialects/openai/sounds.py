"""Sounds of a request, which only some models can listen to."""

from gateway.core.errors import Unsupported
from gateway.core.media import sound_format
from gateway.core.messages import AudioPart
from gateway.dialects.openai.inline import data_of_uri, decoded

__all__ = ["read_sound"]

FORMATS = ("wav", "mp3")


def read_sound(data: str, claimed: str, at: str) -> AudioPart:
    """The sound of an `input_audio` that stands at `at`, with the format that its bytes tell.

    Bare base64, as OpenAI has it, or a data URI, as clients of Qwen's API send it.
    """
    if claimed.lower() not in FORMATS:
        raise Unsupported(
            f"Sounds are of the format {' or '.join(map(repr, FORMATS))} here.",
            param=f"{at}.format",
            reason="unsupported_value",
        )
    param = f"{at}.data"
    if data[:5].lower() == "data:":
        data = data_of_uri(data, param)
    data, sound = decoded(data, param)
    return AudioPart(data, sound_format(sound, param))
