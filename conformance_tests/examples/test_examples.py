"""Every program of `examples/` runs as its first lines say. A wheel comes without them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance_tests.launcher import Gateway, gateway_alone

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMANDS = {".py": [sys.executable], ".sh": ["sh"]}
PROGRAMS = sorted(path for path in EXAMPLES.glob("*") if path.suffix in COMMANDS)

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="there are no examples here")


@pytest.fixture(scope="module")
def with_tools(gateway: Gateway) -> Iterator[Gateway]:
    """A gateway with the sample tools, which write where it was started."""
    with gateway_alone(gateway.ollama, MOCHI_TOOLS_DIR=str(EXAMPLES / "tools")) as running:
        yield running


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_the_example_runs(program: Path, with_tools: Gateway) -> None:
    """A program in the documentation that does not run is worse than none."""
    done = subprocess.run(
        [*COMMANDS[program.suffix], str(program)],
        stdin=subprocess.DEVNULL,
        env={**os.environ, "MOCHI_URL": with_tools.root},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 3
