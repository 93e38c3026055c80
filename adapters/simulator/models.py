"""The models there are: seven that are listed, and some that answer without being listed."""

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from adapters.simulator.faults import RIGHT, Fault, fault_of
from adapters.simulator.names import Name, parse
from adapters.simulator.personalities import ORDINARY, PERSONALITIES, Personality
from adapters.simulator.times import SECOND

__all__ = ["Catalogue", "Model", "Pace", "fits_registry"]

Path = Literal["native", "rendered"]

_PLAIN = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
_TOOLS = (
    "{% if tools %}tools: {{ tools | tojson }}\n{% endif %}"
    + _PLAIN
    + "{# tool_calls tool_response message.role == 'tool' #}"
)
_THINKING = _TOOLS + "{% if enable_thinking %}<think>{% else %}<think></think>{% endif %}"
_GO = (
    "{{- if .Tools }}tools: {{ .Tools }}\n{{ end }}"
    "{{ range .Messages }}{{ .Role }}: {{ .Content }}"
    "{{ if .ToolCalls }}{{ range .ToolCalls }}<tool_call>\n"
    '{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}\n'
    "</tool_call>{{ end }}{{ end }}\n{{ end }}"
)
_PROMPT = "{{ .Prompt }}"
_INSERT = (
    "{{- if .Suffix }}<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>"
    "{{- else }}{{ .Prompt }}\n{{- end }}"
)


class Pace(Struct, frozen=True):
    """Seconds a token, and one rest after a number of tokens."""

    token_delay: float
    rest_after: int
    rest: float


class Model(Struct, frozen=True, kw_only=True):
    """`weights` is the digest of the file that is loaded: models made from another share its file.

    `path` says who renders the prompt: llama-server with the file's own chat template (native), or
    Ollama with a Go template or a built-in renderer (rendered). `listed_as` are the capabilities of
    `/api/tags`, which does not read the file's template; `/api/show` says `capabilities`.
    """

    name: Name
    weights: str
    weights_size: int
    size: int
    digest: str
    capabilities: tuple[str, ...]
    listed_as: tuple[str, ...]
    path: Path = "native"
    template: str = _PLAIN
    own_template: str = _PROMPT
    system: str = ""
    parameters: Mapping[str, Any] = {}
    renderer: str = ""
    parser: str = ""
    family: str = "llama"
    context_length: int = 8192
    parent: str = ""
    modified_at: int = 0
    pace: Pace | None = None
    fault: Fault = RIGHT
    personality: Personality = ORDINARY

    def can(self, capability: str) -> bool:
        return capability in self.capabilities


