"""Responses that are kept, so that others can follow them."""
