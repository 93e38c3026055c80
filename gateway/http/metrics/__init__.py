"""`GET /metrics`: what was counted, for Prometheus."""
