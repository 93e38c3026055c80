"""Foreign wire formats, translated to and from the core: synchronous, pure, no I/O."""
