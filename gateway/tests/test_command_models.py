"""The table of models, and the line about Ollama."""

from datetime import UTC, datetime

import pytest

from adapters.simulator import Simulator
from gateway.cli import main
from gateway.commands.models import ollama_status, table
from gateway.config import Config
from gateway.core.models import ModelCard

NOWHERE = "http://127.0.0.1:9"


def test_the_table_is_aligned() -> None:
    cards = [
        ModelCard(
            name="qwen3:8b",
            modified_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC),
            size=5_225_388_164,
            parameter_size="8.2B",
            quantization="Q4_K_M",
            context_length=40960,
            capabilities=frozenset({"tools", "completion"}),
        ),
        ModelCard(
            name="all-minilm:latest", modified_at=datetime(2026, 1, 2, tzinfo=UTC), size=45_960_996
        ),
    ]
    assert table(cards).splitlines() == [
        "NAME               SIZE    PARAMETERS  QUANTIZATION  CONTEXT  CAPABILITIES       MODIFIED",
        "qwen3:8b           5.2 GB  8.2B        Q4_K_M        40960    completion, tools  "
        "2026-03-04 05:06",
        "all-minilm:latest  46 MB                                                         "
        "2026-01-02 00:00",
    ]


def test_without_an_ollama_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--base-url", NOWHERE]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"mochi: Ollama does not answer at {NOWHERE} yet: start it with")
    assert said.count("\n") == 1


async def test_the_status_line_says_that_nobody_answers() -> None:
    said = await ollama_status(Config(ollama_host=NOWHERE))
    assert said.startswith(f"Ollama does not answer at {NOWHERE} yet")


async def test_the_status_line_says_which_ollama_answers_and_what_it_has() -> None:
    async with Simulator(version="1.2.3") as simulator:
        said = await ollama_status(Config(ollama_host=simulator.url))
    assert said.startswith(f"Ollama 1.2.3 at {simulator.url} has ")
    assert said.endswith(" models.")
