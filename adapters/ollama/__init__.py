"""A real Ollama, spoken to in its native protocol."""
