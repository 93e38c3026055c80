"""Imports the user's packages as real packages under names that nobody else has.

Every file is looked at when it is loaded, whichever import asks for it and when: what others than
the user could have written does not run. Bytecode is neither read, since its files are others,
nor written into the user's folder.
"""

import importlib.util
import itertools
import os
import re
import stat
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

__all__ = ["PRIVATE", "Refused", "checked", "loaded"]

PREFIX = "_mochi_tools_"
PRIVATE = re.compile(PREFIX + "[0-9]+")
"""The names of the packages, which mean nothing to their authors."""

_numbers = itertools.count(1)


class Refused(ImportError):
    """A file or folder whose code must not run, or that is no package of tools."""


def loaded(package: Path, folder: Path) -> ModuleType:
    """Import `package`, a folder with an `__init__.py`, within the folder of all tools.

    Raises whatever its code does. It cannot be found by its own name, so it hides no module of
    Python, and two packages with modules of the same names do not meet.
    """
    name = f"{PREFIX}{next(_numbers)}"
    finder = Finder(name, folder)
    sys.meta_path.insert(0, finder)
    try:
        init = str(package / "__init__.py")
        loader = CheckedLoader(name, init, folder)
        spec = ModuleSpec(name, loader, origin=init, is_package=True)
        spec.submodule_search_locations = [str(package)]
        spec.has_location = True
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader.exec_module(module)
    except BaseException:
        sys.meta_path.remove(finder)
        for each in [each for each in sys.modules if finder.covers(each) or each == name]:
            del sys.modules[each]
        raise
    return module


def checked(path: Path, folder: Path, status: os.stat_result | None = None) -> None:
    """`Refused` if others than the user may write to it, or a link leads out of the folder."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Refused(f"'{path.name}' is a link out of the folder of tools")
    status = status or path.stat()
    if os.name != "posix":  # elsewhere these bits say nothing
        return
    if status.st_uid not in (os.geteuid(), 0):
        raise Refused(f"'{path.name}' belongs to another user")
    if status.st_mode & stat.S_IWOTH:
        raise Refused(f"'{path.name}' can be written by every user")


class CheckedLoader(SourceFileLoader):
    """Loads one module from its source, and from nothing else."""

    def __init__(self, fullname: str, path: str, folder: Path) -> None:
        super().__init__(fullname, path)
        self._folder = folder

    def get_code(self, fullname: str) -> CodeType:
        path = Path(self.get_filename(fullname))
        checked(path.parent, self._folder)
        if not path.is_file():  # a pipe would never come to its end
            raise Refused(f"'{path.name}' is not a file")
        with path.open("rb") as file:
            checked(path, self._folder, os.fstat(file.fileno()))
            source = file.read()
        code: CodeType = self.source_to_code(source, str(path))
        return code


class Finder(MetaPathFinder):
    """Finds the modules within one package of the user's, for as long as the process lives: a
    function may well import when it is called."""

    def __init__(self, package: str, folder: Path) -> None:
        self._package = package
        self._folder = folder

    def covers(self, name: str) -> bool:
        return name.startswith(self._package + ".")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not self.covers(fullname):
            return None
        for entry in path or ():
            source = (self._loader, [".py"])
            spec = FileFinder(entry, source).find_spec(fullname)  # type: ignore[arg-type]
            if spec is not None:
                return spec
        # Returning here would let Python go on to look for bytecode and compiled modules.
        inner = fullname.removeprefix(self._package)
        raise ModuleNotFoundError(f"No module named '{inner}'", name=fullname)

    def _loader(self, fullname: str, path: str) -> CheckedLoader:
        return CheckedLoader(fullname, path, self._folder)
