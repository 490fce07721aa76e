"""``python -m companion``."""

import sys

from companion.cli import main

if __name__ == "__main__":  # workers that spawn import this module again
    sys.exit(main())
