"""Every program of `examples/` runs as its first lines say. A wheel comes without them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance_tests.launcher import Gateway

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMANDS = {".py": [sys.executable], ".sh": ["sh"]}
PROGRAMS = sorted(path for path in EXAMPLES.glob("*") if path.suffix in COMMANDS)

pytestmark = pytest.mark.skipif(not PROGRAMS, reason="there are no examples here")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_the_example_runs(program: Path, gateway: Gateway) -> None:
    """A program in the documentation that does not run is worse than none."""
    done = subprocess.run(
        [*COMMANDS[program.suffix], str(program)],
        env={**os.environ, "MOCHI_URL": gateway.root},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 3
