"""The checks as pytest runs them for `mochi conformance`: in this process, in any folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from conformance_tests.judging.profiles import PACKAGES

__all__ = ["judge"]

HERE = Path(__file__).parents[1]
FOREIGN = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def judge(asked: Sequence[str], plugins: Sequence[object]) -> pytest.ExitCode | int:
    """Run the checks with these options of ours; what they say goes to the plugins alone."""
    packages = [name for name in PACKAGES if name != "sdk" or find_spec("openai")]
    paths = [str(HERE / name) for name in packages if (HERE / name).is_dir()]
    own = ["-c", str(HERE / "judging" / "product.ini"), "--rootdir", str(HERE.parent)]
    own += ["--confcutdir", str(HERE)]
    quiet = ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "conformance_tests.options"]
    more = ["-p", "anyio.pytest_plugin"] if find_spec("anyio") else []
    with our_environment():
        return pytest.main([*own, *quiet, *more, *asked, *paths], plugins=plugins)


@contextmanager
def our_environment() -> Iterator[None]:
    """Without the options and the plugins that the user has for tests of their own."""
    before = {name: os.environ.pop(name, None) for name in FOREIGN}
    before["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
