"""The OpenAI API as users call it: through the official Python SDK."""
