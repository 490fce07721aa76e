"""Look the pinned packages up in the list of known weaknesses: python3 scripts/audit.py.

Where that list can't be reached within a few seconds it says so and ends with 0: a machine without a network is no
fault. Where it can, pip-audit is put into a folder of its own and asked; 1 when it names a package.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from _system import lock_file

SOURCE = "api.osv.dev"
PORT = 443
PATIENCE = 3.0
"""Seconds for the connection, and again for the encryption."""


def reachable() -> bool:
    """Whether the list answers at all; in a process of its own, since a name's look-up has no other end."""
    probe = (
        "import socket, ssl, sys\n"
        "raw = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))\n"
        "ssl.create_default_context().wrap_socket(raw, server_hostname=sys.argv[1]).close()\n"
    )
    try:
        command = [sys.executable, "-c", probe, SOURCE, str(PORT), str(PATIENCE)]
        done = subprocess.run(command, capture_output=True, timeout=2 * PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> int:
    """Audit; 1 when a pinned package has a known weakness."""
    if not reachable():
        print("Audit: the list of known weaknesses can't be reached, so nothing was looked up. This is no pass.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder, "Scripts" if sys.platform == "win32" else "bin", "python"))
        try:
            quiet = subprocess.run([python, "-m", "pip", "install", "-q", "pip-audit"], timeout=300, check=False)
        except subprocess.TimeoutExpired:
            quiet = None
        if quiet is None or quiet.returncode:
            print("Audit: pip-audit could not be installed, so nothing was looked up. This is no pass.")
            return 0
        asked = [python, "-m", "pip_audit", "--require-hashes", "--disable-pip", "-s", "osv", "-r", str(lock_file(""))]
        return 1 if subprocess.run(asked, timeout=300, check=False).returncode else 0


if __name__ == "__main__":
    sys.exit(main())
