"""Texts of a server as they may be shown: nothing acts on a terminal, nothing breaks a file."""

import unicodedata
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

__all__ = ["legible", "tidied"]

T = TypeVar("T")

KEPT = {"\n", "\t"}
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode's categories of control and format characters, of surrogates, and of what is none."""

MASK = "[key removed]"


def legible(text: str) -> str:
    """The text with an escape such as `\\x1b` for whatever has no shape of its own."""
    if text.isprintable():
        return text
    return "".join(
        escaped(char) if char not in KEPT and unicodedata.category(char) in UNSEEN else char
        for char in text
    )


def escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def tidied(found: T, key: str | None) -> T:
    """A report, or a part of one, in which all texts are legible and the key stands nowhere."""

    def clean(text: str) -> str:
        return legible(text.replace(key, MASK) if key else text)

    def cleaned(value: Any) -> Any:
        match value:
            case Enum():
                return value
            case str():
                return clean(value)
            case list():
                return [*map(cleaned, value)]
            case dict():
                return {clean(name): cleaned(member) for name, member in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            changes = {field.name: cleaned(getattr(value, field.name)) for field in fields(value)}
            return replace(value, **changes)
        return value

    tidy: T = cleaned(found)
    return tidy
