"""The arguments of a call, checked and turned into what the function asks for.

A model may send anything. What does not fit is told to it in words it can correct the call with;
the function then never runs.
"""

import math
import re
from collections.abc import Callable
from types import NoneType
from typing import Any

import msgspec
from msgspec import Raw

from extensions.tools.results import failure_text
from extensions.tools.signature import Parameter, bare, members, parameters
from extensions.tools.values import value_of

__all__ = ["InvalidArguments", "bound"]

SHOWN = 100
"""Characters of a name or value of the model's that an error repeats."""

WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

_object = msgspec.json.Decoder(dict[str, Any]).decode


class InvalidArguments(Exception):
    """Everything that is wrong with the arguments, in words for the model."""


def bound(function: Callable[..., Any], arguments: Raw | bytes) -> dict[str, Any]:
    """The keyword arguments for the function; what has a default and was left out stays out."""
    given = decoded(arguments)
    expected = {each.name: each for each in parameters(function)}
    faults = [f"unknown argument {shown(name)}" for name in given if name not in expected]
    if faults:
        names = ", ".join(map(repr, expected))
        faults.append(f"the arguments are {names}" if names else "there are no arguments")
    ready: dict[str, Any] = {}
    for name, parameter in expected.items():
        if name in given:
            try:
                ready[name] = fitted(parameter, given[name])
            except Exception as error:  # a check of the user's own types may raise anything
                faults.append(f"argument '{name}': {failure_text(error)}")
        elif parameter.required:
            faults.append(f"missing argument '{name}'")
        elif not parameter.has_default:
            ready[name] = None
    if faults:
        raise InvalidArguments("; ".join(faults))
    return ready


def decoded(arguments: Raw | bytes) -> dict[str, Any]:
    try:
        return _object(arguments)
    except RecursionError as error:
        raise InvalidArguments("they are nested too deeply") from error
    except ValueError as error:  # UnicodeDecodeError and all of msgspec's
        raise InvalidArguments(f"they are not a JSON object: {error}") from error


def fitted(parameter: Parameter, value: Any) -> Any:
    if value is None and parameter.default is None:
        return None
    match [bare(kind) for kind in members(parameter.annotation) if kind is not NoneType]:
        case [kind] if isinstance(value, str):
            value = from_text(kind, value)
        case [kind] if kind is int and isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number, and some models write 3.0
    return value_of(parameter.annotation, value)


def from_text(kind: Any, text: str) -> Any:
    """Numbers and truth values that came as text. Only as a whole: nothing is guessed."""
    stripped = text.strip()
    if kind is int:
        if WHOLE.fullmatch(stripped):
            return int(stripped)
        raise ValueError(f"{shown(text)} is not a whole number")
    if kind is float:
        if NUMBER.fullmatch(stripped) and math.isfinite(number := float(stripped)):
            return number
        raise ValueError(f"{shown(text)} is not a number")
    if kind is bool:
        if stripped.lower() in TRUTHS:
            return TRUTHS[stripped.lower()]
        raise ValueError(f"{shown(text)} is neither true nor false")
    return text


def shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
