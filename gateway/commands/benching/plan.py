"""What is to be measured: one server or two, and the load that each of them gets."""

from typing import Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from adapters.upstream.url import Origin

__all__ = ["Arrivals", "Endpoint", "Load", "Plan", "Target"]

Endpoint = Literal["chat", "completions", "responses", "embeddings"]
Arrivals = Literal["poisson", "even"]


class Target(Struct, frozen=True, kw_only=True):
    """A server, and how it is asked. `name` is A or B; `pid` is its process, if it is known."""

    name: str
    origin: Origin
    model: str
    key: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    pid: int | None = None

    @property
    def url(self) -> str:
        """For people: without the password that it may have been given with."""
        return f"{self.origin.scheme}://{self.origin.authority}{self.origin.prefix}"


class Load(Struct, frozen=True, kw_only=True):
    """What each server gets: `requests` in all, or as many as begin in `duration` seconds.

    With a `rate` requests come so often a second whatever the server does, `concurrency` of them
    at a time at most; without one the next is sent when an answer has come. `prompt` is the text
    of the user, or the number of tokens that a text of ours should have.
    """

    endpoint: Endpoint = "chat"
    stream: bool = True
    concurrency: int = 1
    requests: int | None = 10
    duration: float | None = None
    rate: float | None = None
    arrivals: Arrivals = "poisson"
    prompt: str | int = 32
    max_tokens: int = 128
    warm_up: int = 1
    rounds: int = 1
    timeout: float = 120

    def of_round(self, number: int) -> Self:
        """What one round of it is, counted from 0. The first ones have one request more where the
        rounds cannot have as many each."""
        requests, duration = self.requests, self.duration
        if requests is not None:
            requests = requests // self.rounds + (number < requests % self.rounds)
        if duration is not None:
            duration /= self.rounds
        return replace(self, requests=requests, duration=duration, rounds=1)


class Plan(Struct, frozen=True):
    """One server is measured, or two in turns."""

    targets: tuple[Target, ...]
    load: Load
