"""Whether a value fits a JSON Schema, and if not, why: in words that a model can act on."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonschema_rs import Validator

__all__ = ["BadSchema", "compiled", "complaint"]

MAX_SCHEMA_BYTES = 256 * 1024
MOST_MISTAKES = 3
LONGEST_MISTAKE = 300

_decode = msgspec.json.Decoder().decode


class BadSchema(Exception):
    """A schema that nothing can be checked with; the text says why."""


def complaint(schema: bytes, value: Any) -> str:
    """What is wrong with `value` by the JSON text of a schema; `""` when it fits.

    Raises `BadSchema`.
    """
    mistakes = []
    for error in compiled(schema).iter_errors(value):
        place = "".join(f"[{part!r}]" for part in error.instance_path)
        mistakes.append(f"{place} {error.message[:LONGEST_MISTAKE]}".strip())
        if len(mistakes) == MOST_MISTAKES:
            break
    return "; ".join(mistakes)


@lru_cache(maxsize=128)
def compiled(schema: bytes) -> "Validator":
    """The validator of a schema, kept because the same few come with every request.

    Offline: a `$ref` may name any address. And with a regular-expression engine that never
    backtracks, because patterns come from the caller; it knows no look-around.
    """
    import jsonschema_rs  # takes 50 ms, which only requests with schemas should cost

    if len(schema) > MAX_SCHEMA_BYTES:
        raise BadSchema(f"it is larger than {MAX_SCHEMA_BYTES} bytes")
    try:
        return jsonschema_rs.validator_for(
            _decode(schema),
            offline=True,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (jsonschema_rs.ValidationError, ValueError, RecursionError) as error:
        raise BadSchema(str(error).partition("\n")[0][:LONGEST_MISTAKE]) from None
