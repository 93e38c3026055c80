"""What was counted, as the metric families of prometheus-client.

Imported at the first scrape: a start does not pay for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway import __version__
from gateway.core.metrics import WEBSOCKET, Metrics, Models, Traffic
from gateway.core.notes import NoteCounts
from gateway.core.tallies import Histogram

__all__ = ["Families", "registry"]

Words = tuple[str, ...]

NANO: Final = 1e-9

TOKENS: Final = (
    ("mochi_prompt_tokens", "Tokens of prompts.", "prompt_tokens"),
    (
        "mochi_cached_prompt_tokens",
        "Those of them that Ollama need not read again, where it says so.",
        "cached_tokens",
    ),
    ("mochi_completion_tokens", "Tokens that models wrote.", "completion_tokens"),
)
"""Of each model: the name of the metric, what it is, and where it is counted."""


def registry(metrics: Metrics) -> CollectorRegistry:
    """What a scrape reads: the families of these metrics, and those of the process."""
    made = CollectorRegistry(auto_describe=False)
    made.register(Families(metrics))
    ProcessCollector(namespace="mochi", registry=made)
    return made


class Families(Collector):
    """The families of the gateway's own metrics, made anew for every scrape."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        metrics = self._metrics
        yield InfoMetricFamily("mochi_build", "This gateway.", value={"version": __version__})
        yield from of_traffic(metrics.traffic)
        yield gauge("mochi_tasks", "Tasks of the event loop.", metrics.tasks)
        noted = metrics.noted
        yield gauge("mochi_streams_open", "Event streams that are open.", noted.open_streams)
        yield gauge("mochi_websockets_open", "WebSockets that are open.", noted.open_sockets)
        yield counter(
            "mochi_streams",
            "Event streams by how they ended.",
            ("ending",),
            noted.ended_streams.counts,
        )
        yield from of_models(metrics.models)
        yield from of_upstream(metrics)
        yield from of_tools(metrics)
        yield from of_extensions(metrics)
        yield from of_notes(noted)


def of_traffic(traffic: Traffic) -> Iterator[Metric]:
    answered = [(words, sum(times.counts)) for words, times in traffic.answered.items()]
    yield counter(
        "mochi_requests",
        "Requests that are over; status 0 is that of one whose client left before an answer.",
        ("route", "method", "status"),
        {(route, method, str(status)): count for (route, method, status), count in answered},
    )
    yield histogram(
        "mochi_request_duration_seconds",
        "From the head of a request to the end of its answer; WebSockets are left out.",
        ("route",),
        {(route,): times for route, times in by_route(traffic).items()},
    )
    yield gauge(
        "mochi_requests_in_flight",
        "Requests that are not over, open WebSockets among them.",
        traffic.in_flight,
    )


def by_route(traffic: Traffic) -> dict[str, Histogram]:
    """The durations of all methods and statuses of each route together."""
    routes: dict[str, Histogram] = {}
    for (route, method, _), times in traffic.answered.items():
        if method != WEBSOCKET:
            whole = routes.setdefault(route, Histogram(times.bounds))
            whole.counts = [*map(sum, zip(whole.counts, times.counts, strict=True))]
            whole.sum += times.sum
    return routes


def of_models(models: Models) -> Iterator[Metric]:
    each = {(name,): counts for name, counts in models.by_name.items()}
    model = ("model",)
    for name, about, field in TOKENS:
        yield counter(
            name, about, model, {of: getattr(counts, field) for of, counts in each.items()}
        )
    yield histogram(
        "mochi_time_to_first_token_seconds",
        "From the question to a model until there is something to pass on: the wait for the first "
        "byte, since Ollama sends nothing before, and includes queueing and loading.",
        model,
        {name: counts.first_token for name, counts in each.items()},
    )
    yield histogram(
        "mochi_time_per_output_token_seconds",
        "The time of generation by its tokens, one value for each answer.",
        model,
        {name: counts.per_token for name, counts in each.items()},
    )
    yield counter(
        "mochi_upstream_seconds",
        "What Ollama says it took to load a model, to read prompts and to write.",
        ("model", "phase"),
        {
            (*name, phase): nanoseconds * NANO
            for name, counts in each.items()
            for phase, nanoseconds in (
                ("load", counts.load),
                ("prompt", counts.prompt),
                ("generation", counts.generation),
            )
        },
    )


