"""The HTTP/1.1 client that every backend streams through."""
