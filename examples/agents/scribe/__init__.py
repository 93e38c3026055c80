from .scribe import jot, list_notes, read_notes, search_notes

__all__ = ["jot", "list_notes", "read_notes", "search_notes"]
