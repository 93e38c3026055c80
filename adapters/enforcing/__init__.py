"""What Ollama takes for advice, brought about: tool choices and structured output."""
