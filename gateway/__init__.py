"""mochi gateway: an OpenAI API in front of a local Ollama."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "create_app"]


def __getattr__(name: str) -> Any:
    """`gateway.create_app`, imported on first use: the core must not cost an import of Litestar."""
    if name == "create_app":
        from gateway.app import create_app

        return create_app
    raise AttributeError(f"module 'gateway' has no attribute {name!r}")
