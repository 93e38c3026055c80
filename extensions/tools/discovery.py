"""Finds the user's tools: imports the packages in their folder and looks at what is in them.

Runs in the tool host alone, since importing is running. What foreign code raises on the way,
`SystemExit` included, costs its own package and nothing else.
"""

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from msgspec import Struct

from extensions.tools.catalogue import Catalogue, FoundTool, Rejected
from extensions.tools.loading import PRIVATE, Refused, checked, loaded
from extensions.tools.results import failure_text, type_name
from extensions.tools.schemas import found_tool
from extensions.tools.signature import NotATool

__all__ = ["ROOT", "Found", "scan"]

ROOT = "."
"""The package that the folder itself is, if it has an `__init__.py`."""

LONGEST_REASON = 500


class Found(Struct, frozen=True):
    """What can be offered, and the functions behind it by the same names."""

    catalogue: Catalogue
    functions: dict[str, Callable[..., Any]]


def scan(
    folder: Path,
    skip: Mapping[str, str],
    importing: Callable[[str], None],
    *,
    apart: bool = False,
) -> Found:
    """All tools of the folder; one that does not exist is empty.

    `skip` has the names of packages to leave out, and why. `importing` is told the name of each
    package before its code runs. Packages that stand `apart` do not clash, and the folder itself
    is none; their tools are listed as `package/name`.
    """
    search = Search(apart=apart)
    try:
        packages = [each for each in packages_of(folder) if not (apart and each[0] == ROOT)]
    except (OSError, Refused) as error:
        search.reject(None, ROOT, reason_of(error))
        packages = []
    for name, path in packages:
        if name in skip:
            search.reject(None, name, skip[name])
        else:
            importing(name)
            search.look_into(path, folder, name)
    return search.found()


def packages_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """The names and paths of the folder itself and the packages in it, in their order."""
    if not folder.exists():
        return
    checked(folder, folder)
    paths = sorted(path for path in folder.iterdir() if path.name[0] not in "._")
    for path in [folder, *paths]:
        if is_package(path):
            name = ROOT if path is folder else path.name
            yield os.fsencode(name).decode("utf-8", "replace"), path


def is_package(path: Path) -> bool:
    """Whether it is meant as one; what is wrong with it shows when it is imported."""
    try:
        (path / "__init__.py").lstat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


class Search:
    """What was found so far."""

    def __init__(self, *, apart: bool) -> None:
        self._apart = apart
        self._tools: dict[str, FoundTool] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        self._groups: dict[str, list[str]] = {}
        self._rejected: list[Rejected] = []

    def reject(self, name: str | None, package: str, reason: str) -> None:
        said = PRIVATE.sub(lambda _: package, printable(reason))[:LONGEST_REASON]
        self._rejected.append(Rejected(name and printable(name), package, said))

    def look_into(self, path: Path, folder: Path, package: str) -> None:
        """Import a package, and take its tools and groups."""
        try:
            module = loaded(path, folder)
            names, groups = offered(module), groups_of(module)
        except BaseException as error:
            self.reject(None, package, reason_of(error))
            return
        for name in names:
            self._consider(name, vars(module).get(name), package)
        for group, members in groups:
            self._groups.setdefault(group, []).extend(members)

    def found(self) -> Found:
        groups = {
            group: tuple(name for name in dict.fromkeys(members) if name in self._tools)
            for group, members in self._groups.items()
        }
        offered = {group: members for group, members in groups.items() if members}
        return Found(Catalogue(self._tools, offered, tuple(self._rejected)), self._functions)

    def _consider(self, name: str, value: Any, package: str) -> None:
        listed = f"{package}/{name}" if self._apart else name
        try:
            if listed in self._tools:
                other = self._tools[listed].package
                raise NotATool(f"package '{other}' has a tool of this name, and was found first")
            self._tools[listed] = found_tool(function_in(value), name=name, package=package)
            self._functions[listed] = value
        except BaseException as error:
            self.reject(name, package, reason_of(error))


def reason_of(error: BaseException) -> str:
    """Foreign errors with their class: they were not written to be read alone."""
    said = failure_text(error)
    if isinstance(error, NotATool | Refused) or said.startswith(type_name(error)):
        return said
    return f"{type_name(error)}: {said}"


def offered(module: ModuleType) -> list[str]:
    """The names in `__all__`, or those of the public functions that the module itself defines."""
    names = vars(module).get("__all__")
    if names is None:
        return [name for name, value in vars(module).items() if defined(name, value, module)]
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise Refused("its __all__ is not a list of names")
    return list(dict.fromkeys(names))


def defined(name: str, value: Any, module: ModuleType) -> bool:
    return (
        not name.startswith("_")
        and callable(value)
        and inspect.isfunction(inspect.unwrap(value))
        and value.__module__ == module.__name__
    )


def function_in(value: Any) -> Callable[..., Any]:
    """The value if a model can be offered it."""
    if value is None:
        raise NotATool("the package has nothing of this name")
    if inspect.isclass(value) or not callable(value):
        raise NotATool("it is not a function")
    if inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
        raise NotATool("it yields: a tool returns its result")
    text = value.__doc__
    inherited = isinstance(value, functools.partial) and text == functools.partial.__doc__
    if not isinstance(text, str) or not text.strip() or inherited:
        raise NotATool("it has no docstring")
    return value  # type: ignore[no-any-return]


def groups_of(module: ModuleType) -> list[tuple[str, list[str]]]:
    """Variables such as `__math__ = ["add", "sub"]`. Python's own have no names of tools."""
    found = []
    for name, value in vars(module).items():
        group = name.strip("_")
        dunder = name.startswith("__") and name.endswith("__") and group
        if not dunder or name in ("__all__", "__path__") or not isinstance(value, list):
            continue
        if all(isinstance(each, str) for each in value):
            found.append((group, value))
    return found


def printable(text: str) -> str:
    """On one line, and without what would change how a terminal shows it."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() else " " for c in text)
