"""What is counted of requests, models and notes."""

from gateway.core.events import Finished, Timings, Usage
from gateway.core.metrics import Metrics, Models, Traffic
from gateway.core.notes import Notes
from gateway.core.tallies import OTHER

END = Finished("stop", Usage(10, 4, 3), Timings(9, 1, 2, 400_000_000))


def test_a_model_is_one_in_every_spelling() -> None:
    models = Models()
    for name in ("Demo", "demo:latest", "library/demo"):
        models.answered((name, END, 0.25, None))
    models.settle()
    [(name, of_model)] = models.by_name.items()
    assert name == "demo:latest"
    assert (of_model.prompt_tokens, of_model.completion_tokens) == (30, 12)
    assert (of_model.cached_tokens, of_model.load, of_model.prompt) == (9, 3, 6)
    assert of_model.generation == 1_200_000_000
    assert (sum(of_model.first_token.counts), of_model.first_token.sum) == (3, 0.75)
    assert (sum(of_model.per_token.counts), round(of_model.per_token.sum, 9)) == (3, 0.3)


def test_what_did_not_grow_has_no_first_token() -> None:
    models = Models()
    models.answered(("demo", Finished("stop", Usage(prompt_tokens=5)), 0.0, None))
    models.settle()
    of_model = models.by_name["demo:latest"]
    assert of_model.prompt_tokens == 5
    assert sum(of_model.first_token.counts) == sum(of_model.per_token.counts) == 0


def test_not_more_models_than_a_label_may_have() -> None:
    models = Models()
    for number in range(300):
        models.answered((f"model-{number}", END, 0.1, None))
    models.settle()
    assert len(models.by_name) == 201
    assert models.by_name[OTHER].prompt_tokens == 1000


def test_in_flight_is_what_has_begun_and_is_not_over() -> None:
    traffic = Traffic()
    traffic.begun = 3
    traffic.durations("/v1/models", "GET", 200).observe(0.1)
    traffic.durations("/v1/models", "BREW", 405).observe(0.1)
    for times in traffic.answered.values():
        times.settle()
    assert traffic.in_flight == 1
    assert [*traffic.answered] == [("/v1/models", "GET", 200), ("/v1/models", OTHER, 405)]


def test_notes_are_counted_once_and_only_documented_fields_by_name() -> None:
    metrics = Metrics()
    metrics.noted.fields = frozenset(["user", "stream_options"])
    notes = Notes(counts=metrics.noted)
    for name in ("user", "user", "stream_options.wow", "messages[0].secret", "sk-123"):
        notes.ignore(name)
    notes.repair("hermes")
    notes.repair("hermes")
    notes.retry()
    assert metrics.noted.ignored.counts == {("user",): 1, ("stream_options",): 1, (OTHER,): 2}
    assert metrics.noted.repairs.counts == {("hermes",): 1}
    assert (notes.retries, metrics.noted.retries) == (1, 1)
