"""`/api/embed` and `/api/embeddings`: vectors that lie close for texts that share words."""

import hashlib
import math
import re
import struct
from typing import Any

from .encoding import Float32
from .http import Exchange
from .models import Model
from .names import parse, placed
from .options import read_options
from .refusals import Refused
from .requests import EmbedRequest, read_embed, read_embeddings
from .state import State
from .times import now
from .tokens import split

__all__ = ["embed", "embeddings"]

_WIDTH = 64
_ENDS = 2  # BOS and EOS, which the engine adds
_WORD = re.compile(r"\w+")


async def embed(state: State, exchange: Exchange) -> None:
    asked = now()
    request = read_embed(exchange.request.body)
    inputs = _inputs(request.input)
    if parse(request.model) is None:
        raise Refused(404, f"model '{request.model}' not found")
    model = _existing(state, request.model)
    options = read_options(model.parameters, request.options)
    async with state.scheduler.use(model, options.load, request.keep_alive) as runner:
        loaded = now()
        reply: dict[str, Any] = {"model": request.model, "embeddings": []}
        if inputs:
            _check(model)
            limit = min(runner.window, model.context_length) - _ENDS
            texts = [_cut(text, limit, request) for text in inputs]
            reply["embeddings"] = [_single(vector(text, request.dimensions)) for text in texts]
            reply["total_duration"] = max(now() - asked, 1)
            reply["load_duration"] = max(loaded - asked, 1)
            reply |= {"prompt_eval_count": tokens} if (tokens := _tokens(texts)) else {}
        exchange.json(reply)


async def embeddings(state: State, exchange: Exchange) -> None:
    request = read_embeddings(exchange.request.body)
    if not request.model:
        raise Refused(400, "model is required")
    if parse(request.model) is None:
        raise Refused(400, "invalid model name")
    model = _existing(state, request.model)
    options = read_options(model.parameters, request.options)
    async with state.scheduler.use(model, options.load, request.keep_alive):
        if request.prompt:
            _check(model)
        exchange.json({"embedding": vector(request.prompt) if request.prompt else []})


def _existing(state: State, name: str) -> Model:
    model = state.catalogue.find(placed(name))
    if model is None:
        raise Refused(404, f'model "{name}" not found, try pulling it first')
    return model


def _inputs(given: Any) -> list[str]:
    match given:
        case None | "":
            return []
        case str():
            return [given]
        case list() if all(isinstance(item, str) for item in given):
            return given
        case _:
            raise Refused(400, "invalid input type")


def _check(model: Model) -> None:
    model.fault.check(engine=False)
    model.fault.check(engine=True)
    if not model.can("embedding"):
        raise Refused(501, "This server does not support embeddings. Start it with `--embeddings`")


def _cut(text: str, limit: int, request: EmbedRequest) -> str:
    tokens = split(text)
    if len(tokens) <= limit:
        return text
    if not request.truncate:
        raise Refused(400, "the input length exceeds the context length")
    return "".join(tokens[:limit])


def _tokens(texts: list[str]) -> int:
    return sum(len(split(text)) for text in texts)


def vector(text: str, dimensions: int = 0) -> list[float]:
    """A unit vector: the sum of the directions of its words and of their beginnings."""
    total = [0.0] * _WIDTH
    for word in _WORD.findall(text.lower()) or [text]:
        for part, weight in ((word, 1.0), (word[:4], 0.5)):
            for index, value in enumerate(_direction(part)):
                total[index] += weight * value
    if 0 < dimensions < _WIDTH:
        total = total[:dimensions]
    length = math.sqrt(sum(value * value for value in total)) or 1.0
    return [_rounded(value / length) for value in total]


def _direction(part: str) -> list[float]:
    digest = hashlib.sha512(part.encode()).digest()
    return [(byte - 127.5) / 128 for byte in digest[:_WIDTH]]


def _rounded(value: float) -> float:
    """As an engine gives it: in single precision."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded


def _single(values: list[float]) -> list[Float32]:
    return [Float32(value) for value in values]
