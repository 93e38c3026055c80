"""Reading what `/metrics` says."""

from collections.abc import Iterable

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

__all__ = ["Scrape", "scraped"]


class Scrape:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self.text = text
        families = [*text_string_to_metric_families(text)]
        self.families = {family.name: family.type for family in families}
        self.samples: list[Sample] = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of this name that have these labels."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str) -> set[str]:
        """The names of the labels of a sample, or of those of a family."""
        return {label for sample in self.named(name) for label in sample.labels}

    def named(self, name: str) -> Iterable[Sample]:
        return (sample for sample in self.samples if sample.name == name)


async def scraped(http: httpx.AsyncClient) -> Scrape:
    answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    return Scrape(answer.text)
