"""What may be said on the command line: whom to judge, and as whom.

A plugin, because pytest looks for options before it looks into an installed package: `pytest -p
conformance_tests.options --pyargs conformance_tests`, or in short `python -m conformance_tests`.
"""

from dataclasses import dataclass

import pytest

from conformance_tests.judging.profiles import PROFILES

__all__ = ["Options", "options_of"]


@dataclass(frozen=True)
class Options:
    """`None` is what was not said."""

    base_url: str | None
    model: str | None
    api_key: str | None
    tools_model: str | None
    thinking_model: str | None
    vision_model: str | None
    embedding_model: str | None
    insert_model: str | None
    patience: float | None
    kills: int | None
    profile: list[str] | None
    report: str | None


def options_of(config: pytest.Config) -> Options:
    """What was said; nothing where this plugin came too late to ask."""
    names = Options.__dataclass_fields__
    return Options(**{name: config.getoption(name, None) for name in names})


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "judging an OpenAI-compatible server")
    group.addoption("--base-url", help="the server, with its /v1; default: our own gateway")
    group.addoption("--model", help="the model to ask on that server")
    group.addoption("--api-key", help="its key")
    group.addoption("--tools-model", help="a model that calls tools; default: that of --model")
    group.addoption("--thinking-model", help="a model that thinks; without it nothing is checked")
    group.addoption("--vision-model", help="a model that sees; without it nothing is checked")
    group.addoption("--embedding-model", help="a model that embeds; without it nothing is checked")
    group.addoption("--insert-model", help="a model that takes `suffix`; without it, the same")
    group.addoption("--patience", type=float, help="seconds to wait for one answer; default: 60")
    group.addoption("--kills", type=int, help="how often our gateway is killed; default: 4")
    group.addoption(
        "--profile", action="append", metavar="NAME", help="only its checks; may be said again"
    )
    group.addoption("--report", metavar="DIR", help="write report.json, report.md and index.html")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "soak: a thousand requests, or a long wait; takes up to a minute"
    )
    config.addinivalue_line(
        "markers",
        "cooperation(times, least): needs the model's goodwill, so it is asked `times` times, and "
        "`least` of them must go well",
    )
    config.addinivalue_line("markers", "clients: needs the clients of examples/clients/")
    options = options_of(config)
    for name in options.profile or ():
        if name not in PROFILES:
            raise pytest.UsageError(f"there is no profile {name}, only {', '.join(PROFILES)}")
    if options.base_url and not options.model:
        raise pytest.UsageError("--base-url needs --model: which model should it be asked for?")
