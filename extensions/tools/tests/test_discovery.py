import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from extensions.tools.catalogue import Rejected
from extensions.tools.discovery import Found, scan
from extensions.tools.loading import PRIVATE, Refused, checked

TOOL = 'def {0}(a: int) -> int:\n    """Do {0}."""\n    return a\n'
POSIX = pytest.mark.skipif(os.name != "posix", reason="there are no such bits")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tools"
    made.mkdir(mode=0o755)
    return made


def package(folder: Path, *texts: str) -> None:
    """Write `__init__.py`: a text with a blank is code, another the name of a tool."""
    folder.mkdir(exist_ok=True)
    code = [text if " " in text else TOOL.format(text) for text in texts]
    (folder / "__init__.py").write_text("\n".join(code), "utf-8")


def found_in(folder: Path, **skip: str) -> Found:
    return scan(folder, skip, lambda package: None)


def reasons(found: Found) -> dict[tuple[str | None, str], str]:
    return {(each.name, each.package): each.reason for each in found.catalogue.rejected}


def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert found_in(tmp_path / "none") == Found(found_in(tmp_path).catalogue, {})


def test_a_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools").write_text("")

    assert "Not a directory" in reasons(found_in(tmp_path / "tools"))[None, "."]


def test_both_layouts_at_once(folder: Path) -> None:
    package(folder, "zero", "from .near import one", '__all__ = ["zero", "one"]')
    (folder / "near.py").write_text(TOOL.format("one") + TOOL.format("not_named"))
    package(folder / "b", "three")
    package(folder / "a", "two")
    (folder / "loose.py").write_text(TOOL.format("loose"))
    (folder / "no_package").mkdir()
    package(folder / "_private", "hidden")
    package(folder / ".git", "hidden")
    told: list[str] = []

    found = scan(folder, {}, told.append)

    assert told == [".", "a", "b"]
    tools = found.catalogue.tools.values()
    assert [(tool.name, tool.package) for tool in tools] == [
        ("zero", "."),
        ("one", "."),
        ("two", "a"),
        ("three", "b"),
    ]
    assert list(found.functions) == ["zero", "one", "two", "three"]
    assert found.functions["two"](a=5) == 5
    assert found.catalogue.rejected == ()


