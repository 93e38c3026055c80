"""What every answer carries, and the shapes of errors outside `/v1`."""

import pytest

from conformance_tests.mochi.errors import error_of
from conformance_tests.wire import Server

PATHS = ["/health", "/v1/models", "/v1/no", "/no", "/api/v1/no", "/api/no"]


def test_health(root: Server) -> None:
    """For probes: it tells that the server runs, and nothing else."""
    answer = root.get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_request_id(root: Server, path: str) -> None:
    """OpenAI API reference, debugging requests: log `x-request-id`; each request its own."""
    first, second = (root.get(path).headers["x-request-id"] for _ in range(2))
    assert first
    assert first != second


def test_streams_and_refusals_have_one_too(root: Server) -> None:
    """openai-python shows it on errors, which is when somebody looks for it."""
    path = "/v1/chat/completions"
    assert root.request("POST", path, root.body(stream=True)).headers["x-request-id"]
    assert root.request("POST", path, b"{").headers["x-request-id"]
    assert root.get(path, {"Host": "evil.example"}).headers["x-request-id"]
    assert root.request("POST", path, b"x", {"Content-Type": None}).headers["x-request-id"]


def test_the_id_of_the_client_is_kept(root: Server) -> None:
    """Whoever traces a request through several services brings an id along."""
    assert root.get("/v1/models", {"X-Request-ID": "abc-1.2_3"}).headers["x-request-id"] == (
        "abc-1.2_3"
    )


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "x" * 5000, '"><script>', "é"])
def test_an_id_that_could_do_harm_is_replaced(root: Server, value: str) -> None:
    """Log forging and header splitting: only plain words go into headers and logs."""
    given = root.get("/v1/models", {"X-Request-ID": value}).headers["x-request-id"]
    assert given
    assert given != value


@pytest.mark.parametrize("path", PATHS)
def test_browsers_must_not_guess_the_type(root: Server, path: str) -> None:
    """Fetch standard, nosniff: JSON with markup in it is not to be read as a page."""
    assert root.get(path).headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/no", "/v1", "/v1/no", "/health/no", "/v2/models"])
def test_openai_shape(root: Server, method: str, path: str) -> None:
    """Whoever asks an OpenAI client's questions is answered in its shape, wrong paths included."""
    answer = root.request(method, path, {} if method == "POST" else None)
    assert (answer.status, error_of(answer)["type"]) == (404, "invalid_request_error")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/no", "/api/v1/sessions/0123456789/no"])
def test_own_shape(root: Server, method: str, path: str) -> None:
    """Under /api/v1 errors are `{"error": {"code", "message", "details"}}`."""
    answer = root.request(method, path, {} if method == "POST" else None)
    assert answer.status == 404
    error = answer.json["error"]
    assert error.keys() == {"code", "message", "details"}
    assert error["code"] == "NOT_FOUND"
    assert error["message"]
    assert isinstance(error["details"], dict)


@pytest.mark.parametrize("path", ["/api/tags", "/api/chat", "/api/no", "/api/v2/no"])
def test_ollama_shape(root: Server, path: str) -> None:
    """Ollama's clients read `{"error": text}`; its routes are not served unless asked for."""
    answer = root.get(path)
    assert answer.status == 404
    assert isinstance(answer.json["error"], str)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/health"), ("DELETE", "/health"), ("PUT", "/v1/models")]
)
def test_wrong_method(root: Server, method: str, path: str) -> None:
    """RFC 9110, 15.5.6: 405 with the methods that are allowed."""
    answer = root.request(method, path, {} if method != "DELETE" else None)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert error_of(answer)["code"] == "method_not_supported"


NOT_HTTP = {
    "no version": b"GET /health\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no method": b"/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bad length": b"POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    "two lengths": b"POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nab",
    "length and chunks": b"POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "control in a header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    "very long header": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 300_000,
}


@pytest.mark.parametrize("raw", NOT_HTTP.values(), ids=NOT_HTTP.keys())
def test_what_is_no_http_is_refused(root: Server, raw: bytes) -> None:
    """RFC 9112: 400 and the end of the connection; never a hang, nor a second answer."""
    with root.send(raw) as live:
        live.connection.settimeout(15)
        try:
            assert 400 <= live.begin() < 500
            live.rest()
        except ConnectionError:
            pass  # closing without a word is an answer as well
    assert root.get("/health").status == 200
