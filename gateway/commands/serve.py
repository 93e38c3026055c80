"""`mochi serve`: the gateway in front of an Ollama."""

import asyncio
import logging
import os
import socket
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from gateway import __version__
from gateway.commands import CommandFailed, cannot_listen
from gateway.commands.models import ollama_status
from gateway.config import Config, load, unknown_variables
from gateway.logs.configuring import configure
from gateway.serving.memory import made_to_last, prepare_allocator, spare_registry
from gateway.serving.process import allow_descriptors, stop_requested
from gateway.serving.process import run as run_loop
from gateway.serving.server import GatewayServer, StartFailed, listen

__all__ = ["banner", "bound", "key_in_python", "run", "settings", "started"]

FLAGS = ("host", "port", "ollama_host", "data_dir", "log_level")
SOURCES = ("gateway", "adapters", "extensions")

log = logging.getLogger("mochi")


def run(arguments: Namespace) -> int:
    config = settings(arguments)
    sockets = bound(config)
    if arguments.reload:
        return reloading(config, sockets)
    return serving(config, sockets)


def settings(arguments: Namespace) -> Config:
    """The settings of a command that serves, with the allocator and the log set up for it."""
    prepare_allocator()
    flags = {name: getattr(arguments, name, None) for name in FLAGS}
    config = load(flags, os.environ, Path.cwd(), arguments.config)
    try:
        log_as(config)
    except OSError as error:
        raise CommandFailed(
            f"The log {config.log_file} cannot be used: {error.strerror}."
        ) from None
    for name in unknown_variables(os.environ):
        log.warning("The variable %s belongs to no setting of this version", name)
    if config.ollama_manage and not config.ollama_passthrough:
        log.warning("MOCHI_OLLAMA_MANAGE does nothing without MOCHI_OLLAMA_PASSTHROUGH")
    if not config.on_loopback and not config.api_key:
        if not arguments.insecure_no_auth:
            raise CommandFailed(unprotected(config.host), 2)
        log.warning("NO API KEY: whoever can reach %s can use this gateway", config.host)
    return config


def log_as(config: Config) -> None:
    file = config.folder(config.log_file) if config.log_file else None
    configure(config.log_level, as_json=config.log_json, file=file, days=config.log_days)


def unprotected(host: str) -> str:
    return (
        f"{host} can be reached from the network, so set a key with MOCHI_API_KEY=…, or add "
        "--insecure-no-auth to serve everybody without one."
    )


def bound(config: Config) -> list[socket.socket]:
    """Sockets that listen already: whoever connects while the rest starts is queued."""
    try:
        return listen(config.host, config.port)
    except OSError as error:
        raise cannot_listen(config.host, config.port, error) from None


def serving(config: Config, sockets: list[socket.socket]) -> int:
    """Serve until a signal says otherwise."""
    return run_loop(serve(config, sockets))


async def serve(config: Config, sockets: list[socket.socket]) -> int:
    stop = stop_requested()
    async with started(config, sockets) as server:
        print(banner(config, server.url), flush=True)
        asking = asyncio.create_task(say_how_ollama_is(config))
        await stop
        asking.cancel()
    return 0


@asynccontextmanager
async def started(config: Config, sockets: list[socket.socket]) -> AsyncIterator[GatewayServer]:
    """The whole gateway, answering."""
    allow_descriptors(config.max_streams)
    with made_to_last():
        from gateway import assembly  # only now, when the sockets listen: it brings Litestar

        app = assembly.build(config)
    try:
        async with GatewayServer(app, sockets, grace=config.drain_seconds) as server:
            spare_registry()
            yield server
    except StartFailed as error:
        raise CommandFailed(str(error)) from None


async def say_how_ollama_is(config: Config) -> None:
    try:
        print(f"\n{await ollama_status(config)}", flush=True)
    except Exception:
        log.exception("Asking Ollama how it is failed")


def banner(config: Config, url: str) -> str:
    """What is served where, and what to paste into an SDK."""
    for address, loopback in (("//0.0.0.0:", "//127.0.0.1:"), ("//[::]:", "//[::1]:")):
        url = url.replace(address, loopback)
    lines = [
        f"mochi gateway {__version__} is ready.",
        "",
        f"  OpenAI API  {url}/v1",
        f'  In Python   OpenAI(base_url="{url}/v1", api_key={key_in_python(config)})',
        f"  Health      {url}/health",
    ]
    if config.ollama_passthrough:
        lines.append(f"  Ollama API  {url}")
    if config.on_loopback and not config.api_key:
        lines.append(f"  Routes      {url}/docs")
    if config.on_every_address and not config.allowed_hosts:
        lines += ["", "Put the name by which others call this machine into MOCHI_ALLOWED_HOSTS."]
    return "\n".join(lines)


def key_in_python(config: Config) -> str:
    """The SDKs insist on a key; without one of ours any word will do."""
    return 'os.environ["MOCHI_API_KEY"]' if config.api_key else '"mochi"'


def reloading(config: Config, sockets: list[socket.socket]) -> int:
    """Serve in a child process, and start it anew whenever a file of ours changes."""
    import uvicorn
    from uvicorn.supervisors.statreload import StatReload

    root = Path(__file__).parents[2]
    watched = [str(root / name) for name in SOURCES]
    uvicorn_config = uvicorn.Config(
        "gateway.assembly:from_environment", reload=True, reload_dirs=watched, log_config=None
    )
    StatReload(uvicorn_config, target=partial(reloaded, config), sockets=sockets).run()
    return 0


def reloaded(config: Config, sockets: list[socket.socket]) -> None:
    """What the child does: it has the sockets and settings of its parent, and its own imports."""
    prepare_allocator()
    log_as(config)
    serving(config, sockets)
