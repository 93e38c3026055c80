"""The log: what its lines look like, and where they go."""
