"""Whether a value fits a JSON Schema, and if not, why: in words that a model can act on."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from jsonschema_rs import Validator

__all__ = ["BadSchema", "compiled", "complaint"]

MAX_SCHEMA_BYTES = 256 * 1024
MAX_KEPT_BYTES = 16 * 1024
MAX_PATTERN_BYTES = 256 * 1024
"""Of one compiled regular expression, in memory."""
MOST_PATTERNS = 200
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


def compiled(schema: bytes) -> "Validator":
    """The validator of a schema; small ones are kept, because the same few come with every
    request."""
    return kept(schema) if len(schema) <= MAX_KEPT_BYTES else made(schema)


def made(schema: bytes) -> "Validator":
    """A new validator.

    Offline: a `$ref` may name any address. And with a regular-expression engine that never
    backtracks, because patterns come from the caller; it knows no look-around.
    """
    import jsonschema_rs  # takes 50 ms, which only requests with schemas should cost

    if len(schema) > MAX_SCHEMA_BYTES:
        raise BadSchema(f"it is larger than {MAX_SCHEMA_BYTES} bytes")
    if schema.count(b'"pattern') > MOST_PATTERNS:
        raise BadSchema(f"it has more than {MOST_PATTERNS} patterns")
    try:
        return jsonschema_rs.validator_for(
            _decode(schema),
            offline=True,
            validate_formats=False,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=MAX_PATTERN_BYTES),
        )
    except (jsonschema_rs.ValidationError, ValueError, RecursionError) as error:
        raise BadSchema(str(error).partition("\n")[0][:LONGEST_MISTAKE]) from None


kept = lru_cache(maxsize=128)(made)
