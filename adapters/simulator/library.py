"""Model management: copy, delete, create, pull, push and blobs. Nothing leaves the machine."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from msgspec.structs import replace

from .encoding import encode, quote
from .http import NDJSON, PLAIN_JSON, Exchange
from .models import Catalogue, Model, fits_registry
from .names import Name, parse
from .refusals import EngineRefused, Refused
from .requests import CreateRequest, read_copy, read_create, read_model
from .state import State
from .times import now

__all__ = ["copy", "create", "create_blob", "delete", "head_blob", "pull", "push"]

_BLOBS = "/api/blobs/"
_MANIFESTS = "/usr/share/ollama/.ollama/models/manifests"
_LAYER = 64_000_000  # bytes, of every model in the simulated registry
_STEPS = 16
_STEP = 4  # tokens' time between two reports of progress: 60 ms at the pace of the demo
_MISSING = "pull model manifest: file does not exist"

Progress = AsyncIterator[dict[str, Any]]


async def copy(state: State, exchange: Exchange) -> None:
    request = read_copy(exchange.request.body)
    if parse(request.source) is None:
        raise Refused(400, f"source {quote(request.source)} is invalid")
    destination = parse(request.destination)
    if destination is None:
        raise Refused(400, f"destination {quote(request.destination)} is invalid")
    source = state.catalogue.find(request.source)
    if source is None:
        raise Refused(404, f"model {quote(request.source)} not found")
    state.catalogue.add(replace(source, name=destination, modified_at=now()))
    exchange.whole()


async def delete(state: State, exchange: Exchange) -> None:
    request = read_model(exchange.request.body, "DeleteRequest")
    if not request.model:
        raise Refused(400, "model is required")
    if parse(request.model) is None:
        raise Refused(400, f"name {quote(request.model)} is invalid")
    model = state.catalogue.find(request.model)
    if model is None:
        raise Refused(404, f"model '{request.model}' not found")
    state.catalogue.remove(model)
    exchange.whole()


async def create(state: State, exchange: Exchange) -> None:
    request = read_create(exchange.request.body)
    name = parse(request.model)
    if name is None:
        raise Refused(400, "invalid model name")
    await _report(exchange, _created(state, request, name), stream=request.stream)


async def _created(state: State, request: CreateRequest, name: Name) -> Progress:
    """Every status of making a model from another one, or from a GGUF file that was uploaded."""
    if not request.origin and not request.files:
        raise EngineRefused(400, "neither 'from' or 'files' was specified")
    if request.origin:
        base = _base(state.catalogue, request.origin)
        if base is None:
            yield {"status": "pulling manifest"}
            raise EngineRefused(500, _MISSING)
        yield {"status": f"using existing layer sha256:{base.weights}"}
    else:
        base = _uploaded(state, request)
        yield {"status": "parsing GGUF"}
        yield {"status": f"using existing layer sha256:{base.weights}"}
    model = _derived(base, request, name)
    for layer in _new_layers(request):
        yield {"status": f"creating new layer sha256:{hashlib.sha256(layer).hexdigest()}"}
    state.catalogue.add(model)
    yield {"status": "writing manifest"}
    yield {"status": "success"}


def _base(catalogue: Catalogue, origin: str) -> Model | None:
    name = parse(origin)
    if name is None:
        raise EngineRefused(400, "invalid model name")
    return catalogue.find(origin) or fits_registry(name)


def _uploaded(state: State, request: CreateRequest) -> Model:
    digest = next(iter(request.files.values())).removeprefix("sha256:")
    if digest not in state.blobs:
        raise EngineRefused(400, f"open blob sha256:{digest}: no such file or directory")
    if not state.blobs[digest].startswith(b"GGUF"):
        raise EngineRefused(400, "supplied file was not in GGUF format")
    base = state.catalogue.find("demo") or fits_registry(Name("demo"))
    assert base is not None  # `demo` is in the registry
    return replace(base, weights=digest, weights_size=len(state.blobs[digest]))


def _derived(base: Model, request: CreateRequest, name: Name) -> Model:
    layers = b"".join([base.weights.encode(), *_new_layers(request)])
    return replace(
        base,
        name=name,
        digest=hashlib.sha256(layers).hexdigest(),
        parent=base.name.short if request.origin else "",
        modified_at=now(),
        system=request.system or base.system,
        template=request.template or base.template,
        own_template=request.template or base.own_template,
        path="rendered" if request.template or request.renderer else base.path,
        renderer=request.renderer or base.renderer,
        parser=request.parser or base.parser,
        parameters={**base.parameters, **request.parameters},
    )


def _new_layers(request: CreateRequest) -> list[bytes]:
    parameters = encode(request.parameters) + b"\n" if request.parameters else b""
    layers = (request.template.encode(), request.system.encode(), parameters)
    return [layer for layer in layers if layer]


async def pull(state: State, exchange: Exchange) -> None:
    request = read_model(exchange.request.body, "PullRequest")
    name = parse(request.model)
    if name is None:
        raise Refused(400, "invalid model name")
    await _report(exchange, _pulled(state, name), stream=request.stream)


async def _pulled(state: State, name: Name) -> Progress:
    """A layer that is there already is reported once, as complete; a broken-off one goes on."""
    yield {"status": "pulling manifest"}
    model = fits_registry(name)
    if model is None:
        raise EngineRefused(500, _MISSING)
    digest = f"sha256:{model.weights}"
    done = state.downloaded.get(digest, 0)
    if state.catalogue.find(name.full) is not None:
        done = _LAYER
    while True:
        progress = {"status": f"pulling {model.weights[:12]}", "digest": digest, "total": _LAYER}
        yield {**progress, "completed": done} if done else progress
        if done == _LAYER:
            break
        await asyncio.sleep(_STEP * state.token_delay)
        done = min(done + _LAYER // _STEPS, _LAYER)
        state.downloaded[digest] = done
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    state.catalogue.add(replace(model, name=name, modified_at=now()))
    yield {"status": "success"}


async def push(state: State, exchange: Exchange) -> None:
    request = read_model(exchange.request.body, "PushRequest")
    name = parse(request.model)
    if name is None:
        raise Refused(400, "invalid model name")
    await _report(exchange, _pushed(state, name), stream=request.stream)


async def _pushed(state: State, name: Name) -> Progress:
    yield {"status": "retrieving manifest"}
    if state.catalogue.find(name.full) is None:
        yield {"status": "couldn't retrieve manifest"}
        place = f"{name.host}/{name.namespace}/{name.model}/{name.tag}"
        raise EngineRefused(500, f"open {_MANIFESTS}/{place}: no such file or directory")
    raise EngineRefused(401, "unauthorized: a simulated server has nobody to push to")


async def _report(exchange: Exchange, progress: Progress, *, stream: bool) -> None:
    """Lines of progress, or the last one alone; an error has its status before the first line."""
    last: dict[str, Any] = {}
    try:
        async for last in progress:
            if not stream:
                continue
            if not exchange.begun:
                exchange.begin(200, NDJSON)
            await exchange.send(encode(last) + b"\n")
    except EngineRefused as refused:
        if not stream:
            exchange.json(refused.body, refused.status, PLAIN_JSON)
            return
        if exchange.begun:
            await exchange.send(encode(refused.body) + b"\n")
        else:
            exchange.begin(refused.status, PLAIN_JSON)
            await exchange.send(encode(refused.body))
    if stream:
        exchange.end()
    else:
        exchange.json(last, 200, PLAIN_JSON)


async def head_blob(state: State, exchange: Exchange) -> None:
    digest = _digest(exchange)
    if digest.removeprefix("sha256:") in state.blobs:
        exchange.whole()
        return
    raise Refused(404, f"blob {quote(digest)} not found")


async def create_blob(state: State, exchange: Exchange) -> None:
    body = exchange.request.body
    expected, found = _digest(exchange), f"sha256:{hashlib.sha256(body).hexdigest()}"
    if found.removeprefix("sha256:") in state.blobs and found == expected:
        exchange.whole()
        return
    if found != expected:
        raise Refused(400, f"digest mismatch, expected {quote(expected)}, got {quote(found)}")
    state.blobs[found.removeprefix("sha256:")] = body
    exchange.whole(status=201)


def _digest(exchange: Exchange) -> str:
    return unquote(exchange.request.path.split("?")[0].removeprefix(_BLOBS))
