"""Run the tests and print which branches of ``companion/`` they took: python3 scripts/test.py --branches [pytest's].

Ends with pytest's exit code. The tests' own processes are counted whole. Worker processes and commands that the tests
start are counted but for understanding, content and text, which other tests run in their own process: tracing these
again would double each start. Not counted: processes that are killed, and those whose environment a test cleared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import phases

ROOT = Path(__file__).resolve().parent.parent
AIM = 95.0
"""Percent of branches that should be taken. Printed, not enforced: skipped tests lower it."""
NOT_IN_CHILDREN = ("understanding", "content", "text")

SETTINGS = """
[run]
branch = true
source = {companion}
omit = {omitted}
parallel = true
data_file = {data}
# A worker ends by os._exit, which would lose what was counted.
patch = _exit
# A warning on the standard error would be taken for the program's own words.
disable_warnings = no-data-collected, module-not-imported, module-not-measured, no-sysmon, couldnt-parse, no-ctracer

[report]
precision = 1
exclude_also =
    if TYPE_CHECKING:
    ^\\s*\\.\\.\\.$
    : \\.\\.\\.$
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


def settings(folder: Path, child: bool) -> Path:
    """Write the settings of coverage for the tests' process or for those that they start."""
    omitted = "".join(f"\n    {ROOT}/companion/{room}/*" for room in NOT_IN_CHILDREN if child)
    text = SETTINGS.format(companion=ROOT / "companion", omitted=omitted, data=folder / "data")
    path = folder / ("child.rc" if child else "rc")
    path.write_text(text, "utf-8")
    return path


def main(arguments: list[str]) -> int:
    """Run the tests, each process under coverage, then report; pytest's exit code."""
    import coverage

    with tempfile.TemporaryDirectory(prefix="branches-") as name:
        folder = Path(name)
        env = {
            **os.environ,
            # Read by coverage's own file in site-packages as each Python starts.
            "COVERAGE_PROCESS_START": str(settings(folder, child=False)),
            # What the tests start: conftest.py puts it in the other's place.
            "COMPANION_BRANCHES_CHILDREN": str(settings(folder, child=True)),
        }
        if arguments:
            command = [sys.executable, "-m", "pytest", *arguments]
            code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
        else:
            code = phases.run([], env)
        processes = len(list(folder.glob("data.*")))
        counting = coverage.Coverage(config_file=str(folder / "rc"))
        with warnings.catch_warnings(record=True) as cut:  # one for each file of a process that was killed as it wrote
            warnings.simplefilter("always")
            counting.combine()
        processes -= len({str(w.message) for w in cut})
        out = Path(os.environ.get("COMPANION_BRANCHES", "") or folder / "report.json")
        counting.json_report(outfile=str(out))
        report = json.loads(out.read_text("utf-8"))
    lines, branches = shares(report["totals"])
    for line in least(report["files"]):
        print(line)
    print(
        f"Branches of companion/ taken: {branches:.1f} % (aim {AIM:.0f}), counted in {processes} processes. "
        f"Statements run: {lines:.1f} %."
    )
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
