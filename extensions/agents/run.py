"""The work of an agent on one instruction: it plans without tools, then acts with them."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from msgspec import Struct, field

from extensions.agents.transcript import Transcript, limit_line
from extensions.chat.loop import ChatLoop, EndlessCalls
from extensions.chat.record import Ledger
from extensions.chat.steps import Said, Step
from extensions.tools.approval import Approver
from extensions.tools.tool import NoTools, Tools
from gateway.core.events import Batch
from gateway.core.metrics import Metrics

__all__ = ["AgentRun", "AgentStep", "Planning"]

Ask = Callable[[], AsyncGenerator[Batch, None]]

SECOND_CHANCE = 2
"""A model that only announces what it will do is asked once more before that is its answer."""


class Planning(Struct, frozen=True):
    """More of the plan."""

    text: str


AgentStep = Planning | Step


class AgentRun(Struct, kw_only=True):
    """Work of which every message goes into `record`, which holds the instruction already.

    `plan` and `act` have the model answer what is recorded by then, in either phase; in the second
    it is asked at most `most` times. `transcript` is what the work looks like from outside, as far
    as it has come.
    """

    plan: Ask
    act: Ask
    record: Ledger
    tools: Tools
    approver: Approver
    most: int
    limited: bool = False
    """Whether it ended because it may not be asked any more."""
    transcript: Transcript = field(default_factory=Transcript)
    metrics: Metrics = field(default_factory=Metrics)

    async def steps(self) -> AsyncGenerator[Sequence[AgentStep], None]:
        """Plan, and act to the end or to the limit; errors of the backend are raised."""
        ending = "left"
        try:
            async with aclosing(self._both_phases()) as phases:
                async for happened in phases:
                    yield happened
            ending = "limit" if self.limited else "done"
        except Exception:
            ending = "failed"
            raise
        finally:
            self.metrics.agents.add(ending)

    async def _both_phases(self) -> AsyncGenerator[Sequence[AgentStep], None]:
        try:
            async with aclosing(self._planning().steps()) as steps:
                async for happened in steps:
                    self.transcript.take(happened)
                    if said := [Planning(step.text) for step in happened if isinstance(step, Said)]:
                        yield said
        except EndlessCalls:
            pass  # it called what it does not have yet, and was told so
        try:
            async with aclosing(self._acting().steps()) as steps:
                async for happened in steps:
                    self.transcript.take(happened)
                    yield happened
        except EndlessCalls:
            self.limited = True
            self.transcript.note(limit_line(self.most))

    def _planning(self) -> ChatLoop:
        return ChatLoop(
            ask=self.plan,
            record=self.record,
            tools=NoTools(),
            approver=self.approver,
            most=1,
            metrics=self.metrics,
        )

    def _acting(self) -> ChatLoop:
        return ChatLoop(
            ask=self.act,
            record=self.record,
            tools=self.tools,
            approver=self.approver,
            least=SECOND_CHANCE,
            most=self.most,
            metrics=self.metrics,
        )
