"""`mochi simulate`: a simulated Ollama alone, for people who test their own programs."""

from argparse import Namespace

from adapters.simulator import Simulator
from gateway.commands import cannot_listen
from gateway.serving.server import run as run_loop
from gateway.serving.server import stop_requested

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    return run_loop(simulate(arguments.host, arguments.port))


async def simulate(host: str, port: int) -> int:
    stop = stop_requested()
    simulator = Simulator(host=host, port=port)
    try:
        await simulator.start()
    except OSError as error:
        raise cannot_listen(host, port, error) from None
    print(f"A simulated Ollama answers at {simulator.url}. Ctrl-C ends it.", flush=True)
    await stop
    await simulator.aclose()
    return 0
