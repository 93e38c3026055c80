"""The documentation: there when it may be shown, complete in itself, and nothing foreign in it."""

import base64
import re
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from litestar import Litestar, get

from gateway.http.operations import RawOperation
from gateway.http.pages import Pages
from gateway.tests.asgi import Answer, call

CHAT = RawOperation(path="/v1/chat", method="POST", summary="Chat", tag="OpenAI", streams=True)


@get("/api/v1/things")
async def things() -> list[str]:
    """The things."""
    return []


def app(**settings: Any) -> Litestar:
    return Litestar([things], plugins=[Pages([CHAT], **settings)], logging_config=None)


async def ask(path: str, method: str = "GET", accept: bytes = b"*/*", **settings: Any) -> Answer:
    return await call(app(**settings), method, path, [(b"accept", accept)])


class Inline(HTMLParser):
    """What a page brings along, and the attributes through which it could reach outside."""

    def __init__(self) -> None:
        super().__init__()
        self.text: dict[str, str] = {}
        self.attributes: list[tuple[str, str, str | None]] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text[self._tag] = self.text.get(self._tag, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""


async def test_the_document_holds_litestars_routes_and_the_raw_ones() -> None:
    answer = await ask("/schema/openapi.json")
    document = msgspec.json.decode(answer.body)
    assert answer["content-type"] == "application/vnd.oai.openapi+json"
    assert document["openapi"].startswith("3.1")
    assert document["paths"].keys() == {"/v1/chat", "/api/v1/things"}
    assert document["paths"]["/api/v1/things"]["get"]["description"] == "The things."
    assert "security" not in document


async def test_a_key_is_part_of_the_document() -> None:
    document = msgspec.json.decode((await ask("/schema/openapi.json", keyed=True)).body)
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_app_has_its_own_document() -> None:
    first = Litestar([things], plugins=[Pages([CHAT])], logging_config=None)
    second = Litestar([], plugins=[Pages([])], logging_config=None)
    for asked, paths in ((first, 2), (second, 0), (first, 2)):
        answer = await call(asked, path="/schema/openapi.json")
        assert len(msgspec.json.decode(answer.body)["paths"]) == paths


async def test_the_page_may_run_its_own_script_and_nothing_else() -> None:
    answer = await ask("/docs")
    page = Inline()
    page.feed(answer.body.decode())
    policy = dict(part.split(" ", 1) for part in str(answer["content-security-policy"]).split("; "))
    assert policy["default-src"] == "'none'"
    for tag in ("script", "style"):
        digest = base64.b64encode(sha256(page.text[tag].encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert answer["content-type"] == "text/html; charset=utf-8"


async def test_nothing_of_the_page_comes_from_elsewhere() -> None:
    answer = await ask("/docs")
    page = Inline()
    page.feed(answer.body.decode())
    outside = ("src", "href", "action", "style")
    reached = {value for _, name, value in page.attributes if name in outside}
    assert all(str(value).startswith(("data:", "schema/")) for value in reached)
    assert not re.search(
        r"@import|url\(|import\(|innerHTML", page.text["style"] + page.text["script"]
    )


@pytest.mark.parametrize("accept", [b"text/html,application/xhtml+xml", b"text/html"])
async def test_a_browser_is_led_to_the_documentation(accept: bytes) -> None:
    answer = await ask("/", accept=accept)
    assert (answer.status, answer["location"], answer["vary"]) == (307, "/docs", "Accept")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("settings", [{}, {"shown": False}])
async def test_a_program_is_told_that_the_gateway_runs(method: str, settings: Any) -> None:
    answer = await ask("/", method, **settings)
    assert answer.status == 200
    assert answer.body in (b"mochi gateway is running.\n", b"")


@pytest.mark.parametrize("path", ["/docs", "/schema", "/schema/openapi.json"])
async def test_what_is_not_shown_is_not_there(path: str) -> None:
    assert (await ask(path)).status == 200
    assert (await ask(path, shown=False)).status == 404
    assert (await ask("/", accept=b"text/html", shown=False)).status == 200


async def test_other_paths_under_schema_are_not_found_by_the_app_itself() -> None:
    answer = await ask("/schema/elsewhere")
    assert (answer.status, answer["content-type"]) == (404, "application/json")