def of_upstream(metrics: Metrics) -> Iterator[Metric]:
    waiting = sum(queue.waiting for queue in metrics.queues)
    refused = sum(queue.refused for queue in metrics.queues)
    yield gauge("mochi_queue_waiting", "Requests that wait for Ollama to begin.", waiting)
    yield plain("mochi_queue_refused", "Requests that found the queue full.", refused)
    connections = GaugeMetricFamily(
        "mochi_upstream_connections", "Connections to Ollama.", labels=("state",)
    )
    connections.add_metric(("active",), sum(each.active for each in metrics.connections))
    connections.add_metric(("idle",), sum(each.idle for each in metrics.connections))
    yield connections
    opened = sum(each.opened for each in metrics.connections)
    yield plain("mochi_upstream_connections_opened", "Connections made to Ollama.", opened)


def of_tools(metrics: Metrics) -> Iterator[Metric]:
    yield counter(
        "mochi_tool_calls",
        "Calls of tools by how they ended.",
        ("tool", "outcome"),
        metrics.tools.calls.counts,
    )
    yield histogram(
        "mochi_tool_duration_seconds",
        "How long calls of tools took that were run.",
        (),
        {(): metrics.tools.durations},
    )
    yield gauge(
        "mochi_confirmations_open",
        "Questions about calls that wait for a person.",
        metrics.confirmations.open,
    )
    yield counter(
        "mochi_confirmations",
        "Such questions by how they ended.",
        ("answer",),
        metrics.confirmations.answered.counts,
    )


def of_extensions(metrics: Metrics) -> Iterator[Metric]:
    yield counter(
        "mochi_agent_runs", "Runs of agents by how they ended.", ("outcome",), metrics.agents.counts
    )
    yield counter(
        "mochi_session_turns",
        "Turns of sessions by how they ended.",
        ("outcome",),
        metrics.turns.counts,
    )
    yield plain("mochi_responses_stored", "Responses that were kept.", metrics.responses.stored)
    yield gauge(
        "mochi_responses_running",
        "Responses that run in the background.",
        metrics.responses.running,
    )


def of_notes(noted: NoteCounts) -> Iterator[Metric]:
    yield counter(
        "mochi_errors",
        "Answers and streams that ended in an error, by its code.",
        ("code",),
        noted.errors.counts,
    )
    yield counter(
        "mochi_ignored_fields",
        "Fields of requests that had no effect; undocumented ones are `other`.",
        ("field",),
        noted.ignored.counts,
    )
    yield counter(
        "mochi_repairs",
        "Answers in which a tool call was mended, by what was mended.",
        ("kind",),
        noted.repairs.counts,
    )
    yield plain(
        "mochi_retries",
        "Further questions to a model because its answer was not what was demanded.",
        noted.retries,
    )


def gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def plain(name: str, says: str, value: float) -> Metric:
    """A counter without labels; its name gets a `_total`."""
    return CounterMetricFamily(name, says, value=value)


def counter(name: str, says: str, labels: Words, counts: Mapping[Words, float]) -> Metric:
    """A counter with these labels; its name gets a `_total`."""
    family = CounterMetricFamily(name, says, labels=labels)
    for words, count in counts.items():
        family.add_metric(words, count)
    return family


def histogram(name: str, says: str, labels: Words, each: Mapping[Words, Histogram]) -> Metric:
    family = HistogramMetricFamily(name, says, labels=labels)
    for words, counted in each.items():
        family.add_metric(words, buckets(counted), counted.sum)
    return family


def buckets(counted: Histogram) -> Sequence[tuple[str, float]]:
    """How many values were at most each bound, which is what Prometheus counts."""
    bounds: Iterable[str] = [*(str(float(bound)) for bound in counted.bounds), "+Inf"]
    return list(zip(bounds, accumulate(counted.counts), strict=True))
