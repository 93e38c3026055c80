"""The steps in which context windows grow."""

__all__ = ["SMALLEST", "step"]

SMALLEST = 8192


def step(tokens: int) -> int:
    """The smallest of 8192, 16384, 32768, … that is at least `tokens`.

    Doublings, because Ollama loads a model again whenever the window changes.
    """
    return max(SMALLEST, 1 << max(tokens - 1, 0).bit_length())
