"""`mochi simulate`: a simulated Ollama alone, for people who test their own programs."""

from argparse import Namespace

from adapters.simulator import Simulator
from adapters.simulator.faults import FAULTS
from adapters.simulator.personalities import PERSONALITIES
from gateway.commands import cannot_listen
from gateway.serving.process import run as run_loop
from gateway.serving.process import stop_requested

__all__ = ["run"]


def run(arguments: Namespace) -> int:
    if arguments.faults:
        print(faults())
        return 0
    return run_loop(simulate(arguments.host, arguments.port))


def faults() -> str:
    """The models that no list shows: what real servers do wrong, and what real models do."""
    rows = {
        "demo-slow": "nothing wrong, at 20 tokens a second",
        "demo-insert": "nothing wrong, a model that fills in the middle",
        **{name: fault.says for name, fault in FAULTS.items()},
        "demo-broken-status-NNN": "this status, and an error in Ollama's words",
        "demo-broken-pause-SECONDS": "silence for so long before the first token",
        "demo-broken-stall-SECONDS": "silence for so long in the middle",
    }
    habits = {
        "demo-long": "sees, calls tools, and has room for 131072 tokens",
        **{name: personality.says for name, personality in PERSONALITIES.items()},
    }
    width = max(map(len, rows | habits))

    def table(of: dict[str, str]) -> str:
        return "\n".join(f"{name:{width}}  {says}" for name, says in of.items())

    return (
        f"What real servers do wrong:\n\n{table(rows)}\n\n"
        f"What real models do, on a server that works:\n\n{table(habits)}"
    )


async def simulate(host: str, port: int) -> int:
    stop = stop_requested()
    simulator = Simulator(host=host, port=port)
    try:
        await simulator.start()
    except OSError as error:
        raise cannot_listen(host, port, error) from None
    print("`mochi simulate --faults` lists models that do what real servers do wrong.")
    print(f"A simulated Ollama answers at {simulator.url}. Ctrl-C ends it.", flush=True)
    await stop
    await simulator.aclose()
    return 0
