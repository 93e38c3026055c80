"""What `mochi conformance` shows while it judges a server, and afterwards."""
