"""What counts as a change of a check."""

import json
from pathlib import Path

import pytest

from conformance_tests.judging import SUITE_VERSION
from conformance_tests.judging.baseline import broken, checks, published, write

CHECK = '''"""Models."""
import pytest
NAMES = ["a", "b"]
OTHER = 1
@pytest.fixture
def there(server): return server.get("/models")
def named(answer): return answer.json["data"]
@pytest.mark.parametrize("name", NAMES)
def test_a_name(there, name):
    """It is there."""
    assert name in named(there)
def test_other():
    """It rests on one."""
    assert OTHER
'''


def hashed(folder: Path, source: str) -> dict[str, str]:
    (folder / "openai").mkdir(exist_ok=True)
    (folder / "openai" / "test_models.py").write_text(source, "utf-8")
    return checks(folder)


def test_each_test_function_is_a_check(tmp_path: Path) -> None:
    assert hashed(tmp_path, CHECK).keys() == {"openai/models::a_name", "openai/models::other"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["a", "b"]', '["a"]'),
        ('"/models"', '"/model"'),
        ('["data"]', '["date"]'),
        ("It is there", "It is here"),
        ("assert name in", "assert name not in"),
    ],
    ids=["a case", "a fixture", "a helper", "the fact", "what it asserts"],
)
def test_a_change_is_noticed_where_it_matters(tmp_path: Path, old: str, new: str) -> None:
    before, after = hashed(tmp_path, CHECK), hashed(tmp_path, CHECK.replace(old, new))
    assert broken(after, before) == ["openai/models::a_name changed"]


def test_layout_and_comments_are_no_change(tmp_path: Path) -> None:
    moved = "# why\n" + CHECK.replace('"a", "b"', '\n  "a",  # one\n  "b",\n')
    assert hashed(tmp_path, moved) == hashed(tmp_path, CHECK)


def test_what_is_gone_is_told(tmp_path: Path) -> None:
    before = hashed(tmp_path, CHECK)
    after = hashed(tmp_path, CHECK.partition("def test_other")[0])
    assert broken(after, before) == ["openai/models::other is gone"]
    assert broken(before, after) == []


@pytest.mark.parametrize("version", [SUITE_VERSION, "0"])
def test_what_changed_is_written_under_another_version_alone(tmp_path: Path, version: str) -> None:
    file = tmp_path / "baseline.json"
    assert write(file) == []
    assert published(file) == (SUITE_VERSION, checks())
    now = next(iter(checks()))
    changed = json.dumps({"suite_version": version, "checks": {now: "0", "openai/chat::x": "0"}})
    file.write_text(changed, "utf-8")
    if version == SUITE_VERSION:
        assert write(file) == ["openai/chat::x is gone", f"{now} changed"]
        assert file.read_text("utf-8") == changed
    else:
        assert write(file) == []
        assert published(file) == (SUITE_VERSION, checks())
