"""Which checks fail at a server, as a run of pytest within this process."""

import io
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

__all__ = ["failing", "place_of"]

HERE = Path(__file__).parents[2]
MODELS = {
    "model": "demo",
    "tools-model": "demo-tools",
    "thinking-model": "demo-thinking",
    "vision-model": "demo-vision",
    "embedding-model": "demo-embed",
    "insert-model": "demo-insert",
    "failing-model": "demo-broken-engine-dies",
}
PATIENCE = 4
"""Seconds; a stream that is left open costs as much."""


class Verdicts:
    """A plugin that notes what fails, with the reason."""

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}
        self.ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.ran += report.when == "call"
        if report.failed:
            self.failed.setdefault(check_of(report.nodeid), str(report.longrepr))


def check_of(nodeid: str) -> str:
    """`openai/stream::test_the_end_is_done`, as `rows` has it, of any of its cases."""
    path, _, function = nodeid.partition("::")
    folder, file = Path(path).parts[-2:]
    return f"{folder}/{file.removeprefix('test_').removesuffix('.py')}::{function.split('[')[0]}"


def place_of(check: str) -> str:
    """Where pytest finds a check, or a folder of them."""
    folder, _, rest = check.partition("/")
    module, _, function = rest.partition("::")
    return f"{HERE / folder / f'test_{module}.py'}::{function}" if rest else str(HERE / folder)


def failing(base_url: str, checks: Iterable[str]) -> dict[str, str]:
    """Those of these checks that fail at this server, with the reasons."""
    verdicts, said = Verdicts(), io.StringIO()
    models = [f"--{name}={value}" for name, value in MODELS.items()]
    asked = ["-o", "addopts=", "-q", "-p", "no:cacheprovider", f"--patience={PATIENCE}", *models]
    with redirect_stdout(said):
        pytest.main([*map(place_of, checks), f"--base-url={base_url}", *asked], [verdicts])
    assert verdicts.ran, said.getvalue()
    return verdicts.failed
