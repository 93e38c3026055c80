"""Work that ends when the client who asked for it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the server listens before Litestar is there
    from litestar.types import Receive, Scope

__all__ = ["LEAVING", "LEFT", "WhileConnected"]

LEAVING = "mochi.leaving"
"""An ASGI extension of our server: a function that takes what to call when the client leaves, and
gives the task that answers."""

LEFT = "The client has left."
"""What the cancellation says, so that it can be told from that of a server which stops."""


class WhileConnected:
    """Cancels what stands inside as soon as the client leaves, and ends in peace.

    To be entered once the request body is read: from then on the only thing left to receive is the
    disconnect, and before the first byte of an answer nobody else listens for it.

    Our own server tells by itself when a client leaves (the extension `mochi.leaving`); under any
    other a task waits for it, at ten times the cost: every request is watched, and hardly a client
    ever leaves.
    """

    __slots__ = ("_gone", "_over", "_receive", "_scope", "_task", "_watcher")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._gone = False
        self._over = False
        self._task: asyncio.Task[Any] | None = None
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        extensions: Mapping[str, Any] = self._scope.get("extensions") or {}
        if LEAVING in extensions:
            self._task = extensions[LEAVING](self._leave)
        else:
            self._task = asyncio.current_task()
            self._watcher = asyncio.create_task(self._watch())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._over = True
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone and self._task is not None:
            self._task.uncancel()
        return self._gone and kind is asyncio.CancelledError

    async def _watch(self) -> None:
        try:
            while (await self._receive())["type"] != "http.disconnect":
                pass
        finally:
            self._leave()

    def _leave(self) -> None:
        if not self._over and self._task is not None:
            self._gone = True
            self._task.cancel(LEFT)
