"""The wiring list: from settings to a running application. The one file that knows everything."""

import os
from collections.abc import Callable
from pathlib import Path

from litestar.plugins import InitPlugin
from litestar.types import ASGIApp
from msgspec.structs import replace

from adapters.aliased import AliasedBackend, meant_by
from adapters.enforcing.backend import EnforcingBackend
from adapters.images.backend import FetchingBackend
from adapters.images.fetcher import ImageFetcher
from adapters.ollama.backend import OllamaBackend
from adapters.ollama.passthrough import OllamaPassthrough
from adapters.structured import OllamaStructured
from adapters.upstream.client import Timeouts, UpstreamClient
from extensions.agents.chats import AgentChats
from extensions.agents.folder import AgentFolder
from extensions.agents.models import PREFIX, AgentModels
from extensions.agents.prompts import PhasePrompts
from extensions.agents.routes import AgentsExtension
from extensions.agents.service import Agents
from extensions.agents.tool import AgentToolbox
from extensions.chat.routes import ChatExtension
from extensions.chat.service import Chats
from extensions.completions.routes import completion_routes
from extensions.completions.service import StoreKeeper
from extensions.completions.store import CompletionStore
from extensions.confirmation.routes import ConfirmationExtension
from extensions.confirmation.service import Confirmations
from extensions.context.window import first_window
from extensions.conversations.history import SessionHistory
from extensions.conversations.routes import conversation_routes
from extensions.conversations.service import Conversations
from extensions.conversations.translation import content_of
from extensions.prompts.routes import PromptsExtension
from extensions.prompts.store import PromptFiles
from extensions.responses.routes import ResponsesExtension
from extensions.responses.service import Responses
from extensions.responses.store import ResponseStore
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.routes import SessionsExtension
from extensions.sessions.service import Sessions
from extensions.status.routes import About, StatusExtension
from extensions.summaries.backlog import Backlog
from extensions.summaries.routes import SummariesExtension
from extensions.summaries.service import Summaries
from extensions.tools.routes import ToolsExtension
from extensions.tools.service import FolderTools
from gateway import __version__
from gateway.app import create_app
from gateway.config import Config, load
from gateway.core.backend import Backend
from gateway.core.metrics import Metrics
from gateway.http.guards import GuardRules
from gateway.http.ollama import LARGE_BODIES, OllamaRoutes
from gateway.http.openai.hot import Rules
from gateway.http.origins import LOOPBACK_NAMES
from gateway.logs.configuring import request_log

__all__ = ["build", "from_environment", "ollama"]

SUMMARIES_AT_THE_END = 5
"""Seconds."""
TO_KEEP_THEM = 1
"""Seconds of the time for answers in which responses that were cut short are written."""
A_DAY = 86400
"""Seconds: Ollama says nothing while it verifies or converts what may be a terabyte."""


def build(config: Config) -> ASGIApp:
    """The whole gateway. Nothing connects or opens a file before it is served."""
    metrics = Metrics()
    backend: Backend = EnforcingBackend(ollama(config, metrics))
    if config.aliases:
        backend = AliasedBackend(backend, config.aliases)
    agents = agents_of(config, metrics)
    sessions = sessions_of(config)
    summaries = summaries_of(config, backend, sessions, metrics)
    conversations = Conversations(
        sessions,
        window=first_window(None),
        lasts=model_lasts(config),
        talking=summaries.paused,
        replied=summaries.schedule,
    )
    models = openai_models(config, backend, agents, metrics)
    responses = ResponsesExtension(
        responses_of(config, models, backend, conversations, metrics), days=config.responses_days
    )
    completions = CompletionStore(config.folder(config.completions_dir))
    rules = Rules(
        max_body=config.max_body_bytes,
        max_open=config.max_streams,
        max_n=config.max_n,
        strict=config.strict,
        counts=metrics.noted,
    )
    return create_app(
        models,
        extensions=[
            *extensions(config, backend, agents, sessions, summaries, metrics),
            responses,
        ],
        mounted=[
            responses.mounted(rules),
            completion_routes(completions),
            conversation_routes(conversations, rules),
        ],
        keeper=StoreKeeper(completions),
        history=SessionHistory(conversations),
        guards=guard_rules(config),
        rules=rules,
        ollama=ollama_routes(config, metrics) if config.ollama_passthrough else None,
        documents=config.on_loopback or config.api_key is not None,
        metrics=metrics,
        metrics_shown=config.metrics,
        log_request=request_log(),
    )


def openai_models(config: Config, backend: Backend, agents: Agents, metrics: Metrics) -> Backend:
    """The models under `/v1`."""
    if config.agent_models:
        most = config.max_agent_iterations
        backend = AgentModels(
            backend, agents, default_model=config.default_model, most=most, metrics=metrics
        )
        named = {name: model for name, model in config.aliases.items() if model.startswith(PREFIX)}
        backend = AliasedBackend(backend, named) if named else backend
    if config.allow_remote_images:  # outside of those who ask again: once is enough
        backend = FetchingBackend(backend, ImageFetcher())
    return backend


def model_lasts(config: Config) -> Callable[[str], bool]:
    """Tells whether a model can be asked under `/api/v1`, too: an agent cannot."""
    meant = meant_by(config.aliases)
    return lambda model: not (config.agent_models and meant(model).startswith(PREFIX))


