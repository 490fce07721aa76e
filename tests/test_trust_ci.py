"""How the tests are run: in two phases, with their branches counted, and on other Pythons."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scripts"))

import branches
import phases
import pythons

ROOT = Path(__file__).resolve().parent.parent


def test_the_oldest_and_the_newest_other_python_are_taken():
    here = {v: Path("python3") for v in ((3, 9, 1), (3, 10, 2), (3, 11, 7), (3, 12, 1), (3, 13, 0))}
    assert pythons.others(here, (3, 11, 7)) == [(3, 10, 2), (3, 13, 0)]
    assert pythons.others(here, (3, 10, 9)) == [(3, 13, 0)], "another release of the same version is no other Python"
    assert pythons.others(here, (3, 13, 0)) == [(3, 10, 2)]
    assert pythons.others({(3, 11, 2): Path("python3")}, (3, 11, 7)) == []
    assert pythons.others({(3, 9, 1): Path("python3")}, (3, 11, 7)) == []
    assert pythons.others({(3, 12, 1): Path("python3")}, (3, 11, 7)) == [(3, 12, 1)], "oldest and newest may be one"


def test_the_oldest_is_the_one_that_the_project_asks_for():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={".".join(map(str, pythons.OLDEST))}"' in text


def test_pythons_are_known_by_starting_them(tmp_path):
    assert pythons.version(Path(sys.executable)) == sys.version_info[:3]
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n")
    broken.chmod(0o755)
    assert pythons.version(broken) == () == pythons.version(tmp_path / "python3.12")


def test_the_other_pythons_get_what_git_would_see(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    project = pythons.copy_of_project(tmp_path)
    assert (project / "scripts" / "test.py").is_file() and (project / "tests" / "data").is_dir()
    assert not (project / ".venv").exists() and not (project / ".git").exists()


@pytest.mark.parametrize(("body", "code"), [("pass", 0), ("assert False", 1)])
def test_a_failure_in_one_phase_is_not_lost_and_a_phase_without_tests_is_none(tmp_path, body, code):
    test = tmp_path / "test_it.py"
    test.write_text(f"def test_it():\n    {body}\n")
    assert phases.run(["-p", "no:cacheprovider", str(test)], os.environ) == code


def test_what_needs_the_sound_card_runs_in_the_second_phase():
    command = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    chosen = []
    for phase in (phases.SILENT, phases.LIVE):
        row = [*command, "-m", phase, "tests/test_trust_doctor.py"]
        done = subprocess.run(row, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
        chosen.append(set(re.findall(r"::(\w+)", done.stdout)))
    assert all(chosen) and not chosen[0] & chosen[1]


def counted(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    command = [sys.executable, str(ROOT / "scripts" / "branches.py"), "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)


def test_the_branches_are_counted_also_in_processes_and_a_failure_stays_one(tmp_path):
    pytest.importorskip("coverage", reason="coverage comes with the extra 'dev'")
    (tmp_path / "test_it.py").write_text(
        "import subprocess, sys\n"
        "def test_runs():\n"
        "    subprocess.run([sys.executable, '-m', 'companion', '--version'], check=True)\n"
        "def test_fails():\n"
        "    assert False\n"
    )
    done = counted(tmp_path, str(tmp_path / "test_it.py"), "-k", "runs")
    figures = re.search(
        r"Branches of companion/ taken: ([\d.]+) % \(aim 95\), counted in (\d+) processes\. Statements run: ([\d.]+) %",
        done.stdout,
    )
    assert done.returncode == 0 and figures, done.stdout + done.stderr
    assert 0 < float(figures[1]) < 20 and int(figures[2]) == 2 and 0 < float(figures[3]) < 30
    assert re.search(r"companion/\S+\.py: \d+ branches not taken\.", done.stdout)
    assert counted(tmp_path, str(tmp_path / "test_it.py")).returncode == 1


def test_shares_are_of_all_there_is():
    counts = {"covered_lines": 3, "num_statements": 4, "covered_branches": 1, "num_branches": 8}
    assert branches.shares(counts) == (75.0, 12.5)
    assert branches.shares(dict.fromkeys(counts, 0)) == (100.0, 100.0)
