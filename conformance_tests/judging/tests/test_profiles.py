"""Every module of checks belongs somewhere, and every check rests on something."""

import ast
from collections.abc import Iterator

import pytest

from conformance_tests.judging.baseline import ROOT
from conformance_tests.judging.profiles import (
    PACKAGES,
    PROFILES,
    id_of,
    module_of,
    profiles_of,
    title_of,
)


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).glob("test_*.py"):
            yield module_of(package, path.stem)


@pytest.mark.parametrize("module", [*modules()])
def test_a_module_has_a_profile_and_its_checks_have_facts(module: str) -> None:
    assert profiles_of(module)
    package, _, name = module.partition("/")
    tree = ast.parse((ROOT / package / f"test_{name}.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_":
            assert ast.get_docstring(node), f"{node.name} rests on nothing"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_checks(profile: str) -> None:
    assert any(profile in profiles_of(module) for module in modules())


def test_an_id_and_its_title() -> None:
    id = id_of(module_of("openai", "test_stream"), "test_the_end_is_done")
    assert id == "openai/stream::the_end_is_done"
    assert title_of(id) == "The end is done"
    assert profiles_of("openai/stream") == ("streaming",)
    assert profiles_of("mochi/sessions") == ()
