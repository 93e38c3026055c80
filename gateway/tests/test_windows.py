"""The steps of context windows."""

import pytest

from gateway.core.windows import step


@pytest.mark.parametrize(
    ("tokens", "window"),
    [(0, 8192), (1, 8192), (8192, 8192), (8193, 16384), (16384, 16384), (100_000, 131072)],
)
def test_windows_come_in_doublings(tokens: int, window: int) -> None:
    assert step(tokens) == window
