"""Model cards, completed with what `/api/show` says."""

import asyncio
from collections.abc import Sequence

import msgspec

from adapters.ollama.shown import ShownModels
from gateway.core.errors import MochiError
from gateway.core.models import ModelCard, ModelDetails

__all__ = ["DescribedCards"]

AT_ONCE = 8
MOST = 1000
"""Models of a list that are asked about; fewer than `ShownModels` keeps."""


class DescribedCards:
    """Asks about every listed model once, and never makes a list wait for it for long.

    Since v0.30 lists have capabilities of their own, but not in full: neither `tools` nor
    `thinking` of most models. They stand in until the model itself was asked, which goes on when
    `patience` (seconds) is over.
    """

    def __init__(self, shown: ShownModels, *, patience: float = 0.5) -> None:
        self._shown = shown
        self._patience = patience
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waited_until = 0.0

    async def complete(self, cards: Sequence[ModelCard]) -> list[ModelCard]:
        """The cards with the details that are known once `patience` is over."""
        loop = asyncio.get_running_loop()
        for card in cards[:MOST]:
            if card.name not in self._asking and self._shown.known(card.name) is None:
                self._asking[card.name] = loop.create_task(self._ask(card.name))
                self._waited_until = loop.time() + self._patience
        left = self._waited_until - loop.time()
        if self._asking and left > 0:
            await asyncio.wait(self._asking.values(), timeout=left)
        return [described(card, self._shown.known(card.name)) for card in cards]

    async def aclose(self) -> None:
        """Ask no more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, name: str) -> None:
        try:
            async with self._turns:
                await self._shown.get(name)
        except MochiError:
            pass  # its card stays as it was listed, and the next list asks again
        finally:
            del self._asking[name]


def described(card: ModelCard, details: ModelDetails | None) -> ModelCard:
    """The card with what the details know better."""
    if details is None:
        return card
    return msgspec.structs.replace(
        card,
        context_length=details.context_length or card.context_length,
        capabilities=card.capabilities if details.capabilities is None else details.capabilities,
    )
