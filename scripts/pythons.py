"""Run the tests on the oldest and the newest other Python found here: python3 scripts/pythons.py [pytest's arguments].

Each runs in a copy of the project with an environment of its own, made by scripts/test.py. Left out is what is marked
one_python: live sound, the building of models, and what no Python changes. Ends with 1 when a run fails; a machine
without another Python is told so and is no fault.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _system import ROOT, say
from phases import NONE_RAN, side_by_side

OLDEST = (3, 10)
"""As requires-python says; ``tests/test_setup.py`` compares."""
LEFT_OUT = "not one_python and not by_hand"
FAILED = 1


def candidates() -> list[Path]:
    """Programs that may be a Python: on the path, and those of pyenv."""
    folders = [Path(f) for f in os.environ.get("PATH", "").split(os.pathsep) if f]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders += sorted(pyenv.glob("versions/*/bin"))
    return [p for f in folders for p in sorted(f.glob("python3*")) if re.fullmatch(r"python3(\.\d+)?(\.exe)?", p.name)]


def version(python: Path) -> tuple[int, ...]:
    """Its version, () where it doesn't start (pyenv's shims for versions that are not chosen don't)."""
    code = "import sys; print(*sys.version_info[:3], sys.version_info.releaselevel == 'final')"
    try:
        command = [str(python), "-I", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    *numbers, final = done.stdout.split() or [""]
    return tuple(map(int, numbers)) if done.returncode == 0 and final == "True" else ()


def others(found: dict[tuple[int, ...], Path], own: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The oldest and the newest that are supported, but for the minor version that runs the whole suite."""
    supported = sorted(v for v in found if v >= OLDEST)
    ends = dict.fromkeys(v for v in (supported[:1] + supported[-1:]) if v[:2] != own[:2])
    return list(ends)


def copy_of_project(folder: Path) -> Path:
    """What git would see of the project, in a folder of its own."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    project = folder / "project"
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    return project


def main(arguments: list[str]) -> int:
    """Look, run one after the other; 1 when one fails."""
    found = {version(p): p for p in reversed(candidates())}
    found.pop((), None)
    own = sys.version_info[:3]
    chosen = others(found, own)
    names = " and ".join(".".join(map(str, v)) for v in chosen) or "none"
    say(
        f"Other Pythons: {names}, of {len(found)} found; the whole suite ran on {'.'.join(map(str, own))}. "
        "Left out on these: live sound, building models, style and types."
    )
    failed = []
    for each in chosen:
        with tempfile.TemporaryDirectory(prefix="python-") as name:
            project = copy_of_project(Path(name))
            tests = [str(project / "scripts" / "test.py"), "-m", LEFT_OUT, *side_by_side(), *arguments]
            command = [str(found[each]), *tests]
            code = subprocess.run(command, cwd=project, check=False).returncode
        said = ".".join(map(str, each))
        say(f"Python {said}: {'passed' if code == 0 else f'failed with {code}'}.")
        if code not in (0, NONE_RAN):
            failed.append(said)
    return FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
