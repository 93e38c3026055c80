"""Each defect, by the number of its row in `conformance_tests/rows.py`."""

from conformance_tests.tests.broken import (
    embeddings,
    errors,
    formats,
    models,
    prompts,
    responses,
    streams,
    tools,
)
from conformance_tests.tests.broken.defect import Defect

__all__ = ["DEFECTS"]

GROUPS = (embeddings, errors, formats, models, prompts, responses, streams, tools)

DEFECTS: dict[int, Defect] = {
    row: defect for group in GROUPS for row, defect in group.DEFECTS.items()
}
