"""The routes that Litestar cannot document itself, and how they get into the OpenAPI document.

The hot routes are raw ASGI handlers: Litestar serves them without knowing what they take and give.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

from gateway.dialects.openai.errors import ErrorBody
from gateway.dialects.openai.fields import FieldTable

__all__ = ["RawOperation", "documented"]

REF = "#/components/schemas/"
LITESTARS_400 = HTTPStatus.BAD_REQUEST.description
PARAMETER = re.compile(r"\{(\w+)\}")

Schema = dict[str, Any]
Bodies = Mapping[Any, Schema]


class MochiErrorObject(Struct, frozen=True):
    """What went wrong: a code in upper case, a sentence for people, an object for programs."""

    code: str
    message: str
    details: dict[str, Any]


class MochiErrorBody(Struct, frozen=True):
    """The whole body of an answer of `/api/v1` that is not 2xx."""

    error: MochiErrorObject


class RawOperation(Struct, frozen=True, kw_only=True):
    """What one method of one raw route takes and gives, for people to read.

    `request`, `response`, `event` and `error` are types that msgspec can describe: the bodies, what
    one `data:` line of a stream holds, and the body of every error; `fields` says what becomes of
    each field of the request. A streaming operation without a `response` only streams; an operation
    without both answers with an empty body. `errors` are statuses and when they come.
    """

    path: str
    method: str
    summary: str
    tag: str
    description: str = ""
    request: Any = None
    fields: FieldTable | None = None
    mentioned: tuple[Any, ...] = ()
    response: Any = None
    status: int = 200
    streams: bool = False
    event: Any = None
    errors: tuple[tuple[int, str], ...] = ()
    error: Any = ErrorBody

    def types(self) -> list[Any]:
        """Every type that its description names."""
        named = [self.request, self.response, self.event, self.error if self.errors else None]
        return [*self.mentioned, *(kind for kind in named if kind is not None)]


def documented(document: Schema, operations: Sequence[RawOperation]) -> Schema:
    """The document with the operations in it; neither argument is changed.

    They stand before the others. A schema that shares its name with a different one of the document
    is renamed.
    """
    named = (kind for operation in operations for kind in operation.types())
    kinds = dict.fromkeys([*named, ErrorBody, MochiErrorBody])
    described, components = msgspec.json.schema_components(kinds, ref_template=REF + "{name}")
    for operation in operations:
        if operation.fields is not None:
            explain(components[operation.request.__name__], operation.fields)
    there = document.get("components", {}).get("schemas", {})
    renamed = {
        REF + name: REF + free_name(name, there.keys() | components.keys())
        for name, schema in components.items()
        if name in there and there[name] != schema
    }
    schemas = {
        renamed.get(REF + name, REF + name).removeprefix(REF): pointed(schema, renamed)
        for name, schema in components.items()
    }
    bodies: Bodies = dict(
        zip(kinds, (pointed(schema, renamed) for schema in described), strict=True)
    )
    paths: dict[str, Schema] = {operation.path: {} for operation in operations}
    for path, item in document.get("paths", {}).items():
        paths[path] = {method: corrected(path, known, bodies) for method, known in item.items()}
    for operation in operations:
        paths[operation.path][operation.method.lower()] = described_operation(operation, bodies)
    all_components = {**document.get("components", {}), "schemas": {**there, **schemas}}
    return {**document, "paths": paths, "components": all_components}


def explain(schema: Schema, fields: FieldTable) -> None:
    """Say at each property of a request what becomes of it."""
    for row in fields:
        said = f"{row.treatment.capitalize()}: {row.note}." if row.note else row.treatment
        about = schema["properties"][row.name]
        about["description"] = " ".join(filter(None, [about.get("description"), said]))


def corrected(path: str, operation: Schema, bodies: Bodies) -> Schema:
    """An operation of Litestar's with our errors.

    Litestar promises a 400 in its own shape wherever there is input, and takes no other word for
    it; what it raises is rendered by `gateway.http.errors`. Other errors have no body yet.
    """
    status, kind = ("422", MochiErrorBody) if path.startswith("/api/") else ("400", ErrorBody)
    body = json_of(kind, bodies)
    responses = dict(operation.get("responses", {}))
    if responses.get("400", {}).get("description") == LITESTARS_400:
        del responses["400"]
        responses[status] = {"description": "The input is not valid.", "content": body}
    for code, response in responses.items():
        if code >= "400" and "content" not in response:
            responses[code] = {**response, "content": body}
    return {**operation, "responses": dict(sorted(responses.items()))}


def described_operation(operation: RawOperation, bodies: Bodies) -> Schema:
    """An OpenAPI operation object."""
    words = re.findall(r"\w+", f"{operation.path} {operation.method.lower()}")
    described: Schema = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "operationId": "".join(word[0].upper() + word[1:] for word in words),
        "responses": {
            str(operation.status): answer(operation, bodies),
            **{
                str(status): {"description": when, "content": json_of(operation.error, bodies)}
                for status, when in operation.errors
            },
        },
    }
    if operation.description:
        described["description"] = operation.description
    if operation.request is not None:
        described["requestBody"] = {"required": True, "content": json_of(operation.request, bodies)}
    if names := PARAMETER.findall(operation.path):
        described["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    return described


def answer(operation: RawOperation, bodies: Bodies) -> Schema:
    """The response object of success."""
    content: Schema = {}
    if operation.response is not None:
        content = json_of(operation.response, bodies)
    if operation.streams:
        event = {"type": "string"} if operation.event is None else bodies[operation.event]
        content = {**content, "text/event-stream": {"schema": event}}
    described = {"description": HTTPStatus(operation.status).phrase}
    return {**described, "content": content} if content else described


def json_of(kind: Any, bodies: Bodies) -> Schema:
    return {"application/json": {"schema": bodies[kind]}}


def free_name(name: str, taken: set[str]) -> str:
    """`name` with the first number from 2 that nobody has."""
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"


def pointed(schema: Any, renamed: Mapping[str, str]) -> Any:
    """The schema with its references, a discriminator's mapping included, led to the new names."""
    match schema:
        case str():
            return renamed.get(schema, schema)
        case dict():
            return {key: pointed(value, renamed) for key, value in schema.items()}
        case list() | tuple():
            return [pointed(value, renamed) for value in schema]
        case _:
            return schema
