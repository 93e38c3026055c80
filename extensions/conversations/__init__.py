"""Conversations of OpenAI's API: the sessions, seen as items."""
