"""The published checks, frozen: what each of them asks belongs to a version of the suite.

`python -m conformance_tests.judging.baseline` writes `baseline.json`. It adds checks that are new;
one that changed, or is gone, needs another `SUITE_VERSION` first.
"""

import ast
import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from conformance_tests.judging import SUITE_VERSION
from conformance_tests.judging.profiles import PACKAGES, id_of, module_of, profiles_of

__all__ = ["broken", "checks", "published", "write"]

ROOT = Path(__file__).parents[1]
FILE = ROOT / "baseline.json"


def checks(root: Path = ROOT) -> dict[str, str]:
    """A hash of each check: of its source as Python reads it, with its docstring and its cases."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).glob("test_*.py")):
            module = module_of(package, path.stem)
            if profiles_of(module):
                for name, source in sources(ast.parse(path.read_text("utf-8"))):
                    found[id_of(module, name)] = sha256(source.encode()).hexdigest()[:16]
    return found


def sources(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each test function, together with all that it uses of its module."""
    named = {name: node for node in tree.body for name in names_of(node)}
    for name, node in named.items():
        if name.startswith("test_"):
            used = closure(node, named)
            yield name, "\n".join(ast.unparse(node) for node in tree.body if node in used)


def closure(node: ast.stmt, named: dict[str, ast.stmt]) -> set[ast.stmt]:
    """The statements that this one depends on; a fixture is depended on by its name as argument."""
    used, waiting = set(), [node]
    while waiting:
        one = waiting.pop()
        if one not in used:
            used.add(one)
            inside = list(ast.walk(one))
            names = {n.id for n in inside if isinstance(n, ast.Name)}
            names |= {n.arg for n in inside if isinstance(n, ast.arg)}
            waiting += [named[name] for name in names if name in named]
    return used


def names_of(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def published(file: Path = FILE) -> tuple[str, dict[str, str]]:
    """The version that was frozen, and its checks; nothing where there is no such file yet."""
    if not file.exists():
        return SUITE_VERSION, {}
    frozen = json.loads(file.read_text("utf-8"))
    return frozen["suite_version"], frozen["checks"]


def broken(now: dict[str, str], frozen: dict[str, str]) -> list[str]:
    """What may not be in the same version: checks that are gone, and checks that ask otherwise."""
    gone = [f"{id} is gone" for id in frozen if id not in now]
    return gone + [f"{id} changed" for id in frozen if now.get(id, frozen[id]) != frozen[id]]


def write(file: Path = FILE) -> list[str]:
    """Freeze the checks as they are; what stands in the way, in which case nothing is written."""
    now = checks()
    version, frozen = published(file)
    faults = broken(now, frozen) if version == SUITE_VERSION else []
    if not faults:
        content = {"suite_version": SUITE_VERSION, "checks": dict(sorted(now.items()))}
        file.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return faults


if __name__ == "__main__":
    if faults := write():
        sys.exit("\n".join([*faults, f"SUITE_VERSION is still {SUITE_VERSION}."]))
    print(f"{len(checks())} checks of suite {SUITE_VERSION} in {FILE.name}")
