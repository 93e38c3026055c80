"""`python -m gateway` is `mochi`."""

import sys

from gateway.cli import main

if __name__ == "__main__":  # the reloader's child imports this file too
    sys.exit(main())
