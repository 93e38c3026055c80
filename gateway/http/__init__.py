"""HTTP, thin: decode, call, stream, and render errors once for each API family."""
