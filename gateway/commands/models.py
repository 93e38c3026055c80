"""`mochi models`: what Ollama has, as a table; and one line about it for the other commands."""

import asyncio
import os
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from adapters.ollama.backend import OllamaBackend
from adapters.upstream.client import Timeouts, UpstreamClient
from gateway.commands import CommandFailed
from gateway.config import Config, load
from gateway.core.errors import BackendUnreachable, MochiError
from gateway.core.models import ModelCard
from gateway.serving.process import run as run_loop

__all__ = ["ollama_status", "run", "size", "table", "trouble"]

PATIENCE = Timeouts(connect=2, first_byte=5, between_reads=5)
HEADINGS = (
    "NAME",
    "SIZE",
    "PARAMETERS",
    "QUANTIZATION",
    "CONTEXT",
    "CAPABILITIES",
    "MODIFIED",
)
NO_MODELS = "no models yet; `mochi pull NAME` gets one."


def run(arguments: Namespace) -> int:
    flags = {"ollama_host": arguments.ollama_host}
    config = load(flags, os.environ, Path.cwd(), arguments.config)
    return run_loop(show(config))


async def show(config: Config) -> int:
    try:
        async with ollama(config) as backend:
            cards = await backend.models()
    except MochiError as error:
        raise CommandFailed(trouble(config, error)) from None
    print(table(cards) if cards else f"Ollama at {config.ollama_shown} has {NO_MODELS}")
    return 0


async def ollama_status(config: Config) -> str:
    """One line: which Ollama answers and what it has, or that it does not answer."""
    try:
        async with ollama(config) as backend:
            version, cards = await asyncio.gather(backend.version(), backend.models())
    except MochiError as error:
        return trouble(config, error)
    has = NO_MODELS if not cards else "1 model." if len(cards) == 1 else f"{len(cards)} models."
    return f"Ollama {version} at {config.ollama_shown} has {has}"


def trouble(config: Config, error: MochiError) -> str:
    if isinstance(error, BackendUnreachable):
        return (
            f"Ollama does not answer at {config.ollama_shown} yet: start it with `ollama serve`, "
            "or name another with --ollama-host or MOCHI_OLLAMA_HOST."
        )
    return f"Ollama at {config.ollama_shown} is in trouble: {error}"


@asynccontextmanager
async def ollama(config: Config) -> AsyncIterator[OllamaBackend]:
    """The Ollama that the settings name, for a few quick questions."""
    backend = OllamaBackend(UpstreamClient(config.ollama_host, timeouts=PATIENCE))
    try:
        yield backend
    finally:
        await backend.aclose()


def table(cards: Sequence[ModelCard]) -> str:
    """Aligned columns under headings, a line for each model."""
    rows = [HEADINGS, *map(row, cards)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in rows]
    return "\n".join(lines)


def row(card: ModelCard) -> tuple[str, ...]:
    modified = f"{card.modified_at:%Y-%m-%d %H:%M}"
    return (
        card.name,
        size(card.size),
        card.parameter_size,
        card.quantization,
        "" if card.context_length is None else str(card.context_length),
        ", ".join(sorted(card.capabilities or ())),
        modified,
    )


def size(count: int) -> str:
    """Decimal units, as `ollama list` shows them."""
    if count >= 1_000_000_000:
        return f"{count / 1_000_000_000:.1f} GB"
    return f"{count / 1_000_000:.0f} MB"
