from .builder import draft_agent, list_agents, show_agent

__all__ = ["draft_agent", "list_agents", "show_agent"]
