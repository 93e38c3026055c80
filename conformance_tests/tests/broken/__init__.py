"""A server that does one thing wrong: our gateway on its simulator, and something in between.

`http://127.0.0.1:PORT/24/v1` has the fault of row 24 and no other; `/0/v1` has none.
"""
