"""JSON that some programs write and others refuse: `Infinity`, `1e999`, halves of surrogate pairs.

mochi-coco writes whatever a model put into the arguments of a call. A session that could not be
sent or saved again because of it would be lost for ever, so such values give way: numbers that no
float holds become `null`, and half a pair becomes U+FFFD.
"""

import json
import math
from typing import Any

__all__ = ["mended", "sendable"]

MOST_DIGITS = 4300
"""Python itself converts no longer integers."""


def mended(text: str) -> bytes:
    """The same JSON as every decoder takes it; `ValueError` for text that is no JSON at all."""
    value = json.loads(text, parse_float=finite, parse_int=whole, parse_constant=lambda _: None)
    written = json.dumps(value, ensure_ascii=False)
    return written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def sendable(value: Any) -> Any:
    """A decoded JSON value without integers that Ollama, which reads them as floats, refuses."""
    match value:
        case dict():
            return {key: sendable(inner) for key, inner in value.items()}
        case list():
            return [sendable(inner) for inner in value]
        case int():
            return value if fits_a_float(value) else None
    return value


def finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None


def fits_a_float(number: int) -> bool:
    try:
        float(number)
    except OverflowError:
        return False
    return True
