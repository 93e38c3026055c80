"""Request ids on every answer, the access log, and what happens when nobody caught an error."""

import gc
import logging
from typing import Any
from weakref import ReferenceType, ref

import pytest

from gateway.core.errors import Overloaded
from gateway.http.requests import Requests
from gateway.tests.asgi import call, hello, streaming


@pytest.fixture
def access_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "mochi.access")
    return caplog


@pytest.mark.parametrize("app", [hello, streaming])
async def test_every_answer_has_an_id_of_its_own(app: Any) -> None:
    first, second = await call(Requests(app)), await call(Requests(app))
    assert str(first["x-request-id"]).startswith("req_")
    assert len(str(first["x-request-id"])) == 28
    assert first["x-request-id"] != second["x-request-id"]
    assert first["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("given", [b"abc-1.2_3", b"x" * 128])
async def test_the_clients_id_is_kept(given: bytes) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["state"]["request_id"])
        await hello(scope, receive, send)

    answer = await call(Requests(app), headers=[(b"x-request-id", given)])
    assert answer["x-request-id"] == given.decode() == seen[0]


@pytest.mark.parametrize(
    "given", [b"", b"x" * 129, b"a b", b"a\tb", b"<script>", b"\xc3\xa9", b"a\n", b'"a"']
)
async def test_an_id_that_is_no_plain_word_is_replaced(given: bytes) -> None:
    answer = await call(Requests(hello), headers=[(b"x-request-id", given)])
    assert str(answer["x-request-id"]).startswith("req_")


async def test_the_state_of_the_server_stays() -> None:
    state = {"from": "lifespan"}
    await call(Requests(hello), state=state, headers=[(b"x-request-id", b"abc")])
    assert state["from"] == "lifespan"
    assert state["request_id"] == "abc"


async def test_what_a_refused_request_held_is_free_at_once() -> None:
    """A traceback holds the frames, and a frame may hold the error: megabytes that would wait for
    the garbage collector."""
    held: list[ReferenceType[Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = {1, 2}
        held.append(ref(body))
        error = Overloaded("Not now.")
        raise error

    gc.disable()
    try:
        assert (await call(Requests(app))).status == 503
        assert held[0]() is None
    finally:
        gc.enable()


async def test_an_unexpected_error_is_answered_without_details_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("/secret/path")

    answer = await call(Requests(app), path="/api/v1/sessions")
    assert answer.status == 500
    assert answer.error["code"] == "INTERNAL_ERROR"
    assert b"secret" not in answer.body
    assert answer["x-request-id"]
    [record] = caplog.records
    assert (record.name, record.exc_info and record.exc_info[0]) == ("mochi", KeyError)


async def test_an_error_of_ours_is_answered_as_what_it_is(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise Overloaded("Full.", retry_after=2)

    answer = await call(Requests(app))
    assert (answer.status, answer["retry-after"]) == (503, "2")
    assert caplog.records == []


async def test_an_error_after_the_start_breaks_the_answer_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await call(Requests(app), headers=[(b"x-request-id", b"abc")])
    [record] = caplog.records
    assert (record.name, record.levelname) == ("mochi", "ERROR")
    assert "abc" in record.getMessage()
    assert record.exc_info


async def test_one_line_per_request(access_log: pytest.LogCaptureFixture) -> None:
    secret = (b"authorization", b"Bearer secret")
    await call(
        Requests(hello),
        "POST",
        "/v1/chat/completions",
        [(b"x-request-id", b"abc"), secret],
        query_string=b"key=secret",
    )
    [line] = access_log.messages
    method, path, status, milliseconds, request_id = line.split(" ")
    assert (method, path, status, request_id) == ("POST", "/v1/chat/completions", "200", "abc")
    assert float(milliseconds.removesuffix("ms")) >= 0


async def test_a_path_cannot_forge_a_line(access_log: pytest.LogCaptureFixture) -> None:
    await call(Requests(hello), path="/a\r\nGET /forged 200\x1b[2J\x85\u2028é")
    [line] = access_log.messages
    assert line.isascii()
    assert line.isprintable()
    assert r"/a\r\nGET" in line


async def test_failures_are_in_the_access_log_too(access_log: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError

    await call(Requests(app))
    [line] = [record.getMessage() for record in access_log.records if record.name == "mochi.access"]
    assert line.split(" ")[2] == "500"


async def test_a_log_above_info_holds_no_requests(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "mochi.access")
    await call(Requests(hello))
    assert caplog.records == []
