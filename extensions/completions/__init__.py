"""Chat completions that are kept, to be looked at later."""
