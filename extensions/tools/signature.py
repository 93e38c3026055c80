"""The parameters of a user's function, with annotations that are types and no longer text."""

import functools
import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from extensions.tools.results import failure_text

__all__ = ["NotATool", "Parameter", "bare", "members", "parameters"]

UNNAMED = {
    inspect.Parameter.POSITIONAL_ONLY: "it can only be given by position",
    inspect.Parameter.VAR_POSITIONAL: "a call names all its arguments",
    inspect.Parameter.VAR_KEYWORD: "a model has to know the names of all arguments",
}


class NotATool(Exception):
    """Why a function cannot be offered, in words for its author."""


class Parameter(Struct, frozen=True):
    """One that a call can name. Without an annotation it is a text, as for Ollama's SDK."""

    name: str
    annotation: Any
    default: Any = inspect.Parameter.empty

    @property
    def has_default(self) -> bool:
        return self.default is not inspect.Parameter.empty

    @property
    def required(self) -> bool:
        """An optional value may be left out even if Python insists on it: it is `None` then."""
        return not self.has_default and NoneType not in members(self.annotation)


def parameters(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """All of them, in order. `NotATool` if one has no name or an annotation that means nothing."""
    try:
        found = tuple(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise NotATool(f"its parameters are unknown: {failure_text(error)}") from error
    for each in found:
        if each.kind in UNNAMED:
            raise NotATool(f"parameter '{each.name}': {UNNAMED[each.kind]}")
    types = resolved(function, found)
    return tuple(Parameter(each.name, types.get(each.name, str), each.default) for each in found)


def members(annotation: Any) -> tuple[Any, ...]:
    """The types of a union, `NoneType` among them; any other type is the only one."""
    kind = bare(annotation)
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def bare(annotation: Any) -> Any:
    """Without what `Annotated` says beside the type."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def resolved(function: Callable[..., Any], found: tuple[inspect.Parameter, ...]) -> dict[str, Any]:
    """Annotations by parameter, evaluated where they were written.

    What a function returns is not among them: nobody asks, and its name may not even exist.
    """

    def bearer() -> None: ...

    bearer.__annotations__ = {
        each.name: each.annotation for each in found if each.annotation is not each.empty
    }
    try:
        return get_type_hints(bearer, written_in(function), include_extras=True)
    except Exception as error:
        raise NotATool(f"an annotation has no meaning: {failure_text(error)}") from error


def written_in(function: Any) -> dict[str, Any]:
    """The global names where the function stands, below its decorators."""
    inner = inspect.unwrap(function)
    while isinstance(inner, functools.partial):
        inner = inspect.unwrap(inner.func)
    if not hasattr(inner, "__globals__"):
        inner = type(inner).__call__
    return getattr(inner, "__globals__", {})
