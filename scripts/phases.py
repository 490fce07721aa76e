"""Run the whole suite in two phases: side by side what is silent, then, alone, what plays and listens.

Without arguments ``scripts/test.py`` starts this; with arguments, pytest itself. Ends with pytest's exit code, that of
the first phase that failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 4
"""Processes side by side: each may need 1.5 GB."""
SILENT, LIVE = "not by_hand and not live_sound", "not by_hand and live_sound"
NONE_RAN = 5
"""Pytest's code where no test was chosen."""


def side_by_side() -> list[str]:
    """Arguments of pytest for as many processes as there are cores; each takes whole files."""
    return ["-n", str(max(1, min(MOST, os.cpu_count() or 1))), "--dist", "loadfile"]


def run(arguments: Sequence[str], given: Mapping[str, str]) -> int:
    """Both phases.

    Args:
        arguments: Pytest's, for both.
        given: The environment.

    """
    pytest = [sys.executable, "-m", "pytest", *arguments]
    phases = ([*side_by_side(), "-m", SILENT], ["-m", LIVE])
    codes = [subprocess.run([*pytest, *row], cwd=ROOT, env=dict(given), check=False).returncode for row in phases]
    return next((code for code in codes if code not in (0, NONE_RAN)), 0)


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:], os.environ))
    except KeyboardInterrupt:  # Ctrl-C: pytest has said so
        sys.exit(130)
