"""Calls that wait for the yes of a person."""
