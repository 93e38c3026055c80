"""The OpenAPI document and the page that shows it."""

import json
import re
from typing import Any

import pytest

from conformance_tests.wire import Server


@pytest.fixture(scope="module")
def document(root: Server) -> dict[str, Any]:
    answer = root.get("/schema/openapi.json")
    assert answer.status == 200
    whole: dict[str, Any] = answer.json
    return whole


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    """OpenAPI 3.1: the version, a title and the paths."""
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"]
    assert document["info"]["version"]


@pytest.mark.parametrize(
    ("path", "method"),
    [("/v1/chat/completions", "post"), ("/v1/models", "get"), (r"/v1/models/\{\w+\}", "get")],
)
def test_it_covers_v1(document: dict[str, Any], path: str, method: str) -> None:
    """Generated clients have what the document has; a path without it is a path unknown."""
    (found,) = [known for known in document["paths"] if re.fullmatch(path, known)]
    operation = document["paths"][found][method]
    assert operation["summary"]
    assert operation["operationId"]
    assert "200" in operation["responses"]
    assert "application/json" in operation["responses"]["200"]["content"]


def test_the_chat_operation_says_what_goes_in_and_out(document: dict[str, Any]) -> None:
    """OpenAPI 3.1: requestBody, and both forms of the answer."""
    operation = document["paths"]["/v1/chat/completions"]["post"]
    assert "application/json" in operation["requestBody"]["content"]
    assert "text/event-stream" in operation["responses"]["200"]["content"]


def test_nothing_outside_the_known_prefixes(document: dict[str, Any]) -> None:
    """/v1 is OpenAI's, /api/v1 ours; everything else is for probes and people."""
    assert all(path.startswith(("/v1/", "/api/v1/")) for path in document["paths"])


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    """OpenAPI 3.1: operationId is unique among all operations; generators make it a name."""
    ids = [
        operation["operationId"]
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in ("get", "put", "post", "delete", "patch")
    ]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """JSON Reference: a pointer that resolves within the document."""
    for pointer in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        target: Any = document
        assert pointer.startswith("#/")
        for name in pointer[2:].split("/"):
            target = target[name.replace("~1", "/").replace("~0", "~")]


def test_the_page_needs_no_network(root: Server) -> None:
    """Offline machines and strict networks: no script, style or font of another host."""
    answer = root.get("/docs")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    loaded = re.findall(
        rb"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?([^\"' >]+)", answer.body
    )
    assert all(not re.match(rb"(https?:)?//", address) for address in loaded)
    assert "content-security-policy" in answer.headers


def test_the_root_leads_to_the_page(root: Server) -> None:
    """Whoever opens the address in a browser sees that something is there."""
    answer = root.get("/", {"Accept": "text/html"})
    assert answer.status in (200, 302, 303, 307, 308)
