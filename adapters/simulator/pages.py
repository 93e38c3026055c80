"""What a server says of itself and of its models: version, status, tags, ps, show."""

from typing import Any

from .encoding import quote
from .http import Exchange
from .models import Model
from .names import parse, placed
from .refusals import Refused
from .requests import read_model
from .state import State
from .times import local

__all__ = ["ps", "root", "show", "status", "tags", "version"]

_MODELS = "/usr/share/ollama/.ollama/models"  # where a packaged Ollama keeps them
_VOCABULARY = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
_TOKEN_TYPES = [2, 3, 3, *[6] * 256]  # unknown, control, control, bytes


async def root(state: State, exchange: Exchange) -> None:
    exchange.whole(b"Ollama is running", 200, "text/plain; charset=utf-8")


async def version(state: State, exchange: Exchange) -> None:
    exchange.json({"version": state.version})


async def status(state: State, exchange: Exchange) -> None:
    exchange.json({"cloud": {"disabled": True, "source": "env"}})


async def tags(state: State, exchange: Exchange) -> None:
    exchange.json({"models": [_tag(model) for model in state.catalogue.listed()]})


def _tag(model: Model) -> dict[str, Any]:
    return {
        "name": model.name.short,
        "model": model.name.short,
        "modified_at": local(model.modified_at),
        "size": model.size,
        "digest": model.digest,
        "details": {
            **_details(model, model.parent, "F32"),
            "context_length": model.context_length,
            "embedding_length": 64,
        },
        "capabilities": list(model.listed_as),
    }


def _details(model: Model, parent: str, quantization: str) -> dict[str, Any]:
    return {
        "parent_model": parent,
        "format": "gguf",
        "family": model.family,
        "families": [model.family],
        "parameter_size": "33K",
        "quantization_level": quantization,
    }


async def ps(state: State, exchange: Exchange) -> None:
    exchange.json(
        {
            "models": [
                {
                    "name": runner.model.name.short,
                    "model": runner.model.name.short,
                    "size": runner.model.weights_size,
                    "digest": runner.model.digest,
                    "details": _details(runner.model, "", "unknown"),
                    "expires_at": local(runner.expires_at),
                    "size_vram": runner.model.weights_size,
                    "context_length": runner.window,
                }
                for runner in state.scheduler.loaded()
            ]
        }
    )


async def show(state: State, exchange: Exchange) -> None:
    request = read_model(exchange.request.body, "ShowRequest")
    if not request.model:
        raise Refused(400, "model is required")
    name = parse(request.model)
    if name is None:
        raise Refused(400, "invalid model name")
    model = state.catalogue.find(placed(request.model))
    if model is None:
        raise Refused(404, f"model '{name.short}' not found")
    card = _card(model, verbose=request.verbose)
    if model.fault.old:
        card = {key: card[key] for key in ("modelfile", "template", "details") if key in card}
    exchange.json(card)


def _card(model: Model, *, verbose: bool) -> dict[str, Any]:
    texts = {
        "modelfile": _modelfile(model),
        "parameters": "\n".join(f"{n:<30} {_shown(v)}" for n, v in _parameters(model)),
        "template": model.template,
        "system": model.system,
    }
    return {
        **{name: text for name, text in texts.items() if text},
        "details": _details(model, model.parent, "unknown"),
        "model_info": dict(sorted(_model_info(model, verbose=verbose).items())),
        "tensors": [
            {"name": name, "type": "F32", "shape": shape} for name, shape in _TENSORS.items()
        ],
        "capabilities": list(model.capabilities),
        "modified_at": local(model.modified_at),
    }


_TENSORS = {
    "token_embd.weight": [64, 259],
    "blk.0.attn_q.weight": [64, 64],
    "blk.0.attn_k.weight": [64, 64],
    "blk.0.attn_v.weight": [64, 64],
    "blk.0.attn_output.weight": [64, 64],
}


def _model_info(model: Model, *, verbose: bool) -> dict[str, Any]:
    family = model.family
    own: dict[str, Any] = {
        "attention.head_count": 1,
        "attention.head_count_kv": 1,
        "block_count": 1,
        "context_length": model.context_length,
        "embedding_length": 64,
        "feed_forward_length": 64,
        "vocab_size": 259,
    }
    if family == "bert":
        own |= {"attention.layer_norm_epsilon": 0.000001, "pooling_type": 1}
    else:
        own |= {"attention.layer_norm_rms_epsilon": 0.000001}
    if model.can("vision"):
        own |= {"vision.block_count": 1}
    return {
        "general.architecture": family,
        "general.file_type": 0,
        "general.parameter_count": 32960,
        **{f"{family}.{name}": value for name, value in own.items()},
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.model": family,
        # every array is null unless the request says `verbose`
        "tokenizer.ggml.scores": [0] * 259 if verbose else None,
        "tokenizer.ggml.token_type": _TOKEN_TYPES if verbose else None,
        "tokenizer.ggml.tokens": _VOCABULARY if verbose else None,
    }


def _modelfile(model: Model) -> str:
    template = model.own_template
    lines = [
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {model.name.short}",
        "",
        f"FROM {_MODELS}/blobs/sha256-{model.weights}",
        f"TEMPLATE {_block(template)}",
        *([f"SYSTEM {_block(model.system)}"] if model.system else ()),
        *([f"RENDERER {model.renderer}"] if model.renderer else ()),
        *([f"PARSER {model.parser}"] if model.parser else ()),
        *(f"PARAMETER {name} {_plain(value)}" for name, value in _parameters(model)),
    ]
    return "\n".join(lines) + "\n"


def _block(text: str) -> str:
    return f'"""{text}"""' if "\n" in text or '"' in text else text


def _parameters(model: Model) -> list[tuple[str, Any]]:
    """One line a value: a list of stop strings is several lines."""
    return [
        (name, value)
        for name, given in sorted(model.parameters.items())
        for value in (given if isinstance(given, list) else [given])
    ]


def _shown(value: Any) -> str:
    return quote(value) if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
