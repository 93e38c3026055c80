"""Which models are loaded, with how large a window, and until when.

Like Ollama's scheduler it takes one request at a time, so that one which has to wait for room keeps
the later ones waiting. Unlike it, a loaded model answers any number of requests at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.simulator.models import Model
from adapters.simulator.options import LoadOptions
from adapters.simulator.times import FOREVER, SECOND, now

__all__ = ["Runner", "Scheduler"]

_MAX_LOADED = 3  # OLLAMA_MAX_LOADED_MODELS without a GPU
_KEEP_ALIVE = 300 * SECOND
_WINDOW = 4096  # tokens, where the request does not say `num_ctx` and there is little VRAM
_SMALLEST, _SMALLEST_WITH_IMAGES = 4, 2048


class Runner:
    """A loaded model. `window` is its context in tokens; times are in nanoseconds."""

    def __init__(self, model: Model, wanted: LoadOptions) -> None:
        self.model = model
        self.options = wanted
        self.window = _window(model, wanted)
        self.keep_alive = _KEEP_ALIVE
        self.expires_at = now() + _KEEP_ALIVE
        self.users = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def fits(self, model: Model, wanted: LoadOptions) -> bool:
        own, asked = self.options, wanted
        return (
            self.window == _window(model, asked)
            and asked.num_batch in (None, own.num_batch)
            and (asked.num_gpu in (-1, own.num_gpu))
            and (own.main_gpu, own.use_mmap, own.num_thread, own.draft_num_predict, own.shift)
            == (
                asked.main_gpu,
                asked.use_mmap,
                asked.num_thread,
                asked.draft_num_predict,
                asked.shift,
            )
        )

    def touch(self) -> None:
        self.expires_at = now() + self.keep_alive


def _window(model: Model, wanted: LoadOptions) -> int:
    asked = _WINDOW if wanted.num_ctx is None else wanted.num_ctx
    smallest = _SMALLEST_WITH_IMAGES if model.can("vision") else _SMALLEST
    return min(max(asked, smallest), model.context_length)


class Scheduler:
    """`load_delay` is what loading a model takes, in seconds."""

    def __init__(self, load_delay: float) -> None:
        self._load_delay = load_delay
        self._turn = asyncio.Lock()
        self._loaded: dict[str, Runner] = {}  # by weights: models made from one file share it

    @asynccontextmanager
    async def use(
        self, model: Model, wanted: LoadOptions, keep_alive: int | None
    ) -> AsyncIterator[Runner]:
        """The loaded model, kept from being unloaded until the block is left."""
        async with self._turn:
            runner = await self._ready(model, wanted)
            runner.users += 1
            runner.idle.clear()
            if keep_alive is not None:
                runner.keep_alive = keep_alive
        try:
            yield runner
        finally:
            runner.users -= 1
            runner.touch()
            if not runner.users:
                runner.idle.set()

    def unload(self, model: Model) -> None:
        """Let the model go as soon as nobody uses it; it need not be loaded."""
        if runner := self._loaded.get(model.weights):
            runner.keep_alive = 0
            runner.touch()

    def discard(self, runner: Runner) -> None:
        """The engine behind this runner is gone."""
        if self._loaded.get(runner.model.weights) is runner:
            del self._loaded[runner.model.weights]

    def loaded(self) -> list[Runner]:
        """Longest to live first, by whole seconds."""
        self._expire()
        return sorted(self._loaded.values(), key=lambda runner: -(runner.expires_at // SECOND))

    async def _ready(self, model: Model, wanted: LoadOptions) -> Runner:
        self._expire()
        runner = self._loaded.get(model.weights)
        if runner is not None and runner.fits(model, wanted):
            return runner
        if runner is not None:
            await self._gone(runner)
        while len(self._loaded) >= _MAX_LOADED:
            await self._gone(self._victim())
        return await self._load(model, wanted)

    async def _load(self, model: Model, wanted: LoadOptions) -> Runner:
        """Listed while it is still loading; forgotten when the only request for it goes away."""
        runner = Runner(model, wanted)
        self._loaded[model.weights] = runner
        try:
            await asyncio.sleep(self._load_delay)
        except asyncio.CancelledError:
            self.discard(runner)
            raise
        return runner

    def _victim(self) -> Runner:
        """An idle one if there is any, the shortest lived first, then by file name."""
        order = sorted(
            self._loaded.values(),
            key=lambda runner: (runner.users > 0, runner.keep_alive, runner.model.weights),
        )
        return order[0]

    async def _gone(self, runner: Runner) -> None:
        await runner.idle.wait()
        self.discard(runner)

    def _expire(self) -> None:
        moment = now()
        for runner in list(self._loaded.values()):
            if not runner.users and runner.expires_at <= moment and runner.keep_alive != FOREVER:
                self.discard(runner)
