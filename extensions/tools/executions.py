"""What was run lately, and how it went; in memory alone."""

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

__all__ = ["Execution", "Executions", "Statistics"]

KEPT = 100


class Execution(Struct, frozen=True, kw_only=True):
    """A call that was run. `execution_time` is in seconds."""

    tool_name: str
    success: bool
    result: str
    error_message: str | None
    execution_time: float


class Statistics(Struct, frozen=True):
    """Counts of executions, and the mean of their times in seconds."""

    total: int = 0
    successful: int = 0
    failed: int = 0
    average_time: float = 0.0

    def counting(self, execution: Execution) -> "Statistics":
        total = self.total + 1
        return Statistics(
            total,
            self.successful + execution.success,
            self.failed + (not execution.success),
            self.average_time + (execution.execution_time - self.average_time) / total,
        )


class Executions:
    """The last executions, and statistics of all since the start.

    What was denied, or is no tool, was not run and does not count.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._last = deque[Execution](maxlen=kept)
        self._all = Statistics()
        self._of_tools: dict[str, Statistics] = {}

    def add(self, execution: Execution) -> None:
        name = execution.tool_name
        self._last.append(execution)
        self._all = self._all.counting(execution)
        self._of_tools[name] = self._of_tools.get(name, Statistics()).counting(execution)

    @property
    def last(self) -> Sequence[Execution]:
        """The oldest first."""
        return tuple(self._last)

    def statistics(self, tool: str | None = None) -> Statistics:
        """Of one tool, or of all."""
        return self._all if tool is None else self._of_tools.get(tool, Statistics())
