"""The one place where a model is asked, the tools it calls are run, and it is asked again."""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, aclosing

from msgspec import Struct

from extensions.chat.approval import Approver, Question
from extensions.chat.arguments import keepable
from extensions.chat.history import LOST
from extensions.chat.record import Record
from extensions.chat.reply import GrowingReply
from extensions.chat.steps import Again, Asking, Called, Calling, Ended, Steps
from extensions.sessions.threads import unbroken
from extensions.tools.results import call_failed, call_refused, failure_text
from extensions.tools.tool import DENIED, Tool, ToolOutcome, Tools
from gateway.core.errors import BackendFailed
from gateway.core.events import Batch
from gateway.core.messages import ToolCall

__all__ = ["MOST_ROUNDS", "ChatLoop"]

MOST_ROUNDS = 50


class ChatLoop(Struct, frozen=True, kw_only=True):
    """An answer in the making, into `record`.

    `ask` has the model answer what is recorded by then; with `thinking` its reasoning is passed on
    and kept. Every message is recorded as soon as it is complete, and what there is of one when the
    loop is closed, is cancelled or fails: an abandoned answer leaves a partial message, an
    abandoned call a denied one, so that the history stays well formed.
    """

    ask: Callable[[], AsyncGenerator[Batch, None]]
    record: Record
    tools: Tools
    approver: Approver
    thinking: bool = False

    async def steps(self) -> AsyncGenerator[Steps, None]:
        """Ask until a reply has no calls; the last step is `Ended`."""
        results = 0
        for _ in range(MOST_ROUNDS):
            if results:
                yield [Again(results)]
            reply = GrowingReply(thinking=self.thinking)
            async with aclosing(self._reply(reply)) as steps:
                async for said in steps:
                    yield said
            if not reply.calls:
                yield [Ended(await self.record.say(reply))]
                return
            async with aclosing(self._run_calls(reply)) as steps:
                async for happened in steps:
                    yield happened
            results = len(reply.calls)
        raise BackendFailed(
            f"The model called tools in {MOST_ROUNDS} replies without an end.",
            reason="max_tool_rounds",
        )

    async def _reply(self, reply: GrowingReply) -> AsyncGenerator[Steps, None]:
        try:
            async with aclosing(self.ask()) as batches:
                async for batch in batches:
                    if steps := reply.take(batch):
                        yield steps
            if reply.ended is None:
                raise BackendFailed("Ollama's answer broke off before its end.")
        except BaseException:
            await self.record.break_off(reply)
            raise

    async def _run_calls(self, reply: GrowingReply) -> AsyncGenerator[Steps, None]:
        """One call after the other: a step before it, its result recorded, a step after it."""
        dues = [self._due(call) for call in reply.calls]
        self.approver.admit([due.call for due in dues if due.runs])
        unanswered: deque[Due] = deque()
        try:
            await unbroken(self._keep_calls(reply, dues, unanswered))
            for index, due in enumerate(dues):
                question = self._question(due)
                if question is None:
                    approved = True
                    yield [Calling(index, due.call)]
                else:
                    with question as asked:
                        due.call = asked.call
                        yield [Asking(index, asked.call, asked.id)]
                        approved = await asked.approved()
                outcome = await unbroken(self._answer(due, approved, unanswered))
                yield [Called(index, due.call, outcome)]
        except BaseException:
            if unanswered:
                await self.record.answer_calls([(due.call.name, due.answer) for due in unanswered])
            raise

    def _due(self, call: ToolCall) -> "Due":
        kept, fault = keepable(call)
        return Due(kept, fault, self.tools.get(call.name))

    async def _keep_calls(
        self, reply: GrowingReply, dues: Sequence["Due"], unanswered: deque["Due"]
    ) -> None:
        """From here on every call needs an answer in the record."""
        reply.calls = [due.call for due in dues]
        unanswered.extend(dues)
        try:
            await self.record.say(reply)
        except Exception:
            unanswered.clear()
            raise

    def _question(self, due: "Due") -> AbstractContextManager[Question] | None:
        """What has to be asked before the call runs; nothing about one that will not."""
        return self.approver.asking(due.call) if due.runs else None

    async def _answer(self, due: "Due", approved: bool, unanswered: deque["Due"]) -> ToolOutcome:
        due.answer = LOST if approved else DENIED.result
        outcome = await due.outcome() if approved else DENIED
        due.answer = outcome.result
        # Before, since what is recorded is so even if all tasks are cancelled meanwhile.
        unanswered.popleft()
        try:
            await self.record.answer_calls([(due.call.name, outcome.result)])
        except Exception:
            unanswered.appendleft(due)
            raise
        return outcome


class Due(Struct):
    """A call that was recorded, and whose answer is not; `answer` is the one it gets if the turn
    ends now, and what was run never counts as denied."""

    call: ToolCall
    fault: str | None
    """Why its arguments could not be recorded as they came."""
    tool: Tool | None
    answer: str = DENIED.result

    @property
    def runs(self) -> bool:
        """Whether there is anything to run, if it may."""
        return self.tool is not None and self.fault is None

    async def outcome(self) -> ToolOutcome:
        """Whatever becomes of the call is told to the model; nothing is raised."""
        name = self.call.name
        if self.tool is None:
            return ToolOutcome.unknown(name)
        if self.fault is not None:
            return ToolOutcome.failed(call_refused(name, self.fault))
        try:
            return await self.tool.run(self.call)
        except Exception as error:
            return ToolOutcome.failed(call_failed(name, failure_text(error)))
