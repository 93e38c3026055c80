"""`mochi demo`: the gateway in front of a simulated Ollama, in one process."""

import socket
from argparse import Namespace

import msgspec

from adapters.simulator import Simulator
from gateway.commands.serve import banner, bound, key_in_python, settings, started
from gateway.config import Config
from gateway.serving.process import run as run_loop
from gateway.serving.process import stop_requested

__all__ = ["invitation", "run", "simulated"]

TOKEN_SECONDS = 0.015
FOR_AGENTS = "demo-tools"
"""A model of the simulator's that calls tools."""


def run(arguments: Namespace) -> int:
    config = settings(arguments)
    return run_loop(demonstrate(config, bound(config)))


async def demonstrate(config: Config, sockets: list[socket.socket]) -> int:
    stop = stop_requested()
    async with Simulator(token_delay=TOKEN_SECONDS) as simulator:
        config = simulated(config, simulator.url)
        async with started(config, sockets) as server:
            print(f"{banner(config, server.url)}\n{invitation(config, server.url)}", flush=True)
            await stop
    return 0


def simulated(config: Config, ollama: str) -> Config:
    """The settings for a simulated Ollama at this address."""
    model = config.default_model or FOR_AGENTS
    return msgspec.structs.replace(config, ollama_host=ollama, default_model=model)


def invitation(config: Config, url: str) -> str:
    """That nobody thinks here, and two things to try."""
    key = ' -H "Authorization: Bearer $MOCHI_API_KEY"' if config.api_key else ""
    return f"""
This is a demonstration: a simulator answers, there is no model. Try

  curl -N {url}/v1/chat/completions{key} -H 'Content-Type: application/json' \\
    -d '{{"model": "demo", "messages": [{{"role": "user", "content": "Hello!"}}], "stream": true}}'

or, in Python,

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key={key_in_python(config)})
  hello = [{{"role": "user", "content": "Hello!"}}]
  print(client.chat.completions.create(model="demo", messages=hello).choices[0].message.content)

The other models it plays: mochi models --base-url {config.ollama_host}"""
