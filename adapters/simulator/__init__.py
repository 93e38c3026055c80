"""An Ollama behind a socket, without models: for the demo, for tests, for trying a program."""

from adapters.simulator.http import RecordedRequest
from adapters.simulator.server import Simulator

__all__ = ["RecordedRequest", "Simulator"]
