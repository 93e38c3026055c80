"""A stand-in for Ollama that answers in a form when it is asked to, as slowly as it is told."""

import json
import select
import threading
from typing import Any

from conformance_tests.mochi.caller import Caller, Chat

__all__ = ["Summariser"]


class Summariser(Caller):
    """Says `Said.` at once in a chat. A summary takes `pause` seconds and is `says`, or tells of
    the last thing that was said; with `alone` nobody else is answered meanwhile, as by a machine
    that has memory for one. `left` counts the summaries that nobody waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = Answering
        self.one = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.asked.clear()
        self.pause = 0.0
        self.says: str | None = None
        self.alone = False
        self.left = 0

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """What was asked for a summary, as it came."""
        return [body for body in list(self.asked) if "format" in body]


class Answering(Chat):
    server: Summariser

    def answer(self, messages: list[dict[str, Any]]) -> None:
        body = next(one for one in reversed(self.server.asked) if one["messages"] is messages)
        if self.server.alone:
            with self.server.one:
                self.reply_to(body)
        else:
            self.reply_to(body)

    def reply_to(self, body: dict[str, Any]) -> None:
        if "format" not in body:
            super().answer(body["messages"])
        elif self.gone(self.server.pause):
            self.server.left += 1
        else:
            self.summary(body)

    def summary(self, body: dict[str, Any]) -> None:
        told = {"summary": f"Up to: {body['messages'][-2]['content']}", "topics": ["talk", "日本"]}
        content = json.dumps(told) if self.server.says is None else self.server.says
        message = {"role": "assistant", "content": content}
        self.whole({"model": body["model"], "message": message, "done": True})

    def gone(self, seconds: float) -> bool:
        """Wait so long for the other side to hang up."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable)
