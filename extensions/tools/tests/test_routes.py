"""`/api/v1/tools` over HTTP."""

from pathlib import Path

import pytest

from extensions.tests.serving import refusal, serving
from extensions.tools.routes import ToolsExtension
from extensions.tools.service import FolderTools
from extensions.tools.tests.packages import alive, eventually, package
from gateway.testing import ScriptedBackend

TOOLS = '''
    __sums__ = ["add"]

    def add(a: int, b: int = 2) -> int:
        """Add two numbers.

        Args:
            a: first
        """
        return a + b

    def silent():
        return 1
'''


async def test_tools_are_listed_described_and_reloaded(tmp_path: Path) -> None:
    package(tmp_path, "broken", "import nowhere_to_be_found")
    tools = FolderTools(package(tmp_path, "some", TOOLS))
    async with serving(ScriptedBackend(), ToolsExtension(tools)) as http:
        listed = (await http.get("/tools")).json()
        add = {
            "name": "add",
            "description": "Add two numbers.",
            "parameters": {
                "a": {"type": "integer", "description": "first"},
                "b": listed["tools"]["add"]["parameters"]["b"],
            },
            "required": ["a"],
        }
        assert listed["tools"] == {"add": add}
        assert listed["groups"] == {"sums": ["add"]}
        broken, silent = listed["rejected"]
        assert broken.keys() == {"name", "package", "reason"}
        assert (broken["name"], broken["package"]) == (None, "broken")
        assert "nowhere_to_be_found" in broken["reason"]
        assert (silent["name"], silent["package"]) == ("silent", "some")

        described = (await http.get("/tools/add")).json()
        schema = described.pop("schema")
        assert described == add
        assert (schema["type"], schema["required"]) == ("object", ["a"])
        assert schema["properties"].keys() == {"a", "b"}

        assert refusal(await http.get("/tools/silent")) == (
            404,
            "TOOL_NOT_FOUND",
            {"tool_name": "silent"},
        )

        package(tmp_path, "more", 'def sub(a: int) -> int:\n    "Take away."\n    return a\n')
        assert (await http.get("/tools")).json() == listed
        reloaded = await http.post("/tools/reload")
        assert (reloaded.status_code, reloaded.json()) == (
            200,
            {"success": True, "tools_count": 2, "message": "Found 2 tools, 2 left out."},
        )
        assert (await http.get("/tools")).json()["tools"].keys() == {"add", "sub"}
        host = tools._hosts._current
        assert host is not None
    assert eventually(lambda: not alive(host.pid))


async def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    tools = FolderTools(tmp_path / "tools")
    async with serving(ScriptedBackend(), ToolsExtension(tools)) as http:
        empty: dict[str, object] = {"tools": {}, "groups": {}, "rejected": []}
        assert (await http.get("/tools")).json() == empty
        reloaded = (await http.post("/tools/reload")).json()
        assert reloaded == {"success": True, "tools_count": 0, "message": "Found 0 tools."}
        assert (await http.get("/tools/add")).status_code == 404


async def test_a_process_that_cannot_be_started_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    tools = FolderTools(package(tmp_path, "some", TOOLS))
    async with serving(ScriptedBackend(), ToolsExtension(tools)) as http:
        for answer in (await http.get("/tools"), await http.post("/tools/reload")):
            assert refusal(answer) == (500, "TOOL_EXECUTION_FAILED", {})
