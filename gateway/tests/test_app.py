"""The whole application, without a socket: errors of every route, and the end of it."""

import msgspec
import pytest
from litestar import get
from litestar.types import ASGIApp, Receive, Scope, Send

from gateway.app import create_app
from gateway.core.errors import BackendUnreachable
from gateway.core.models import ModelCard
from gateway.http.guards import GuardRules
from gateway.http.openai.mounting import Mounted
from gateway.http.operations import RawOperation
from gateway.http.streams import send_json
from gateway.testing import ScriptedBackend
from gateway.tests.asgi import ask, call


class Broken(ScriptedBackend):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def models(self) -> list[ModelCard]:
        raise self.error


def app(backend: ScriptedBackend | None = None) -> ASGIApp:
    return create_app(backend or ScriptedBackend(), guards=GuardRules())


@pytest.mark.parametrize("path", ["/no", "/v1", "/v1/no", "/docs/no", "/schema/no"])
async def test_what_is_not_there(path: str) -> None:
    answer = await ask(app=app(), path=path)
    assert (answer.status, answer["content-type"]) == (404, "application/json")
    assert answer.error["message"] == f"Invalid URL (GET {path})"


async def test_a_probe_may_ask_without_wanting_the_answer() -> None:
    answer = await ask(app=app(), method="HEAD", path="/health")
    assert (answer.status, answer["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(("method", "path"), [("POST", "/health"), ("DELETE", "/v1/models/a/b")])
async def test_the_wrong_method(method: str, path: str) -> None:
    answer = await ask(app=app(), method=method, path=path)
    assert (answer.status, answer.error["code"]) == (405, "method_not_supported")
    assert "GET" in (answer["allow"] or "")


OPENAIS = [
    "assistants",
    "audio/speech",
    "audio/transcriptions",
    "batches",
    "files",
    "fine_tuning/jobs",
    "images/edits",
    "images/generations",
    "moderations",
    "realtime/client_secrets",
    "threads",
    "uploads",
    "vector_stores",
    "videos",
]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", OPENAIS)
async def test_what_openai_has_and_ollama_cannot_do(method: str, path: str) -> None:
    answer = await ask(app=app(), method=method, path=f"/v1/{path}")
    assert (answer.status, answer["content-type"]) == (404, "application/json")
    assert answer.error == {
        "message": f"Invalid URL ({method} /v1/{path})",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


async def test_models_are_not_deleted_through_openais_api() -> None:
    answer = await ask(app=app(), method="DELETE", path="/v1/models/demo")
    assert (answer.status, answer.error["code"]) == (405, "method_not_supported")


async def test_a_slash_after_the_list_names_no_model() -> None:
    plain, slashed = [await ask(app=app(), path=path) for path in ("/v1/models", "/v1/models/")]
    assert (slashed.status, slashed.body) == (200, plain.body)


@pytest.mark.parametrize(
    ("error", "status"), [(BackendUnreachable("Nobody listens."), 502), (KeyError("secret"), 500)]
)
async def test_what_a_route_raises(error: Exception, status: int) -> None:
    answer = await ask(app=app(Broken(error)))
    assert answer.status == status
    assert b"secret" not in answer.body
    assert answer["x-request-id"]


async def test_the_backend_is_closed_at_the_end() -> None:
    ended: list[str] = []

    class Watched(ScriptedBackend):
        async def aclose(self) -> None:
            ended.append("closed")

    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    said: list[str] = []

    async def receive() -> object:
        return next(events)

    async def send(message: dict[str, str]) -> None:
        said.append(message["type"])

    await app(Watched())({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert ended == ["closed"]


async def test_a_name_may_hold_slashes() -> None:
    backend = ScriptedBackend(models=["hf.co/a/b:Q4"])
    answer = await call(app(backend), path="/v1/models/hf.co/a/b:Q4")
    assert answer.status == 200


async def test_what_extensions_mount_under_v1() -> None:
    @get("/mounted", sync_to_thread=False)
    def handler() -> dict[str, str]:
        return {"by": "the router"}

    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        await send_json(send, b'{"by":"itself"}')

    operation = RawOperation(path="/v1/hot", method="post", summary="Hot", tag="OpenAI")
    mounted = Mounted(handlers=[handler], raw={"/v1/hot": raw}, operations=[operation])
    app = create_app(ScriptedBackend(), guards=GuardRules(), mounted=[mounted])
    assert (await ask(app=app, path="/v1/mounted")).body == b'{"by":"the router"}'
    assert (await ask(app=app, path="/v1/hot")).body == b'{"by":"itself"}'
    document = msgspec.json.decode((await ask(app=app, path="/schema/openapi.json")).body)
    assert {"/v1/hot", "/v1/mounted"} <= document["paths"].keys()
