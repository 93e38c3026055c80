"""JSON as Go's encoder writes it: no blanks, keys as given, `<`, `>` and `&` escaped."""

import struct
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

__all__ = ["Float32", "encode", "quote"]

_ESCAPES = (
    ("<", "\\u003c"),
    (">", "\\u003e"),
    ("&", "\\u0026"),
    ("\u2028", "\\u2028"),
    ("\u2029", "\\u2029"),
)
_QUOTED = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


class Float32(float):
    """A float that is written with the digits of single precision, as `/api/embed` does."""


def encode(value: object) -> bytes:
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts).encode("utf-8", "replace")


def quote(text: str) -> str:
    """`text` as Go's `%q` prints it."""
    return '"' + "".join(_quoted(character) for character in text) + '"'


def _quoted(character: str) -> str:
    if character in _QUOTED:
        return _QUOTED[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _write(value: Any, put: Callable[[str], None]) -> None:
    match value:
        case str():
            put(_string(value))
        case None:
            put("null")
        case bool():
            put("true" if value else "false")
        case int():
            put(str(value))
        case float():
            put(_number(value))
        case dict():
            _write_object(value, put)
        case _:
            _write_array(value, put)


def _write_object(value: dict[str, Any], put: Callable[[str], None]) -> None:
    separator = "{"
    for key, member in value.items():
        put(separator + _string(key) + ":")
        _write(member, put)
        separator = ","
    put("}" if value else "{}")


def _write_array(value: Any, put: Callable[[str], None]) -> None:
    separator = "["
    for item in value:
        put(separator)
        _write(item, put)
        separator = ","
    put("]" if separator == "," else "[]")


def _string(text: str) -> str:
    written = encode_basestring(text)
    for character, escape in _ESCAPES:
        if character in written:
            written = written.replace(character, escape)
    return written


def _number(value: float) -> str:
    digits = _single_digits(value) if isinstance(value, Float32) else repr(float(value))
    if float(value).is_integer() and abs(value) < 1e21:
        return str(int(value))
    if "e" not in digits:
        return digits
    if 1e-6 <= abs(value) < 1e21:  # Go writes exponents only outside of this range
        return format(Decimal(digits), "f")
    return digits.replace("e-0", "e-").replace("e+0", "e+")


def _single_digits(value: float) -> str:
    """The fewest digits that give the same single precision number back."""
    packed = struct.pack("f", value)
    for precision in range(6, 9):
        digits = f"{value:.{precision}g}"
        if struct.pack("f", float(digits)) == packed:
            return digits
    return f"{value:.9g}"
