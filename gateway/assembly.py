"""The wiring list: from settings to a running application. The one file that knows everything."""

import os
from pathlib import Path

from litestar.types import ASGIApp

from adapters.enforcing.backend import EnforcingBackend
from adapters.ollama.backend import OllamaBackend
from adapters.upstream.client import Timeouts, UpstreamClient
from extensions.status.routes import StatusExtension
from gateway import __version__
from gateway.app import create_app
from gateway.config import Config, load
from gateway.core.backend import Backend
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.http.origins import LOOPBACK_NAMES

__all__ = ["build", "from_environment", "ollama"]


def build(config: Config) -> ASGIApp:
    """The whole gateway. Nothing connects or opens a file before it is served."""
    backend: Backend = EnforcingBackend(ollama(config))
    return create_app(
        backend,
        extensions=[
            StatusExtension(backend, ollama_host=config.ollama_shown, version=__version__),
        ],
        guards=guard_rules(config),
        rules=Rules(
            max_body=config.max_body_bytes,
            max_open=config.max_streams,
            max_n=config.max_n,
            strict=config.strict,
        ),
        documents=config.on_loopback or config.api_key is not None,
    )


def from_environment() -> ASGIApp:
    """The gateway by `MOCHI_*` and `mochi.toml` alone, for `--factory` of any ASGI server."""
    return build(load({}, os.environ, Path.cwd()))


def ollama(config: Config) -> OllamaBackend:
    timeouts = Timeouts(
        connect=config.upstream_connect_timeout_seconds,
        first_byte=config.upstream_first_byte_timeout_seconds,
        between_reads=config.upstream_read_timeout_seconds,
    )
    client = UpstreamClient(config.ollama_host, timeouts=timeouts)
    return OllamaBackend(client, context=config.context, queue_limit=config.queue_limit)


def guard_rules(config: Config) -> GuardRules:
    # 0.0.0.0 as a Host is how a web page reaches what trusts local callers.
    bound = () if config.on_every_address else (config.host,)
    return GuardRules(
        allowed_hosts=(*LOOPBACK_NAMES, *bound, *config.allowed_hosts),
        cors_origins=config.cors_origins,
        api_key=config.api_key,
        max_body=config.max_body_bytes,
    )
