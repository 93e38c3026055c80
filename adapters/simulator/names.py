"""Names of models, `[host/][namespace/]model[:tag]`, with `:cloud` or `:local` behind them."""

import re

from msgspec import Struct

from adapters.simulator.encoding import quote
from adapters.simulator.refusals import Refused

__all__ = ["Name", "parse", "placed"]

_HOST = "registry.ollama.ai"
_NAMESPACE = "library"
_PARTS = {
    "host": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}"),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}"),
    "model": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
}


class Name(Struct, frozen=True):
    model: str
    tag: str = "latest"
    namespace: str = _NAMESPACE
    host: str = _HOST

    @property
    def key(self) -> str:
        """Equal for names that differ in case only."""
        return self.full.lower()

    @property
    def full(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self) -> str:
        """The shortest form that still has its tag, as lists print it."""
        if self.host != _HOST:
            return self.full
        if self.namespace != _NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"


def parse(text: str) -> Name | None:
    """None for a malformed name."""
    path, _, last = text.rpartition("://")[2].rpartition("/")
    model, colon, tag = last.partition(":")
    host, _, namespace = path.rpartition("/")
    parts = {"model": model, "tag": tag if colon else "latest"}
    if path:
        parts["namespace"] = namespace
    if "/" in path:
        parts["host"] = host
    if not all(_PARTS[part].fullmatch(value) for part, value in parts.items()):
        return None
    return Name(**parts)


def placed(text: str) -> str:
    """The local name asked for; what would leave the machine is refused: there is no cloud here."""
    base, local = text.removesuffix(":local"), text.endswith(":local")
    cloud = base.endswith(":cloud") or (":" in base and base.endswith("-cloud"))
    if (local and cloud) or text.endswith(":local:cloud"):
        raise Refused(400, f"use either :local or :cloud, not both: {quote(text)}")
    if cloud:
        raise Refused(403, "ollama cloud is disabled: remote model is unavailable")
    return base
