"""Measuring an OpenAI-compatible server: `mochi bench` in parts."""
