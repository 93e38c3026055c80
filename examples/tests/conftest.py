"""The samples as a gateway imports them: each folder as a package under a name of its own."""

import shutil
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[1]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a folder of tools by its name."""
    return lambda name: imported(EXAMPLES / "tools" / name, monkeypatch)


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    """A folder of agents that may be written to, with the sample agents in it."""
    copied: Path = shutil.copytree(EXAMPLES / "agents", tmp_path / "agents")
    return copied


@pytest.fixture
def agent(agents: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import an agent of that folder, or a draft, by its name."""
    return lambda name: imported(agents / name, monkeypatch)


def imported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    private = f"sample_{folder.parent.name}_{folder.name}"
    for module_of_another_test in [name for name in sys.modules if name.startswith(f"{private}.")]:
        monkeypatch.delitem(sys.modules, module_of_another_test)
    spec = spec_from_file_location(private, folder / "__init__.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, private, module)
    spec.loader.exec_module(module)
    return module
