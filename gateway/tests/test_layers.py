"""The direction of imports, the one architectural rule that a test keeps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("gateway", "adapters", "extensions", "conformance_tests")

# For each part, longest prefix first: what of ours it may import.
ALLOWED = {
    "gateway.core": ("gateway.core",),
    "gateway.dialects": ("gateway.core", "gateway.dialects"),
    "gateway.http": ("gateway.core", "gateway.dialects", "gateway.http", "gateway.__version__"),
    "gateway.app": ("gateway.core", "gateway.http", "gateway.__version__"),
    "gateway.config": ("gateway.core",),
    "adapters": ("gateway.core", "adapters"),
    "extensions": ("gateway.core", "gateway.http", "extensions"),
    # Those that speak a foreign API.
    **dict.fromkeys(
        ("extensions.conversations", "extensions.responses", "extensions.completions"),
        ("gateway.core", "gateway.dialects", "gateway.http", "extensions"),
    ),
    "conformance_tests": ("conformance_tests",),
}

# Each extension may import those before it. Those of one line know nothing of each other.
ORDER = (
    ("sessions",),
    ("events", "shards"),
    ("documents",),
    ("tools",),
    ("confirmation", "prompts", "context"),
    ("chat",),
    ("agents",),
    ("summaries", "status"),
    ("conversations",),
    ("responses",),
    ("completions",),
)

# Foreign packages, and where they may be imported at all.
LITESTAR = ("gateway.http", "gateway.app", "gateway.assembly", "gateway.testing")
SLOW = {
    "ollama": ("adapters", "extensions.tools.schemas"),
    "ollama_instructor": ("adapters",),
    "pydantic": ("adapters",),
    "httpx": ("adapters", "gateway.commands"),
    "rich": ("gateway.commands",),
    "matplotlib": ("gateway.commands",),
    "jsonschema_rs": ("adapters",),
    "prometheus_client": ("gateway.http.metrics",),
}

# Imported by nobody before it is needed, and so free to import what is slow at its top.
LATE = ("gateway.http.metrics.families",)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "tests" in path.parts:
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text("utf-8"))


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


MODULES = dict(sources())


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_layers(module: str) -> None:
    part = max((p for p in ALLOWED if within(module, (p,))), key=len, default=None)
    for node in ast.walk(MODULES[module]):
        for name in imported(node):
            if part and name.split(".")[0] in OURS:
                assert within(name, ALLOWED[part]), f"{module} imports {name}"
            if name.split(".")[0] == "litestar":
                routes = module.startswith("extensions.") and module.endswith(".routes")
                assert within(module, LITESTAR) or routes, f"{module} imports {name}"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("extensions.")])
def test_an_extension_knows_those_before_it(module: str) -> None:
    own = module.split(".")[1]
    place = next(place for place, names in enumerate(ORDER) if own in names)
    before = {own, *(name for names in ORDER[:place] for name in names)}
    for node in ast.walk(MODULES[module]):
        for name in imported(node):
            if within(name, ("extensions",)):
                assert name.split(".")[1] in before, f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_slow_packages_are_imported_on_first_use_and_in_their_place(module: str) -> None:
    tree = MODULES[module]
    for node in ast.walk(tree):
        for name in imported(node):
            package = name.split(".")[0]
            if package in SLOW:
                assert within(module, SLOW[package]), f"{module} imports {name}"
                assert module in LATE or node not in tree.body, (
                    f"{module} imports {name} at its top"
                )
            if within(name, LATE):
                assert node not in tree.body, f"{module} imports {name} at its top"


def test_there_is_something_to_check() -> None:
    assert {"gateway.core.errors", "adapters.upstream"} <= MODULES.keys()
