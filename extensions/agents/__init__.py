"""Agents: a folder with a prompt and tools, which plans and then acts."""
