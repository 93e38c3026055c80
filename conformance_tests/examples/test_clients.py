"""Every client of `examples/clients/` that is installed here works against the gateway, as it is.

None of them is a dependency of ours, so that a run where none is installed only skips.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from conformance_tests.launcher import Gateway

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
NODE_MODULES = CLIENTS / "node_modules"
OLDEST_NODE = 22


def lacks(program: Path) -> str:
    """Why it cannot run here; nothing where it can."""
    match program.suffix:
        case ".py":
            return next(filter(None, map(python_lacks, requirements(program))), "")
        case ".js":
            return node_lacks()
        case _ if program.stem == "with_codex":
            return "" if shutil.which("codex", path=search_path()) else "there is no codex"
        case _:
            return python_lacks(Requirement("llm"))


def requirements(program: Path) -> list[Requirement]:
    """What it says that it needs, in the comment in TOML that `uv run` reads."""
    _, *lines = program.read_text("utf-8").splitlines()
    block = [line.removeprefix("# ") for line in takewhile(lambda line: line != "# ///", lines)]
    return [Requirement(text) for text in tomllib.loads("\n".join(block))["dependencies"]]


def python_lacks(needed: Requirement) -> str:
    try:
        installed = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is not installed"
    return "" if installed in needed.specifier else f"it needs {needed}, not {installed}"


def node_lacks() -> str:
    if not NODE_MODULES.is_dir():
        return "there is no examples/clients/node_modules"
    if not (node := node_program()):
        return "there is no node"
    said = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    major = said.removeprefix("v").split(".")[0]
    return "" if int(major) >= OLDEST_NODE else f"it needs Node {OLDEST_NODE}, not {said}"


def node_program() -> str | None:
    """The one of the npm package `node`, if it is installed there, before that of the system."""
    return shutil.which("node", path=NODE_MODULES / ".bin") or shutil.which("node")


def command(program: Path) -> list[str]:
    match program.suffix:
        case ".py":
            return [sys.executable, str(program)]
        case ".js":
            return [node_program() or "node", str(program)]
        case _:
            return ["sh", str(program)]


def search_path() -> str:
    """Where `llm` is, where a local `codex` and its node are, then as usual."""
    scripts = os.path.dirname(sys.executable)
    return os.pathsep.join([scripts, str(NODE_MODULES / ".bin"), os.environ["PATH"]])


def programs() -> list[object]:
    return [
        pytest.param(path, id=path.name, marks=pytest.mark.skipif(bool(reason), reason=reason))
        for path in sorted(CLIENTS.glob("with_*"))
        for reason in [lacks(path)]
    ]


@pytest.mark.clients
@pytest.mark.parametrize("program", programs())
def test_the_client_works(program: Path, gateway: Gateway) -> None:
    """Each program chats, has a tool called and gets an object, or ends with an error."""
    done = subprocess.run(
        command(program),
        env={
            **os.environ,
            "PATH": search_path(),
            "MOCHI_BASE_URL": f"{gateway.root}/v1",
            "MOCHI_MODEL": "demo-tools",
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "21 degrees" in done.stdout, done.stdout
