"""System prompts that are kept as files, for sessions to begin with."""
