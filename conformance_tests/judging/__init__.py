"""What a run of the checks says of a server: verdicts, profiles, evidence, reports."""

__all__ = ["SUITE_VERSION"]

SUITE_VERSION = "1"
"""Goes up when a published check changes, so that two reports of one version can be compared."""
