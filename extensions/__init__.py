"""Stateful features over the core, under `/api/v1`; each package is one line in the assembly."""
