"""The typed vocabulary of a chat, shared by every dialect, backend and extension.

Imports msgspec and the standard library only. Structs are frozen, sequences are tuples, and
nothing is optional that has a meaningful empty value.
"""
