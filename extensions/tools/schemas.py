"""A Python function as the tool that a model is shown, made by the converter of Ollama's SDK.

The converter of ollama 0.6 reads names and docstrings as every other user of Ollama has them, and
is corrected where it is wrong: it cannot read postponed annotations nor, before Python 3.12, a
`TypedDict`; it calls required what has a default, loses the values of a `Literal`, the items of a
list and the members of an object, and names the types of a union in any order. So it is given the
plain type that JSON has for each parameter, and what is known beyond that is laid over its answer.
"""

import inspect
import warnings
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from msgspec import Raw

from extensions.tools.catalogue import FoundTool
from extensions.tools.signature import NotATool, Parameter, parameters
from extensions.tools.values import schema_of

__all__ = ["LARGEST", "found_tool"]

LARGEST = 64 * 1024
"""Bytes of description and schema together, all of which a model has to read on every request."""

STAND_INS: dict[str, type] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "array": list,
    "object": dict,
}


def found_tool(function: Callable[..., Any], *, name: str, package: str) -> FoundTool:
    """The tool `name`; `NotATool` with the reason if it cannot be one."""
    found = parameters(function)
    schemas = {each.name: described(each) for each in found}
    converted = convert(function, name, found, schemas)
    if lost := schemas.keys() - (converted.parameters.properties or {}).keys():
        raise NotATool(f"parameter '{min(lost)}': it has a name that cannot be offered")
    for parameter, read in (converted.parameters.properties or {}).items():
        schemas[parameter] = {
            **schemas[parameter],
            "description": read.description or schemas[parameter].get("description", ""),
        }
    return written(
        FoundTool(
            name=name,
            package=package,
            description=(converted.description or "").strip(),
            parameters=schemas,
            required=tuple(each.name for each in found if each.required),
            schema=Raw(b"{}"),
        )
    )


def described(parameter: Parameter) -> dict[str, Any]:
    try:
        return schema_of(parameter.annotation)
    except (TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise NotATool(f"parameter '{parameter.name}': {reason}") from error


def convert(
    function: Callable[..., Any],
    name: str,
    found: tuple[Parameter, ...],
    schemas: dict[str, dict[str, Any]],
) -> Any:
    """The `Tool.Function` that the SDK makes of it."""
    from ollama._utils import convert_function_to_tool

    def shown() -> None: ...

    shown.__name__ = name
    shown.__doc__ = function.__doc__
    shown.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=stand_in(schemas[each.name]),
            )
            for each in found
        ]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parameters called as methods of pydantic's models
        try:
            return convert_function_to_tool(shown).function
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise NotATool(f"it cannot be converted: {reason}") from error


def stand_in(schema: dict[str, Any]) -> Any:
    types = schema.get("type", "string")
    names = [types] if isinstance(types, str) else types
    return reduce(or_, [STAND_INS.get(name, str) for name in names])


def written(tool: FoundTool) -> FoundTool:
    """With its `schema`, if all of it can be sent to a model."""
    schema = {"type": "object", "properties": tool.parameters, "required": tool.required}
    try:
        made = msgspec.structs.replace(tool, schema=Raw(msgspec.json.encode(schema)))
        size = len(msgspec.json.encode(made.definition))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotATool("its texts cannot be written as JSON") from error
    if size > LARGEST:
        raise NotATool(f"its docstring and schema have {size} bytes, over the limit of {LARGEST}")
    return made
