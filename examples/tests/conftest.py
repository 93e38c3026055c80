"""The sample tools as a gateway imports them: each folder as a package under a name of its own."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[1] / "tools"


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    def imported(name: str) -> ModuleType:
        private = f"sample_tools_{name}"
        spec = spec_from_file_location(private, TOOLS / name / "__init__.py")
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, private, module)
        spec.loader.exec_module(module)
        return module

    return imported
