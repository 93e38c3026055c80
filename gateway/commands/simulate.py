"""`mochi simulate`: a simulated Ollama alone, for people who test their own programs."""

from argparse import Namespace

from adapters.simulator import Simulator
from gateway.commands import CommandFailed
from gateway.server import run as run_loop
from gateway.server import stop_requested

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    return run_loop(simulate(arguments.host, arguments.port))


async def simulate(host: str, port: int) -> int:
    stop = stop_requested()
    try:
        async with Simulator(host=host, port=port) as simulator:
            print(f"A simulated Ollama answers at {simulator.url}. Ctrl-C ends it.", flush=True)
            await stop
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CommandFailed(f"Cannot listen on {host}:{port}: {why}.") from None
    return 0