def test_a_package_is_told_before_its_code_runs(folder: Path, tmp_path: Path) -> None:
    package(folder / "a", f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    ran: list[bool] = []

    scan(folder, {}, lambda name: ran.append((tmp_path / "ran").exists()))

    assert ran == [False]
    assert (tmp_path / "ran").exists()


def test_who_is_told_may_fail(folder: Path) -> None:
    package(folder / "a", "one")

    def gone(name: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        scan(folder, {}, gone)


def test_a_skipped_package_is_never_imported(folder: Path) -> None:
    package(folder / "a", "raise SystemExit")
    package(folder / "b", "one")

    found = found_in(folder, a="it hung")

    assert found.catalogue.rejected == (Rejected(None, "a", "it hung"),)
    assert list(found.functions) == ["one"]


def test_without_all_the_public_functions_of_the_module_itself(folder: Path) -> None:
    code = "from os.path import join\nimport functools\nfrom .near import other\nnumber = 1\n"
    cached = "@functools.lru_cache\n" + TOOL.format("cached")
    silent = "def silent(a: int): pass"
    package(folder / "a", code, cached, "one", silent, TOOL.format("_hidden"), "class Thing: pass")
    (folder / "a" / "near.py").write_text(TOOL.format("other"))

    found = found_in(folder)

    assert list(found.functions) == ["cached", "one"]
    assert reasons(found) == {("silent", "a"): "it has no docstring"}


def test_what_cannot_be_offered_is_listed_with_the_reason(folder: Path) -> None:
    package(
        folder / "a",
        "import functools, json\nnumber = 5",
        'class Thing:\n    """Do."""',
        "def silent(a): pass",
        'def blank(a):\n    """  """',
        'def many(*args):\n    """Do."""',
        'def yields(a):\n    """Do."""\n    yield a',
        'async def yields_later(a):\n    """Do."""\n    yield a',
        "half = functools.partial(silent, 1)",
        'def wrong(a: "Nothing"):\n    """Do."""',
        'class Bad:\n    "Do."\n    __call__ = len\n    @property\n    def __doc__(self): raise SystemExit(4)\nbad = Bad()',
        '__all__ = ["number", "Thing", "silent", "blank", "many", "yields", "yields_later", "half", "wrong", "bad", "json", "missing", "\\ud800", "fine", "fine"]',
        "fine",
    )

    found = found_in(folder)

    assert list(found.functions) == ["fine"]
    assert {name: reason for (name, _), reason in reasons(found).items()} == {
        "number": "it is not a function",
        "Thing": "it is not a function",
        "silent": "it has no docstring",
        "blank": "it has no docstring",
        "many": "parameter 'args': a call names all its arguments",
        "yields": "it yields: a tool returns its result",
        "yields_later": "it yields: a tool returns its result",
        "half": "it has no docstring",
        "wrong": "an annotation has no meaning: name 'Nothing' is not defined",
        "bad": "SystemExit: 4",
        "json": "it is not a function",
        "missing": "the package has nothing of this name",
        "?": "the package has nothing of this name",
    }


def test_the_first_of_two_tools_of_a_name_wins(folder: Path) -> None:
    package(folder / "b", "one", "two")
    package(folder / "a", "one", "def two(a: int): pass")

    found = found_in(folder)

    assert {tool.name: tool.package for tool in found.catalogue.tools.values()} == {
        "one": "a",
        "two": "b",
    }
    assert reasons(found) == {
        ("two", "a"): "it has no docstring",
        ("one", "b"): "package 'a' has a tool of this name, and was found first",
    }


@pytest.mark.parametrize("names", ["'one'", "5", "['one', 5]", "{'one': 1}"])
def test_an_all_that_is_no_list_of_names_refuses_the_package(folder: Path, names: str) -> None:
    package(folder / "a", "one", f"__all__ = {names}")

    assert reasons(found_in(folder)) == {(None, "a"): "its __all__ is not a list of names"}


def test_groups_are_joined_and_know_only_tools(folder: Path) -> None:
    package(
        folder,
        "one",
        '__math__ = ["one", "two", "one", "none"]',
        '__empty__ = ["none"]',
        "__mixed__ = ['one', 5]",
        "__text__ = 'one'",
        "____ = ['one']",
        "_half__ = ['one']",
        '__all__ = ["one"]',
        '__all_my_tools__ = ["one"]',
    )
    package(folder / "a", "two", "three", '__math__ = ["three"]\n__more__ = ["three", "two"]')

    assert found_in(folder).catalogue.groups == {
        "math": ("one", "two", "three"),
        "all_my_tools": ("one",),
        "more": ("three", "two"),
    }


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def (", "SyntaxError: invalid syntax (__init__.py, line 1)"),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("from .none import x", "ModuleNotFoundError: No module named '.none'"),
        ("from . import none", "ImportError: cannot import name 'none' from 'a' ("),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise ValueError", "ValueError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("exit ()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit('x')", "GeneratorExit: x"),
        ("class E(BaseException):\n    def __str__(self): raise self\nraise E", "E"),
        ("def f(): f()\nf ()", "RecursionError: maximum recursion depth exceeded"),
        ("raise ValueError('x' * 10_000_000)", "ValueError: xxx"),
        ("raise ValueError('\\ud800 half')", "ValueError: ? half"),
        ("class M(type):\n    def __getattribute__(*a): raise SystemExit\nclass T(metaclass=M): pass\n__all__ = [T]", "SystemExit"),
    ],
)  # fmt: skip
def test_an_import_that_fails_costs_only_its_package(folder: Path, code: str, reason: str) -> None:
    package(folder / "a", code)
    package(folder / "b", "one")

    found = found_in(folder)

    assert list(found.functions) == ["one"]
    assert list(reasons(found)) == [(None, "a")]
    said = reasons(found)[None, "a"]
    assert said.startswith(reason)
    assert len(said) <= 500


@pytest.mark.parametrize("source", [b"x = '\xff'", b"x = '\0'", b"# coding: nothing\n"])
def test_a_file_that_is_no_source_costs_only_its_package(folder: Path, source: bytes) -> None:
    package(folder / "a", "one")
    (folder / "a" / "__init__.py").write_bytes(source)

    assert list(reasons(found_in(folder))) == [(None, "a")]


def test_a_failed_package_leaves_nothing_behind(folder: Path) -> None:
    package(folder / "a", "from . import near\n1 / 0")
    (folder / "a" / "near.py").write_text("")
    before = set(sys.modules), list(sys.meta_path)

    found_in(folder)

    assert (set(sys.modules), list(sys.meta_path)) == before


def test_packages_with_the_same_modules_do_not_meet(folder: Path) -> None:
    for name in ("a", "b"):
        tool = f'def {name}() -> str:\n    """Do."""\n    from .late import LATE\n    return NEAR + LATE'
        package(folder / name, "from .near.deep import NEAR", tool)
        package(folder / name / "near", "from . import deep")
        (folder / name / "near" / "deep.py").write_text(f"NEAR = 'near {name}'")
        (folder / name / "late.py").write_text(f"LATE = ', late {name}'")

    found = found_in(folder)

    assert found.functions["a"]() == "near a, late a"
    assert found.functions["b"]() == "near b, late b"


def test_a_package_hides_no_module_of_python(folder: Path) -> None:
    package(
        folder / "json", "import json\nfrom json import dumps\nassert json.loads('1') == 1", "one"
    )
    package(
        folder / "msgspec", "import json, msgspec\nassert msgspec.json.encode(1) == b'1'", "two"
    )
    (folder / "json" / "decoder.py").write_text("raise SystemExit")

    found = found_in(folder)

    assert found.catalogue.rejected == ()
    assert PRIVATE.fullmatch(found.functions["one"].__module__)
    assert str(folder) not in sys.path


def test_another_scan_sees_what_changed(folder: Path) -> None:
    package(folder / "a", "from .near import N", "def one() -> int:\n    '''Do.'''\n    return N")
    (folder / "a" / "near.py").write_text("N = 1")
    first = found_in(folder)
    (folder / "a" / "near.py").write_text("N = 2")

    assert found_in(folder).functions["one"]() == 2
    assert first.functions["one"]() == 1


def test_classes_of_a_package_find_their_module(folder: Path) -> None:
    code = "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass Own:\n    n: list[int]\n"
    package(folder / "a", code, 'def one(own: Own) -> None:\n    """Do."""')

    tool = found_in(folder).catalogue.tools["one"]

    assert tool.parameters["own"]["properties"] == {
        "n": {"type": "array", "items": {"type": "integer"}}
    }


def test_names_that_are_no_python_names(folder: Path) -> None:
    package(folder / "my-tools v1.2", "from .near import N", "one")
    (folder / "my-tools v1.2" / "near.py").write_text("N = 1")

    assert found_in(folder).catalogue.tools["one"].package == "my-tools v1.2"


@POSIX
def test_a_name_that_is_no_text(folder: Path) -> None:
    try:
        package(folder / os.fsdecode(b"a\xff"), "one")
    except OSError:
        pytest.skip("the file system has text alone")
    told: list[str] = []

    assert list(scan(folder, {}, told.append).functions) == ["one"]
    assert told == ["a?"] or told == ["a\ufffd"]


def test_bytecode_is_neither_written_nor_read(folder: Path) -> None:
    package(folder / "a", "from . import near", "one")
    (folder / "a" / "near.py").write_text("")
    package(folder / "b", "from . import compiled")
    (folder / "b" / "compiled.pyc").write_bytes(b"")

    found = found_in(folder)

    assert list(found.functions) == ["one"]
    assert list(folder.rglob("__pycache__")) == []
    assert reasons(found)[None, "b"].startswith("ImportError: cannot import name 'compiled'")


@POSIX
@pytest.mark.parametrize("path", ["a", "a/__init__.py", "a/near.py", "a/deep", "a/deep/more.py"])
def test_what_everybody_can_write_is_not_run(folder: Path, path: str) -> None:
    package(folder / "a", "from . import near\nfrom .deep import more", "one")
    (folder / "a" / "near.py").write_text("")
    package(folder / "a" / "deep", "n = 1")
    (folder / "a" / "deep" / "more.py").write_text("")
    package(folder / "b", "two")
    (folder / path).chmod(0o777)

    found = found_in(folder)

    name = path.rpartition("/")[2]
    assert reasons(found) == {(None, "a"): f"'{name}' can be written by every user"}
    assert list(found.functions) == ["two"]


@POSIX
def test_a_folder_that_everybody_can_write_has_no_tools(folder: Path) -> None:
    package(folder / "a", "one")
    folder.chmod(0o777)

    assert reasons(found_in(folder)) == {(None, "."): "'tools' can be written by every user"}


@POSIX
def test_a_module_is_looked_at_when_it_is_imported_late(folder: Path) -> None:
    package(folder / "a", 'def one() -> None:\n    """Do."""\n    from . import near')
    (folder / "a" / "near.py").write_text("")
    (folder / "a" / "near.py").chmod(0o666)

    with pytest.raises(Refused, match=r"'near\.py' can be written by every user"):
        found_in(folder).functions["one"]()


@POSIX
@pytest.mark.parametrize(("owner", "refused"), [(0, False), (None, False), (4321, True)])
def test_only_the_user_and_root_are_trusted(folder: Path, owner: int | None, refused: bool) -> None:
    status = list(folder.stat())
    status[4] = os.geteuid() if owner is None else owner

    def look() -> None:
        checked(folder, folder, os.stat_result(status))

    if refused:
        with pytest.raises(Refused, match="'tools' belongs to another user"):
            look()
    else:
        look()


def linked(link: Path, target: Path) -> None:
    link.symlink_to(target, target_is_directory=target.is_dir())


def outside_package(folder: Path, outside: Path) -> None:
    linked(folder / "a", outside)


def outside_init(folder: Path, outside: Path) -> None:
    (folder / "a").mkdir()
    linked(folder / "a" / "__init__.py", outside / "__init__.py")


def outside_module(folder: Path, outside: Path) -> None:
    package(folder / "a", "from . import near")
    linked(folder / "a" / "near.py", outside / "__init__.py")


@POSIX
@pytest.mark.parametrize("link", [outside_package, outside_init, outside_module])
def test_a_link_out_of_the_folder_is_not_followed(
    folder: Path, tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    package(tmp_path / "outside", "raise SystemExit")
    link(folder, tmp_path / "outside")

    said = reasons(found_in(folder))[None, "a"]

    assert said.endswith("is a link out of the folder of tools")


@POSIX
def test_links_within_the_folder_and_to_it_are_fine(folder: Path, tmp_path: Path) -> None:
    package(folder / "_shared", "one")
    linked(folder / "a", folder / "_shared")
    linked(tmp_path / "link", folder)
    linked(folder / "round", folder / "round")

    assert list(found_in(tmp_path / "link").functions) == ["one"]


@POSIX
def test_a_pipe_is_no_module(folder: Path) -> None:
    (folder / "a").mkdir()
    os.mkfifo(folder / "a" / "__init__.py")

    assert reasons(found_in(folder)) == {(None, "a"): "'__init__.py' is not a file"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_package_that_cannot_be_read_is_named(folder: Path) -> None:
    package(folder / "a", "one")
    (folder / "a").chmod(0)
    try:
        assert reasons(found_in(folder))[None, "a"].startswith("PermissionError")
    finally:
        (folder / "a").chmod(0o700)
