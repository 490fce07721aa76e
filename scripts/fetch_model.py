"""Fetch speech models: python3 scripts/fetch_model.py [NAME …] [--list] [--from FOLDER]."""

import sys

# This file also has to be read by an old Python, so that it can say so: no newer syntax here.
if sys.version_info < (3, 10):  # noqa: UP036 - the whole point of the line
    sys.stderr.write(
        "error: This is Python %d.%d, and Companion needs 3.10 or newer. "  # noqa: UP031 - read by old Python
        "Install one from your system or from python.org, and start again with it.\n" % sys.version_info[:2]
    )
    sys.exit(1)

import _fetch

if __name__ == "__main__":
    sys.exit(_fetch.main(sys.argv[1:]))
