"""What is counted of everything that happens, once per request or event and never per token.

Whoever does something adds to it; nobody but `gateway.http.metrics` reads it. What comes with every
request is put down as it is and counted later, many at a time, by `settle`: one by one it would
cost four times as much. Names that come from outside are told apart only up to a limit.
"""

from collections.abc import Sequence
from typing import Final

from gateway.core.models import full_name
from gateway.core.notes import ModelAnswer, NoteCounts
from gateway.core.observed import Connections, Queueing
from gateway.core.tallies import OTHER, Histogram, Tally

__all__ = [
    "WEBSOCKET",
    "Asking",
    "Metrics",
    "Models",
    "OfModel",
    "Responding",
    "Tools",
    "Traffic",
]

MOST: Final = 200

OF_TOKENS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1)

WEBSOCKET: Final = "WEBSOCKET"
METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", WEBSOCKET))

Kind = tuple[str, str, int]
"""Of a request: its route, its method and the status of its answer."""


class Traffic:
    """The requests: the durations of all that are over."""

    def __init__(self) -> None:
        self.begun = 0
        self.answered: dict[Kind, Histogram] = {}

    def durations(self, route: str, method: str, status: int) -> Histogram:
        """Of the requests like this one. `route` is one of those that the application has."""
        method = method if method in METHODS else OTHER
        return self.answered.setdefault((route, method, status), Histogram())

    @property
    def in_flight(self) -> int:
        """Requests that are not over, open WebSockets among them."""
        return self.begun - sum(sum(times.counts) for times in self.answered.values())


class OfModel:
    """What the answers of one model took; `load`, `prompt` and `generation` are nanoseconds, as
    Ollama reports them, the histograms are of seconds."""

    def __init__(self) -> None:
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.completion_tokens = 0
        self.load = 0
        self.prompt = 0
        self.generation = 0
        self.first_token = Histogram()
        self.per_token = Histogram(OF_TOKENS)

    def add(self, answers: Sequence[ModelAnswer]) -> None:
        prompts = cached = completions = load = reading = writing = 0
        for _, end, first_token, _ in answers:
            usage, timings = end.usage, end.timings
            tokens, generation = usage.completion_tokens, timings.generation
            prompts += usage.prompt_tokens
            cached += usage.cached_tokens
            completions += tokens
            load += timings.load
            reading += timings.prompt
            writing += generation
            if first_token:
                self.first_token.observe(first_token)
            if tokens and generation:
                self.per_token.observe(generation / tokens / 1e9)
        self.prompt_tokens += prompts
        self.cached_tokens += cached
        self.completion_tokens += completions
        self.load += load
        self.prompt += reading
        self.generation += writing
        self.first_token.settle()
        self.per_token.settle()


class Models:
    """The models by their full names. Only what has answered is counted, so every name is that of
    a model that is there; still, only the first 200 are told apart."""

    def __init__(self) -> None:
        self.by_name: dict[str, OfModel] = {}
        self._news: list[ModelAnswer] = []
        self.answered = self._news.append

    def settle(self) -> None:
        """Count what came since the last time."""
        for model in {answer[0] for answer in self._news}:
            answers = [answer for answer in self._news if answer[0] == model]
            self._named(full_name(model)).add(answers)
        self._news.clear()

    def _named(self, name: str) -> OfModel:
        if name not in self.by_name and len(self.by_name) >= MOST:
            name = OTHER
        return self.by_name.setdefault(name, OfModel())


class Tools:
    """Calls of tools by name and outcome (`ok`, `failed`, `timed_out`, `denied`), and how long
    those took that were run."""

    def __init__(self) -> None:
        self.calls = Tally()
        self.durations = Histogram()

    def ran(self, tool: str, outcome: str, seconds: float) -> None:
        self.calls.add(tool, outcome)
        self.durations.observe(seconds)


class Asking:
    """Questions to people about calls of tools: those open, and how the others ended: `approved`,
    `denied`, `timed_out`, or `left` when nobody waits for the answer any more."""

    def __init__(self) -> None:
        self.open = 0
        self.answered = Tally("approved", "denied", "timed_out", "left")


class Responding:
    """Responses that were stored, and those that run in the background."""

    def __init__(self) -> None:
        self.stored = 0
        self.running = 0


class Metrics:
    """All that is counted in one gateway, made by the assembly and given to those who count."""

    def __init__(self) -> None:
        self.traffic = Traffic()
        self.noted = NoteCounts()
        self.models = Models()
        self.queues: list[Queueing] = []
        self.connections: list[Connections] = []
        self.tools = Tools()
        self.confirmations = Asking()
        self.agents = Tally("done", "limit", "failed", "left")
        """Runs of agents; `limit`: it may not be asked any more."""
        self.turns = Tally("replied", "broken_off")
        """Turns of sessions."""
        self.responses = Responding()
        self.tasks = 0
        """Those of the event loop, when somebody last looked."""

    def settle(self) -> None:
        """Count what was only put down."""
        self.models.settle()
        self.tools.durations.settle()
        for times in self.traffic.answered.values():
            times.settle()
