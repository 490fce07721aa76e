"""Run the tests and print which branches of ``companion/`` they took: .venv/bin/python scripts/branches.py [pytest's].

Ends with pytest's exit code. Worker processes and commands that the tests start are counted too, but for those that are
killed (they write nothing) and those whose environment a test cleared. By hand, with coverage from pip (7.10 or newer).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AIM = 95.0
"""Percent of branches that should be taken. Printed, not enforced: skipped tests lower it."""

SETTINGS = """
[run]
branch = true
source = {companion}
parallel = true
data_file = {data}
concurrency = thread, multiprocessing
patch = subprocess, _exit, execv

[report]
precision = 1
skip_covered = true
exclude_also =
    if TYPE_CHECKING:
    ^\\s*\\.\\.\\.$
    @overload
"""


def shares(counts: dict[str, int]) -> tuple[float, float]:
    """Percent of statements and of branches that ran, from a coverage report's counts."""

    def share(done: int, all_of: int) -> float:
        return 100.0 * done / all_of if all_of else 100.0

    return (
        share(counts["covered_lines"], counts["num_statements"]),
        share(counts["covered_branches"], counts["num_branches"]),
    )


def least(files: dict[str, dict[str, dict[str, int]]], many: int = 12) -> list[str]:
    """A line for each of the files with the most branches not taken."""
    left = sorted(((f["summary"]["missing_branches"], name) for name, f in files.items()), reverse=True)
    return [f"{name}: {count} branches not taken." for count, name in left[:many] if count]


def main(arguments: list[str]) -> int:
    """Run pytest under coverage, then report; pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="branches-") as folder:
        rc = Path(folder, "rc")
        rc.write_text(SETTINGS.format(companion=ROOT / "companion", data=Path(folder, "data")), "utf-8")
        coverage = [sys.executable, "-m", "coverage"]
        tested = [*coverage, "run", f"--rcfile={rc}", "-m", "pytest", *arguments]
        code = subprocess.run(tested, cwd=ROOT, check=False).returncode
        out = Path(os.environ.get("COMPANION_BRANCHES", "") or Path(folder, "report.json"))
        for step in (["combine", "--quiet"], ["json", "--quiet", "-o", str(out)]):
            done = subprocess.run([*coverage, *step, f"--rcfile={rc}"], cwd=ROOT, check=False)
            if done.returncode:
                print("Branches: nothing could be counted.")
                return code or 1
        report = json.loads(out.read_text("utf-8"))
    lines, branches = shares(report["totals"])
    for line in least(report["files"]):
        print(line)
    print(f"Branches of companion/ taken: {branches:.1f} % (aim {AIM:.0f}). Statements run: {lines:.1f} %.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
