"""`POST /v1/responses`: what goes in, what comes out, and the events between."""