def extensions(
    config: Config,
    backend: Backend,
    agents: Agents,
    sessions: Sessions,
    summaries: Summaries,
    metrics: Metrics,
) -> list[InitPlugin]:
    """What the gateway has under `/api/v1`."""
    timeout = config.tool_timeout_seconds
    tools = FolderTools(config.folder(config.tools_dir), timeout=timeout, counts=metrics.tools)
    prompts = PromptFiles(config.folder(config.system_prompts_dir))
    confirmations = Confirmations(
        timeout=config.confirmation_timeout_seconds, counts=metrics.confirmations
    )
    agent_sessions = Sessions(JSONSessionStore(config.folder(config.agent_chats_dir)))
    agent_chats = AgentChats(
        agent_sessions,
        agents,
        backend,
        most=config.max_agent_iterations,
        dynamic_windows=config.dynamic_context_window_enabled,
        metrics=metrics,
    )
    chats = Chats(
        sessions,
        backend,
        toolbox=AgentToolbox(tools, agents, agent_chats),
        confirmations=confirmations,
        dynamic_windows=config.dynamic_context_window_enabled,
        max_open=config.max_streams,
        content_of=content_of,
        talking=summaries.paused,
        replied=summaries.schedule,
        metrics=metrics,
    )
    about = About(
        ollama_host=config.ollama_shown,
        version=__version__,
        dynamic_window=config.dynamic_context_window_enabled,
    )
    return [
        SummariesExtension(summaries, sessions),  # the first to begin is the last to end
        StatusExtension(backend, sessions, tools, about),
        SessionsExtension(sessions, backend, prompts, first_window, agents.check),
        ToolsExtension(tools),
        AgentsExtension(agents, agent_sessions),
        PromptsExtension(prompts),
        ChatExtension(chats),
        ConfirmationExtension(confirmations),
    ]


def agents_of(config: Config, metrics: Metrics) -> Agents:
    folder = config.folder(config.agents_dir)
    planning, execution = config.planning_prompt_path, config.execution_prompt_path
    return Agents(
        AgentFolder(folder, config.folder(config.agent_chats_dir)),
        FolderTools(folder, timeout=config.tool_timeout_seconds, apart=True, counts=metrics.tools),
        PhasePrompts(config.folder(planning), config.folder(execution)),
    )


def responses_of(
    config: Config,
    models: Backend,
    plain: Backend,
    conversations: Conversations,
    metrics: Metrics,
) -> Responses:
    """Responses by these models; the `plain` ones, without agents, count and summarise."""
    return Responses(
        models,
        ResponseStore(config.folder(config.responses_dir)),
        models=plain,
        conversations=conversations,
        most_background=config.max_streams,
        patience=config.drain_seconds - min(TO_KEEP_THEM, config.drain_seconds / 2),
        metrics=metrics,
    )


def sessions_of(config: Config) -> Sessions:
    return Sessions(JSONSessionStore(config.folder(config.sessions_dir)))


def summaries_of(
    config: Config, backend: Backend, sessions: Sessions, metrics: Metrics
) -> Summaries:
    return Summaries(
        sessions,
        backend,
        OllamaStructured(config.ollama_host, patience(config), metrics),
        backlog=Backlog(config.folder(config.sessions_dir)),
        enabled=config.summarization_enabled,
        dynamic_windows=config.dynamic_context_window_enabled,
        meant=meant_by(config.aliases),
        # What is not made by then is noted, and made at the next start.
        patience=min(SUMMARIES_AT_THE_END, config.drain_seconds / 2),
    )


def from_environment() -> ASGIApp:
    """The gateway by `MOCHI_*` and `mochi.toml` alone, for `--factory` of any ASGI server."""
    return build(load({}, os.environ, Path.cwd()))


def ollama(config: Config, metrics: Metrics) -> OllamaBackend:
    client = UpstreamClient(config.ollama_host, timeouts=patience(config))
    return OllamaBackend(
        client,
        context=config.context,
        queue_limit=config.queue_limit,
        repair=config.repair,
        metrics=metrics,
    )


def connected(config: Config, timeouts: Timeouts, metrics: Metrics) -> UpstreamClient:
    """A way to Ollama whose connections are counted."""
    client = UpstreamClient(config.ollama_host, timeouts=timeouts)
    metrics.connections.append(client)
    return client


def ollama_routes(config: Config, metrics: Metrics) -> OllamaRoutes:
    asking = OllamaPassthrough(connected(config, patience(config), metrics))
    managing = None
    if config.ollama_manage:
        unhurried = replace(patience(config), first_byte=A_DAY, between_reads=A_DAY)
        managing = OllamaPassthrough(connected(config, unhurried, metrics))
    return OllamaRoutes(
        asking, managing, max_body=config.max_body_bytes, max_open=config.max_streams
    )


def patience(config: Config) -> Timeouts:
    return Timeouts(
        connect=config.upstream_connect_timeout_seconds,
        first_byte=config.upstream_first_byte_timeout_seconds,
        between_reads=config.upstream_read_timeout_seconds,
    )


def guard_rules(config: Config) -> GuardRules:
    # 0.0.0.0 as a Host is how a web page reaches what trusts local callers.
    bound = () if config.on_every_address else (config.host,)
    return GuardRules(
        allowed_hosts=(*LOOPBACK_NAMES, *bound, *config.allowed_hosts),
        cors_origins=config.cors_origins,
        api_key=config.api_key,
        max_body=config.max_body_bytes,
        large_bodies=("/v1/", *(LARGE_BODIES if config.ollama_passthrough else ())),
    )
