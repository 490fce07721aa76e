"""The golden conversations in tests/data/golden: what is typed, and everything that is said.

    .venv/bin/python scripts/golden.py            compare
    .venv/bin/python scripts/golden.py --write    take what is said now, to be read as a diff

A line that begins with "you: " is typed; the lines after it are the answer. Without MiniLM and with an empty home, so
that every machine says the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "data" / "golden"


def replayed(path: Path, seed: str = "0") -> str:
    """The whole conversation as it goes now, in a process of its own.

    Args:
        path: A golden conversation; only its "you: " lines count.
        seed: Python's hash seed for that process.

    """
    typed = [line[5:] for line in path.read_text("utf-8").splitlines() if line.startswith("you: ")]
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "COMPANION_HOME": home, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-m", "companion", "--text", "--quiet"], input="\n".join([*typed, ""]),
            capture_output=True, text=True, encoding="utf-8", cwd=ROOT, env=env, check=True,
        )  # fmt: skip
    return done.stdout


def main() -> int:
    """Compare or write; 1 when a conversation has changed."""
    changed = 0
    for path in sorted(GOLDEN.glob("*.txt")):
        now = replayed(path)
        if now != path.read_text("utf-8"):
            changed += 1
            print(f"{path.name} has changed.")
            if "--write" in sys.argv[1:]:
                path.write_text(now, "utf-8")
    return 1 if changed and "--write" not in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
