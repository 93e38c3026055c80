"""Summaries of sessions: in the background after every answer, and on demand."""