_SHARED = "aed1556de49df78d1fa68563033864f27ccc82978bf73c3d91b82265d79aac8c"
_SEVEN = (
    Model(
        name=Name("demo-qwen"),
        weights=_SHARED,
        weights_size=138592,
        size=138791,
        digest="c19bcc7f2fdf4abb6c43b833cff8cd83599df98ad738d2d69b5d1512a556bc64",
        capabilities=("completion", "tools"),
        listed_as=("completion", "tools"),
        path="rendered",
        template=_PROMPT,
        renderer="qwen3-coder",
        parser="qwen3-coder",
    ),
    Model(
        name=Name("demo"),
        weights="8ba036c3d1df88d069dc95cc6aa5e09b76fdf17c2a05b096ed953e4b7c4633b6",
        weights_size=138720,
        size=138871,
        digest="1ba357f2cd8a312417a93452c8e253fe0e61e96f87dd7ff2c06311ecf76eba58",
        capabilities=("completion",),
        listed_as=("completion",),
    ),
    Model(
        name=Name("demo-tools"),
        weights="b3d0b5ff3f5cf71cc06d0037aebeeb9ee496dbb82b119df0a6d41e650ff750c3",
        weights_size=138816,
        size=138967,
        digest="9cc06df00b4f41f13df0bc395db9df99b312041527819917aafd254e2502c515",
        capabilities=("tools", "completion"),
        listed_as=("completion",),
        template=_TOOLS,
    ),
    Model(
        name=Name("demo-thinking"),
        weights="9d5f3c308a39e697e2af4c3eb7bef7d3756ddcc4889923a9ea897151233e721e",
        weights_size=138880,
        size=139031,
        digest="eb78a5d6e205f957b38a73284c333607af01b50a6f17648a3792fc6de77c3bf8",
        capabilities=("tools", "thinking", "completion"),
        listed_as=("completion",),
        template=_THINKING,
    ),
    Model(
        name=Name("demo-vision"),
        weights="086804c14ba967776ba0a3312cd515bb80208ae95925a6d3cd32aa6e931aee3a",
        weights_size=138752,
        size=138903,
        digest="06431c9aa33a92298b6bef6b546075e59ec5d1ed4aceaa3dd3536028374a1efd",
        capabilities=("completion", "vision"),
        listed_as=("vision", "completion"),
    ),
    Model(
        name=Name("demo-embed"),
        weights="68758bdb93e511b8f350cd00907e9b0b61a122e3cde7d3caa89810f62c4bec3e",
        weights_size=138592,
        size=138741,
        digest="416af651fa8043d978e97c7f19519219b7f95413408d6524deebeda23525276c",
        capabilities=("embedding",),
        listed_as=("embedding",),
        template=_PROMPT,
        family="bert",
        context_length=2048,
    ),
    Model(
        name=Name("demo-go"),
        weights=_SHARED,
        weights_size=138592,
        size=139066,
        digest="dabc738e05d83b4a3594a0cead51eb9f24372f8a11a748f2d27a247c7e698a4b",
        capabilities=("completion", "tools"),
        listed_as=("completion", "tools"),
        path="rendered",
        template=_GO,
        own_template=_GO,
        system="Answer briefly.",
        parameters={"stop": ["<|end|>"], "temperature": 0.5},
    ),
)
_BY_NAME = {model.name.model: model for model in _SEVEN}
_INSERTING = replace(
    _BY_NAME["demo-go"],
    capabilities=("completion", "insert"),
    listed_as=("completion", "insert"),
    template=_INSERT,
    own_template=_INSERT,
    system="",
    parameters={},
)
_LONG = replace(
    _BY_NAME["demo-vision"],
    capabilities=("completion", "tools", "vision"),
    template=_TOOLS,
    context_length=131_072,
)
_SLOW = Pace(token_delay=0.05, rest_after=12, rest=2.0)


def _renamed(base: Model, name: Name, **changes: Any) -> Model:
    digest = hashlib.sha256(name.key.encode()).hexdigest()
    return replace(base, name=name, weights=digest, digest=digest, **changes)


def _characterful(personality: Personality, name: Name) -> Model:
    base = _BY_NAME[personality.on]
    template = base.template + personality.template_end
    return _renamed(base, name, personality=personality, template=template)


def fits_registry(name: Name) -> Model | None:
    """What a pull can bring: the seven, and `demo-new`, which is not installed at the beginning."""
    if name.tag != "latest":
        return None
    if name.model.lower() == "demo-new":
        return _renamed(_BY_NAME["demo"], name)
    return _BY_NAME.get(name.model.lower())


class Catalogue:
    """The installed models; the only state is which there are, by the key of their names."""

    def __init__(self, started_at: int) -> None:
        self._started_at = started_at
        self._installed: dict[str, Model] = {}
        for age, model in enumerate(_SEVEN):
            self.add(replace(model, modified_at=started_at - age * SECOND))

    def add(self, model: Model) -> None:
        self._installed[model.name.key] = model

    def remove(self, model: Model) -> None:
        self._installed.pop(model.name.key, None)

    def find(self, text: str) -> Model | None:
        name = parse(text)
        if name is None:
            return None
        return self._installed.get(name.key) or self._unlisted(name)

    def listed(self) -> list[Model]:
        """Newest first."""
        return sorted(self._installed.values(), key=lambda model: -model.modified_at)

    def _unlisted(self, name: Name) -> Model | None:
        """The faults and personalities, each on its own model, and what else answers unlisted."""
        model, known = None, name.model.lower()
        if known == "demo-slow":
            model = _renamed(_BY_NAME["demo"], name, pace=_SLOW)
        elif known == "demo-insert":
            model = _renamed(_INSERTING, name)
        elif known == "demo-long":
            model = _renamed(_LONG, name)
        elif fault := fault_of(known):
            model = _renamed(_BY_NAME[fault.on], name, fault=fault)
        elif personality := PERSONALITIES.get(known):
            model = _characterful(personality, name)
        return replace(model, modified_at=self._started_at) if model else None
