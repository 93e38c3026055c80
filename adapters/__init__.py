"""Model backends: they turn a core request into a stream of core events."""
