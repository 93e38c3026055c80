"""The parts that the contents of items consist of, as OpenAI's API reference names them."""

from typing import Any, Literal

from msgspec import Struct, field

__all__ = [
    "AudioData",
    "InputAudio",
    "InputFile",
    "InputImage",
    "InputPart",
    "InputText",
    "OutputText",
    "Part",
    "ReasoningText",
    "Refusal",
    "SummaryText",
    "TokenLogprob",
    "TopLogprob",
]


class TopLogprob(Struct):
    """A token that was likely; `logprob` to base e, `bytes` of its UTF-8 text."""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogprob(TopLogprob):
    """The token that was chosen, and the likeliest at its place."""

    top_logprobs: list[TopLogprob]


class InputText(Struct, tag_field="type", tag="input_text"):
    text: str


class InputImage(Struct, tag_field="type", tag="input_image", kw_only=True):
    """`image_url` is a data URI or an http URL."""

    detail: Literal["auto", "low", "high", "original"] | None = "auto"
    image_url: str | None = None
    file_id: str | None = None


class InputFile(Struct, tag_field="type", tag="input_file", kw_only=True):
    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None
    detail: str | None = None


class AudioData(Struct):
    """`data` is base64, `format` is `wav` or `mp3`."""

    data: str
    format: str


class InputAudio(Struct, tag_field="type", tag="input_audio"):
    input_audio: AudioData


class OutputText(Struct, tag_field="type", tag="output_text", kw_only=True):
    """What the model said; `annotations` must be there for clients, and are always empty here."""

    text: str
    annotations: list[Any] | None = field(default_factory=list)
    logprobs: list[TokenLogprob] | None = field(default_factory=list)


class Refusal(Struct, tag_field="type", tag="refusal"):
    refusal: str


class SummaryText(Struct, tag_field="type", tag="summary_text"):
    text: str


class ReasoningText(Struct, tag_field="type", tag="reasoning_text"):
    text: str


InputPart = InputText | InputImage | InputFile | InputAudio
Part = InputText | InputImage | InputFile | InputAudio | OutputText | Refusal
