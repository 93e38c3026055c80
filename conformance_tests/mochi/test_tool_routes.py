"""The folder of tools: both layouts, groups, what is refused and why, and reloading."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.mochi.caller import Caller, call, script
from conformance_tests.mochi.sessions import refusal
from conformance_tests.mochi.toolboxes import (
    BENCH,
    UNASKED,
    Toolbox,
    events_in,
    named,
    put_package,
    soon,
    toolbox,
)

ROOT = '''
"""Tools in the folder itself, as mochi-coco has them."""

from .helpers import loud

__all__ = ["shout", "add"]
__voices__ = ["shout"]
__everything__ = ["shout", "add"]


def shout(text: str) -> str:
    """Say it loudly."""
    return loud(text)


def add(a: int, b: int) -> str:
    """Add, in the folder itself."""
    return "of the root"
'''
ODD = '''
from __future__ import annotations

from os.path import join
from typing import Literal

__voices__ = ["whisper", "nobody"]
__nothing__ = ["nobody"]


class Thing:
    """No function."""


def whisper(text: str, times: int = 1, tone: Literal["low", "high"] | None = None) -> str:
    """Say it softly.

    More than once, if need be.

    Args:
        text: What to say.
        times: How often.

    Returns:
        What was said.
    """
    return text.lower() * times


def many(names: list[str], deep: dict[str, int] | None = None) -> str:
    """Take a list."""
    return ",".join(names)


def untold(text):
    return text


def _private(text: str) -> str:
    """Not offered."""
    return text
'''


@pytest.fixture(scope="module")
def box(caller: Caller, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toolbox]:
    tools = tmp_path_factory.mktemp("layouts")
    put_package(tools, "", ROOT)
    (tools / "helpers.py").write_text("def loud(text):\n    return text.upper()\n")
    (tools / "loose.py").write_text("raise SystemExit(9)\n")
    put_package(tools, "bench", BENCH)
    put_package(tools, "odd", ODD)
    put_package(tools, "_hidden", BENCH.replace("add", "hidden"))
    put_package(tools, ".dotted", BENCH.replace("add", "dotted"))
    (tools / "empty").mkdir()
    put_package(tools, "x_syntax", "def (\n")
    put_package(tools, "x_missing", "import there_is_no_such_module\n")
    put_package(tools, "x_exit", "raise SystemExit(3)\n")
    put_package(tools, "x_interrupt", "raise KeyboardInterrupt\n")
    put_package(tools, "x_leave", "import os\nos._exit(3)\n")
    put_package(tools, "x_prints", "import os\nprint('{}')\nos.write(1, b'{\\n')\n")
    with toolbox(caller, tools) as box:
        yield box


def rejected(box: Toolbox) -> dict[tuple[str, str | None], str]:
    """Package and name of what is not offered, with the reason."""
    found = box.listing()["rejected"]
    assert all(list(one) == ["name", "package", "reason"] for one in found)
    assert all(one["reason"] for one in found)
    return {(one["package"], one["name"]): one["reason"] for one in found}


def test_the_list(box: Toolbox) -> None:
    """Root first, then the packages by name; the first of two equal names wins."""
    listing = box.listing()
    assert list(listing) == ["tools", "groups", "rejected"]
    names = list(listing["tools"])
    assert names[:2] == ["shout", "add"]
    assert {"block", "crash", "div", "nap", "whisper", "many"} < set(names)
    assert not {"hidden", "dotted", "untold", "_private", "join", "Thing", "loud"} & set(names)
    for name, tool in listing["tools"].items():
        assert list(tool) == ["name", "description", "parameters", "required"]
        assert tool["name"] == name
    assert listing["tools"]["add"]["description"] == "Add, in the folder itself."
    assert listing["groups"]["math"] == ["add", "div"]
    assert listing["groups"]["voices"] == ["shout", "whisper"]
    assert listing["groups"]["everything"] == ["shout", "add"]
    assert not {"nothing", "all", "path"} & listing["groups"].keys()


def test_what_is_refused(box: Toolbox) -> None:
    """With the reason, and at no cost to the rest."""
    reasons = rejected(box)
    broken = {"x_syntax", "x_missing", "x_exit", "x_interrupt", "x_leave"}
    assert {package for package, name in reasons if name is None} == broken
    assert "there_is_no_such_module" in reasons["x_missing", None]
    assert "docstring" in reasons["odd", "untold"]
    assert ("bench", "add") in reasons
    assert box.listing()["tools"]["add"]["description"] == "Add, in the folder itself."


def test_a_tool(box: Toolbox) -> None:
    """Its parameters flat, and the schema exactly as models get it."""
    answer = box.http.get("/tools/whisper")
    assert answer.status == 200
    tool = answer.json
    assert list(tool) == ["name", "description", "parameters", "required", "schema"]
    assert tool["description"].startswith("Say it softly.")
    assert "Args:" not in tool["description"]
    assert "Returns:" not in tool["description"]
    assert tool["required"] == ["text"]
    assert tool["parameters"]["text"] == {"type": "string", "description": "What to say."}
    assert tool["parameters"]["times"]["type"] == "integer"
    assert tool["parameters"]["tone"]["enum"] == ["low", "high"]
    listed: Any = box.listing()["tools"]["whisper"]
    assert {key: tool[key] for key in listed} == listed
    message = "Whisper."
    assert box.say(box.with_tools("whisper", "many"), message).status == 200
    whisper, many = [one["function"] for one in box.caller.about(message)[0]["tools"]]
    assert (whisper["name"], whisper["description"]) == ("whisper", tool["description"])
    assert whisper["parameters"] == tool["schema"]
    assert many["parameters"]["properties"]["names"]["items"] == {"type": "string"}
    assert many["parameters"]["required"] == ["names"]


@pytest.mark.parametrize("name", ["nobody", "untold", "_private", "hidden", "%2e%2e", "a%00b"])
def test_a_tool_that_there_is_not(box: Toolbox, name: str) -> None:
    assert refusal(box.http.get(f"/tools/{name}"))[0] == 404


def test_tools_of_both_layouts_run(box: Toolbox) -> None:
    id = box.with_tools("shout", "add", "whisper", "many", **UNASKED)
    calls = [
        call("shout", text="ab"),
        call("add", a=1, b=2),
        call("whisper", text="AB", times="2"),
        call("many", names=["a", "b"]),
    ]
    assert box.say(id, script(calls)).status == 200
    told = [text for _, text in box.tool_messages(id)]
    assert told == ["AB", "of the root", "abab", "a,b"]


def test_no_folder(caller: Caller, tmp_path: Path) -> None:
    """Is an empty one, and is not made."""
    nowhere = tmp_path / "nowhere"
    with toolbox(caller, nowhere) as box:
        assert box.listing() == {"tools": {}, "groups": {}, "rejected": []}
        assert box.reload().json["tools_count"] == 0
        assert refusal(box.http.get("/tools/add")) == (404, "TOOL_NOT_FOUND")
        id = box.with_tools("add")
        assert box.say(id, script([call("add", a=1)])).status == 200
        assert box.tool_messages(id) == [("add", "Error: Tool 'add' not found")]
    assert not nowhere.exists()


@pytest.fixture
def own(caller: Caller, tmp_path: Path) -> Iterator[Toolbox]:
    """A folder of tools that the test may change."""
    put_package(tmp_path, "bench", BENCH)
    with toolbox(caller, tmp_path) as box:
        yield box


WORD = '''
__all__ = ["word"]


def word() -> str:
    """Say a word."""
    return "{}"
'''


def test_reload(own: Toolbox) -> None:
    """Nothing changes before; afterwards what is new is there, what is gone is not, and the code is
    the new one, modules of the package included."""
    before = own.listing()
    package = put_package(own.tools, "words", WORD.format("first"))
    assert own.listing() == before
    answer = own.reload().json
    assert list(answer) == ["success", "tools_count", "message"]
    assert (answer["success"], answer["tools_count"]) == (True, len(before["tools"]) + 1)
    id = own.with_tools("word", **UNASKED)
    own.say(id, script([call("word")]))
    put_package(own.tools, "words", "from .other import word\n__all__ = ['word']\n")
    (package / "other.py").write_text(WORD.format("second"))
    own.say(id, script([call("word")]))
    own.reload()
    own.say(id, script([call("word")]))
    (package / "other.py").write_text(WORD.format("third!"))
    own.reload()
    own.say(id, script([call("word")]))
    assert [text for _, text in own.tool_messages(id)] == ["first", "first", "second", "third!"]
    (package / "__init__.py").unlink()
    own.reload()
    own.say(id, script([call("word")]))
    assert own.tool_messages(id)[-1][1] == "Error: Tool 'word' not found"


def test_reload_while_a_tool_runs(own: Toolbox) -> None:
    """What runs comes to its end with the old code, also if its package is gone by then."""
    id, other = own.with_tools("nap", **UNASKED), own.with_tools("add", **UNASKED)
    with own.watch(id, script([call("nap", seconds=1.5, mark="reloaded")])) as live:
        events = events_in(live)
        assert next(events).name == "tool_call"
        (own.tools / "bench" / "__init__.py").rename(own.tools / "bench" / "kept.py")
        assert own.reload().json["tools_count"] == 0
        (own.tools / "bench" / "kept.py").rename(own.tools / "bench" / "__init__.py")
        own.reload()
        assert own.say(other, script([call("add", a=1)])).status == 200
        assert own.runs() == []
        (result,) = named(list(events), "tool_result")
    assert (result["success"], result["result"]) == (True, "rested")
    assert own.tool_messages(other) == [("add", "2")]


def test_many_reload_at_once(own: Toolbox) -> None:
    """And call meanwhile: everybody gets an answer in order."""
    ids = [own.with_tools("add", **UNASKED) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        reloads = [pool.submit(own.reload) for _ in range(4)]
        turns = [pool.submit(own.say, id, script([call("add", a=1)])) for id in ids]
        assert {one.result().json["tools_count"] for one in reloads} == {8}
        assert {one.result().status for one in turns} == {200}
    for id in ids:
        assert own.tool_messages(id) == [("add", "2")]


@pytest.mark.soak
def test_an_import_that_hangs(own: Toolbox) -> None:
    """Costs its own package after a minute; until then the tools are those of before, and work."""
    own.http.timeout = 90
    id, other = own.with_tools("word", "add", **UNASKED), own.with_tools("add", **UNASKED)
    before = own.listing()
    put_package(own.tools, "a_hangs", "import time\ntime.sleep(600)\n")
    put_package(own.tools, "z_words", WORD.format("here"))
    with ThreadPoolExecutor(1) as pool:
        reloading = pool.submit(own.reload)
        while not reloading.done():
            asked = time.monotonic()
            assert own.http.get("/health").status == 200
            assert own.listing() == before or reloading.done()
            assert own.say(other, script([call("add", a=1)])).status == 200
            assert time.monotonic() - asked < 1
            time.sleep(1)
        assert reloading.result().status == 200
    assert {text for _, text in own.tool_messages(other)} == {"2"}
    assert ("a_hangs", None) in rejected(own)
    assert {"word", "add"} < own.listing()["tools"].keys()
    own.say(id, script([call("word"), call("add", a=1)]))
    assert [text for _, text in own.tool_messages(id)] == ["here", "2"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_what_others_may_write_is_not_run(own: Toolbox) -> None:
    """Otherwise every user of the machine could run code as this one."""
    for name, place in (("a_file", "__init__.py"), ("b_folder", "")):
        package = put_package(own.tools, name, f"open({str(own.data / name)!r}, 'w')\n")
        (package / place).chmod(0o777)
    own.reload()
    assert {("a_file", None), ("b_folder", None)} <= rejected(own).keys()
    own.tools.chmod(0o777)
    try:
        own.reload()
        assert own.listing()["tools"] == {}
        assert rejected(own)
    finally:
        own.tools.chmod(0o700)
    own.reload()
    assert "add" in own.listing()["tools"]
    assert not (own.data / "a_file").exists()
    assert not (own.data / "b_folder").exists()


def test_no_code_through_the_api(own: Toolbox) -> None:
    """LiteLLM CVE-2026-40217: no route takes code, a module or a path; and a page of somebody else
    cannot have the tools imported again."""
    before = own.listing()
    for method, path in (("POST", "/tools"), ("PUT", "/tools/add"), ("DELETE", "/tools/add")):
        assert refusal(own.http.request(method, path, {"code": "1"}))[0] in (404, 405)
    assert own.http.get("/tools/reload").status in (404, 405)
    headers: dict[str, str | None] = {"Origin": "https://evil.example"}
    assert refusal(own.http.request("POST", "/tools/reload", None, headers))[0] == 403
    assert own.listing() == before


def test_a_broken_folder_is_seen_and_repaired(own: Toolbox) -> None:
    """All packages broken at once, then put right: a reload is enough."""
    source = (own.tools / "bench" / "__init__.py").read_text("utf-8")
    put_package(own.tools, "bench", "import os\nos._exit(1)\n")
    own.reload()
    assert own.listing()["tools"] == {}
    assert ("bench", None) in rejected(own)
    put_package(own.tools, "bench", source)
    own.reload()
    assert soon(lambda: "add" in own.listing()["tools"])
