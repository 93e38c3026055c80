"""An Ollama behind a socket, without models: for the demo, for tests, for trying a program."""

from .http import RecordedRequest
from .server import Simulator

__all__ = ["RecordedRequest", "Simulator"]
