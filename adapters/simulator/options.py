"""The `options` of a request over the model's own parameters, typed as Ollama types them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert

from adapters.simulator.encoding import quote
from adapters.simulator.refusals import Refused

__all__ = ["LoadOptions", "Options", "read_options"]


class LoadOptions(Struct, frozen=True):
    """What a model is loaded with: other values than the loaded ones mean loading it again."""

    num_ctx: int | None = None
    num_batch: int | None = None
    num_gpu: int = -1
    main_gpu: int | None = None
    use_mmap: bool | None = None
    num_thread: int = 0
    draft_num_predict: int = 4
    shift: bool = True


class Options(Struct, frozen=True, kw_only=True):
    num_keep: int = 4
    num_predict: int = -1
    seed: int = -1
    temperature: float = 0.8
    stop: tuple[str, ...] = ()
    load: LoadOptions = LoadOptions()
    beyond: str = ""
    """`+Inf` or `-Inf` where a number is too large for Ollama's 32 bits."""


_LARGEST = 2**62
_LARGEST_FLOAT = 3.4028235e38
_INTEGERS = {
    "num_ctx",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "num_thread",
    "draft_num_predict",
    "num_keep",
    "seed",
    "num_predict",
    "top_k",
    "repeat_last_n",
}
_FLOATS = {
    "top_p",
    "min_p",
    "typical_p",
    "temperature",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
}


def read_options(
    own: Mapping[str, Any], asked: Mapping[str, Any], shift: bool | None = None
) -> Options:
    """Unknown names are ignored, null is skipped, a wrong type is Ollama's 500."""
    values: dict[str, Any] = {}
    for given in (own, asked):
        for name, value in given.items():
            if value is not None and (checked := _checked(name, value)) is not None:
                values[name] = checked
    load = {name: values.pop(name) for name in LoadOptions.__struct_fields__ if name in values}
    if shift is not None:
        load["shift"] = shift
    return convert({**values, "load": load, "beyond": _beyond(values)}, Options)


def _beyond(values: Mapping[str, Any]) -> str:
    for name in _FLOATS & values.keys():
        if abs(values[name]) > _LARGEST_FLOAT:
            return "+Inf" if values[name] > 0 else "-Inf"
    return ""


def _checked(name: str, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in _INTEGERS:
        return _whole(value) if number else _refuse(name, "integer")
    if name in _FLOATS:
        return float(value) if number else _refuse(name, "float32")
    if name == "use_mmap":
        return value if isinstance(value, bool) else _refuse(name, "boolean")
    if name == "stop":
        return _texts(value)
    return None


def _whole(value: float) -> int:
    """Fractions are cut off; what no 64 bits hold ends at the limit."""
    return int(max(min(value, _LARGEST), -_LARGEST))


def _texts(value: Any) -> Any:
    if not isinstance(value, list):
        return _refuse("stop", "array")
    if not all(isinstance(item, str) for item in value):
        raise Refused(500, 'option "stop" must be of an array of strings')
    return value


def _refuse(name: str, kind: str) -> None:
    raise Refused(500, f"option {quote(name)} must be of type {kind}")
