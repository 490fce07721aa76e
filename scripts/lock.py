"""Pin every package with its hashes: python3 scripts/lock.py [--check]. Needs uv (pip install uv) and the index.

Writes ``requirements.lock`` (what Companion needs) and ``requirements-dev.lock`` (what its tests need as well) beside
this file, for Python 3.10 and newer on Linux and Windows. ``run.py`` and ``test.py`` install from them. On macOS they
can't serve: pyttsx3 brings 160 packages there, with markers that some pips can't read.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _system import ROOT, lock_file, locked_for, needs_digest

ALSO = "setuptools>=77\n"
"""What builds the project itself: with it locked, nothing unlocked is fetched."""


def locked(extra: str) -> str:
    """The text of a lock file.

    Raises:
        subprocess.CalledProcessError: uv failed; its words are on the standard error.

    """
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("error: uv is not here. Install it with: pip install uv")
    with tempfile.TemporaryDirectory() as folder:
        also, out = Path(folder, "also.in"), Path(folder, "out")
        also.write_text(ALSO, "utf-8")
        command = [uv, "pip", "compile", str(ROOT / "pyproject.toml"), str(also), "--universal", "--python-version"]
        command += ["3.10", "--generate-hashes", "--no-header", "--no-emit-index-url", "--no-annotate", "--quiet"]
        command += ["--output-file", str(out)] + (["--extra", extra] if extra else [])
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        text = out.read_text("utf-8")
    blocks = re.split(r"(?m)^(?=[a-z])", text)
    kept = [b for b in blocks if not b.startswith("pyobjc")]
    return f"# Made by scripts/lock.py.\n# needs: {needs_digest()}\n{''.join(kept)}"


def main() -> int:
    """Write, or with ``--check`` look whether the files are up to date (no network)."""
    if "--check" in sys.argv[1:]:
        stale = [lock_file(e).name for e in ("", "dev") if locked_for(e) != needs_digest()]
        if stale:
            print(f"error: {' and '.join(stale)} are older than pyproject.toml. Run: python3 scripts/lock.py")
        return 1 if stale else 0
    for extra in ("", "dev"):
        lock_file(extra).write_text(locked(extra), "utf-8")
        print(f"Wrote {lock_file(extra).name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
