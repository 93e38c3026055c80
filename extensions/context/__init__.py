"""How large a context window a session asks for."""
