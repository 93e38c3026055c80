"""Raw routes in the OpenAPI document: everything points somewhere, nothing is overwritten."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar, get, post
from litestar.params import JSONBody
from msgspec import Struct

from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.models import ModelList
from gateway.http.operations import RawOperation, documented

EMPTY: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}}


class Text(Struct, tag="text", tag_field="type"):
    """Some text."""

    text: str


class Image(Struct, tag="image", tag_field="type"):
    url: str


class Thing(Struct):
    parts: list[Text | Image]
    size: int = 1


LOOK = RawOperation(path="/v1/things/{id}", method="GET", summary="Look", tag="Things")
MAKE = RawOperation(
    path="/v1/things",
    method="POST",
    summary="Make a thing",
    tag="Things",
    description="More about it.",
    request=Thing,
    response=list[Thing],
    streams=True,
    event=Text | Image,
    errors=((404, "There is none."),),
)
CHAT = RawOperation(
    path="/v1/chat/completions",
    method="POST",
    summary="Answer a chat",
    tag="OpenAI",
    request=wire.ChatCompletionRequest,
    mentioned=(wire.Part, wire.FunctionTool),
    response=wire.ChatCompletion,
    streams=True,
    errors=((400, "Not valid."),),
)


def strings(tree: Any, key: str) -> Iterator[str]:
    """Every value of `key` anywhere in a document."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key and isinstance(value, str):
                yield value
            if name == "mapping" and key == "$ref":
                yield from value.values()
            yield from strings(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from strings(value, key)


def holds_together(document: dict[str, Any]) -> None:
    """Every reference leads to a schema; every operation has answers, and an id of its own."""
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(strings(document, "$ref")) <= names
    operations = [each for item in document["paths"].values() for each in item.values()]
    assert all(each["responses"] for each in operations)
    ids = [each["operationId"] for each in operations]
    assert len(set(ids)) == len(ids)


def schema_at(document: dict[str, Any], reference: str) -> Any:
    return document["components"]["schemas"][reference.rpartition("/")[2]]


def test_an_operation_is_described_with_its_bodies_and_errors() -> None:
    document = documented(EMPTY, [MAKE])
    holds_together(document)
    operation = document["paths"]["/v1/things"]["post"]
    assert operation["tags"] == ["Things"]
    assert operation["description"] == "More about it."
    assert operation["operationId"] == "V1ThingsPost"
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema_at(document, body["$ref"])["required"] == ["parts"]
    assert operation["responses"].keys() == {"200", "404"}
    content = operation["responses"]["200"]["content"]
    assert content["application/json"]["schema"]["type"] == "array"
    assert content["text/event-stream"]["schema"]["anyOf"]
    error = operation["responses"]["404"]["content"]["application/json"]["schema"]
    assert schema_at(document, error["$ref"])["required"] == ["error"]


def test_path_parameters_are_named_and_an_answer_may_be_empty() -> None:
    document = documented(EMPTY, [LOOK])
    operation = document["paths"]["/v1/things/{id}"]["get"]
    assert operation["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    assert operation["responses"] == {"200": {"description": "OK"}}
    assert "requestBody" not in operation


def test_a_stream_without_a_type_is_text() -> None:
    operation = documented(EMPTY, [CHAT])["paths"]["/v1/chat/completions"]["post"]
    content = operation["responses"]["200"]["content"]
    assert content["text/event-stream"] == {"schema": {"type": "string"}}


def test_a_different_schema_of_the_same_name_is_renamed_wherever_it_is_pointed_at() -> None:
    theirs = {"Text": {"type": "integer"}, "Text2": {"type": "number"}, "Other": {}}
    before = {**EMPTY, "components": {"schemas": theirs, "securitySchemes": {"bearer": {}}}}
    kept = copy.deepcopy(before)
    document = documented(before, [MAKE])
    holds_together(document)
    assert before == kept
    schemas = document["components"]["schemas"]
    assert schemas["Text"] == {"type": "integer"}
    assert schemas["Text2"] == {"type": "number"}
    assert schemas["Text3"]["title"] == "Text"
    items = schemas["Thing"]["properties"]["parts"]["items"]
    assert items["anyOf"][0] == {"$ref": "#/components/schemas/Text3"}
    assert items["discriminator"]["mapping"]["text"] == "#/components/schemas/Text3"
    assert document["components"]["securitySchemes"] == {"bearer": {}}


def test_the_same_schema_of_the_same_name_is_shared() -> None:
    first = documented(EMPTY, [MAKE])
    second = documented(first, [MAKE])
    assert second["components"] == first["components"]


def test_a_path_may_have_methods_from_both_sides() -> None:
    theirs = {"/v1/things": {"get": {"operationId": "list", "responses": {"200": {}}}}}
    document = documented({**EMPTY, "paths": theirs}, [MAKE])
    assert document["paths"]["/v1/things"].keys() == {"get", "post"}
    holds_together(document)


@pytest.mark.parametrize(("path", "status"), [("/api/v1/things", "422"), ("/v1/things", "400")])
def test_litestars_word_about_bad_input_is_replaced_by_ours(path: str, status: str) -> None:
    @post(path)
    async def make(data: JSONBody[Thing]) -> Thing:
        return data

    document = documented(Litestar([make], logging_config=None).openapi_schema.to_schema(), [])
    holds_together(document)
    responses = document["paths"][path]["post"]["responses"]
    assert responses.keys() == {"201", status}
    error = responses[status]["content"]["application/json"]["schema"]
    wanted = "MochiErrorBody" if status == "422" else "ErrorBody"
    assert error["$ref"].endswith(f"/{wanted}")


def test_the_real_wire_types_can_be_described_beside_litestars() -> None:
    @get("/v1/models")
    async def models() -> ModelList:
        raise NotImplementedError

    document = documented(
        Litestar([models], logging_config=None).openapi_schema.to_schema(), [CHAT]
    )
    holds_together(document)
    assert list(document["paths"]) == ["/v1/chat/completions", "/v1/models"]
