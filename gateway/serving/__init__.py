"""An ASGI application on listening sockets, by uvicorn's protocol.

Beside what uvicorn does: deadlines, one write for a small answer, and an orderly end.
"""
