"""The OpenAI API on the raw wire."""
