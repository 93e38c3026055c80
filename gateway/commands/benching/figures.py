"""What one round, or all rounds of a server, come to."""

from msgspec import Struct

from gateway.commands.benching.answer import Answer
from gateway.commands.benching.durations import Durations, Spread

__all__ = ["Counted", "Figures", "Totals", "Trouble"]


class Trouble(Struct, frozen=True):
    """A kind of error, how often it came, and what the first one looked like."""

    kind: str
    count: int
    example: str


class Figures(Struct, frozen=True, kw_only=True):
    """Figures of right answers alone, but for counts and CPU. Times are in seconds.

    `token_gap` are the times between pieces of output, `token_time` is for each answer the time
    from its first to its last piece by the number of its further tokens; `speed` are the tokens
    of an answer by its whole time. CPU is that of the server's processes, by all requests and by
    the tokens of right answers; None if it is not known of every round. `connections` were opened
    beside those that the warm-up had left.
    """

    requests: int
    right: int
    wrong: int
    seconds: float
    requests_per_second: float
    tokens: int
    tokens_per_second: float
    tokens_from: str
    prompt_tokens: int
    total: Spread | None
    first_token: Spread | None
    token_gap: Spread | None
    token_time: Spread | None
    speed: Spread | None
    cpu_seconds: float | None
    cpu_per_request: float | None
    cpu_per_token: float | None
    connections: int
    waited_as_asked: float
    errors: tuple[Trouble, ...]


class Counted:
    """Answers by the source of their numbers of tokens."""

    def __init__(self) -> None:
        self.by_usage = self.by_pieces = 0

    def __str__(self) -> str:
        if not self.by_pieces:
            return "usage" if self.by_usage else "nothing"
        if not self.by_usage:
            return "chunks"
        return f"usage of {self.by_usage} answers, chunks of {self.by_pieces}"


class Totals:
    """Counts answers, and gives their figures at any time."""

    def __init__(self) -> None:
        self.total = Durations()
        self.first_token = Durations()
        self.token_gap = Durations()
        self.token_time = Durations()
        self.speed = Durations()
        self.right = self.wrong = self.tokens = self.prompt_tokens = self.connections = 0
        self.seconds = self.waited_as_asked = 0.0
        self.cpu_seconds: float | None = None
        self._counted = Counted()
        self._errors: dict[str, tuple[int, str]] = {}

    @property
    def requests(self) -> int:
        return self.right + self.wrong

    def add(self, answer: Answer) -> None:
        if answer.fault:
            self.wrong += 1
            count, first = self._errors.get(answer.fault.kind, (0, answer.fault.example))
            self._errors[answer.fault.kind] = (count + 1, first)
            return
        self.right += 1
        tokens, took = answer.tokens, answer.ended - answer.asked
        self.tokens += tokens
        self.total.add(took)
        if answer.usage:
            self.prompt_tokens += answer.usage.prompt_tokens
            self._counted.by_usage += 1
        elif answer.pieces:
            self._counted.by_pieces += 1
        if tokens:
            self.speed.add(tokens / took)
        if answer.pieces:
            self.first_token.add(answer.first - answer.asked)
            self.token_gap.extend(answer.gaps)
            if tokens > 1 and answer.pieces > 1:
                self.token_time.add((answer.last - answer.first) / (tokens - 1))

    def spent(self, seconds: float, cpu: float | None) -> None:
        """A round is over: its time, and the CPU time of the server's processes."""
        if not self.seconds:
            self.cpu_seconds = cpu
        elif self.cpu_seconds is not None:
            self.cpu_seconds = None if cpu is None else self.cpu_seconds + cpu
        self.seconds += seconds

    @property
    def figures(self) -> Figures:
        seconds = self.seconds or 1.0
        errors = sorted(self._errors.items(), key=lambda each: -each[1][0])
        return Figures(
            requests=self.requests,
            right=self.right,
            wrong=self.wrong,
            seconds=self.seconds,
            requests_per_second=self.right / seconds,
            tokens=self.tokens,
            tokens_per_second=self.tokens / seconds,
            tokens_from=str(self._counted),
            prompt_tokens=self.prompt_tokens,
            total=self.total.spread,
            first_token=self.first_token.spread,
            token_gap=self.token_gap.spread,
            token_time=self.token_time.spread,
            speed=self.speed.spread,
            cpu_seconds=self.cpu_seconds,
            cpu_per_request=by(self.cpu_seconds, self.requests),
            cpu_per_token=by(self.cpu_seconds, self.tokens),
            connections=self.connections,
            waited_as_asked=self.waited_as_asked,
            errors=tuple(Trouble(kind, *seen) for kind, seen in errors),
        )


def by(amount: float | None, number: int) -> float | None:
    return amount / number if amount is not None and number else None
