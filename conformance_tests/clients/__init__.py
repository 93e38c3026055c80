"""What real clients send, replayed byte for byte where bytes matter, and judged as they read it."""
