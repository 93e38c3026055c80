"""OpenAI's API, one folder or file per surface."""
