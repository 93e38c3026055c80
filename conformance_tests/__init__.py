"""Black-box checks of an OpenAI-compatible server, over HTTP alone.

`pytest conformance_tests` starts the gateway on its simulator and checks that;
`pytest conformance_tests --base-url http://127.0.0.1:11434/v1 --model NAME` checks any other
server, and leaves out `mochi/`. `mochi conformance` does the same with a report, and needs no
checkout; `judging/` is what it judges with.

Nothing of the gateway is imported: what a check knows, a client could know.
"""
