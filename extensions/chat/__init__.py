"""Chat within a session."""
