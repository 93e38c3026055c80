"""What a request asks to be shown besides: `include`."""

from collections.abc import Iterable

from gateway.core.errors import InvalidRequest
from gateway.core.notes import Notes

__all__ = ["ENCRYPTED", "LOGPROBS", "check_included"]

LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"

# What else the API can include, none of which arises here.
OTHERS = (
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "web_search_call.action.sources",
    "web_search_call.results",
)


def check_included(names: Iterable[str], notes: Notes) -> None:
    """`InvalidRequest` for what nobody knows; what does not arise here goes into the notes."""
    for index, name in enumerate(names):
        if name in OTHERS:
            notes.ignore(f"include[{index}]")
        elif name not in (LOGPROBS, ENCRYPTED):
            raise InvalidRequest(
                f"'{name[:64]}' is nothing that can be included; these are:"
                f" {', '.join(sorted((LOGPROBS, ENCRYPTED, *OTHERS)))}.",
                param=f"include[{index}]",
                reason="invalid_value",
            )
