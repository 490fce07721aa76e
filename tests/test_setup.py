"""The two start scripts, on a tiny project that real pip installs into a real environment without a network."""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "scripts"
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="links and signals of POSIX")

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

# A build backend of its own, since setuptools would have to be fetched.
BACKEND = """
import pathlib, zipfile

DEPENDENCIES = []

def build_editable(folder, settings=None, metadata=None):
    name = "audio_companion-0.1.0-py3-none-any.whl"
    about = "audio_companion-0.1.0.dist-info/"
    meta = "Metadata-Version: 2.1\\nName: audio-companion\\nVersion: 0.1.0\\nProvides-Extra: dev\\n"
    meta += "".join(f"Requires-Dist: {d}\\n" for d in DEPENDENCIES)
    files = {
        "companion.pth": str(pathlib.Path.cwd()) + "\\n",
        about + "METADATA": meta,
        about + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        about + "entry_points.txt": "[console_scripts]\\ncompanion = companion.cli:main\\n",
    }
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
        wheel.writestr(about + "RECORD", "".join(f"{p},,\\n" for p in [*files, about + "RECORD"]))
    return name

build_wheel = build_editable
"""

CLI = """
import json, sys

def main():
    print(json.dumps([sys.argv[1:], sys.stdin.read()]))
    return 7
"""


def tiny_project(folder: Path) -> Path:
    (folder / "companion").mkdir(parents=True)
    shutil.copytree(SCRIPTS, folder / "scripts", ignore=shutil.ignore_patterns("__pycache__", "*.lock"))
    (folder / "companion" / "__init__.py").touch()
    shutil.copy(ROOT / "companion" / "locking.py", folder / "companion")
    (folder / "companion" / "cli.py").write_text(CLI)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    return folder


def start(project: Path, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(project / "scripts" / "run.py"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COMPANION_NO_FETCH": "1", "PIP_NO_INDEX": "1", **environ},
        cwd=project.parent,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was set up by its first start; in a folder with a blank in its name."""
    folder = tiny_project(tmp_path_factory.mktemp("set up") / "the project")
    done = start(folder, "ask", "what is a biopsy", "", "--rate=150", stdin="one\ntwo")
    assert done.returncode == 7, done.stderr
    assert json.loads(done.stdout) == [["ask", "what is a biopsy", "", "--rate=150"], "one\ntwo"]
    lines = done.stderr.splitlines()
    assert lines[0] == "Making a Python environment in .venv."
    assert lines[1] == "Installing packages. This takes a minute the first time."
    return folder


def wheel_of(folder: Path, name: str) -> str:
    """A wheel that holds nothing; its SHA-256."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def locked_project(folder: Path, digest: str, needs: str | None = None) -> Path:
    project = tiny_project(folder)
    sys.path.insert(0, str(SCRIPTS))
    system = importlib.import_module("_system")
    before, system.ROOT = system.ROOT, project
    try:
        needs = needs or system.needs_digest()
    finally:
        system.ROOT = before
    lock = f"# needs: {needs}\npinned==1.0 \\\n    --hash=sha256:{digest}\n"
    (project / "scripts" / "requirements.lock").write_text(lock)
    return project


@pytest.mark.parametrize("case", ["right", "wrong hash", "out of date"])
def test_packages_come_from_the_lock_with_their_hashes(case: str, tmp_path: Path) -> None:
    digest = wheel_of(tmp_path, "pinned")
    if case == "wrong hash":
        wheel_of(tmp_path, "pinned")
        digest = "0" * 64
    project = locked_project(tmp_path / "project", digest, "0" * 16 if case == "out of date" else None)
    done = start(project, PIP_FIND_LINKS=str(tmp_path))
    assert done.returncode == 7, done.stderr
    said = {
        "right": "",
        "wrong hash": "The checked packages could not be installed as they are; taking the newest that fit.",
        "out of date": "The list of checked packages does not fit this version of the project; taking the newest",
    }[case]
    assert said in done.stderr and len(done.stderr.splitlines()) <= 4
    has = list((project / ".venv").glob("**/pinned-1.0.dist-info"))
    assert bool(has) == (case == "right")
    if case == "right":
        assert "--require-hashes" in log_of(project) and "--no-build-isolation" in log_of(project)
        assert "taking the newest" not in done.stderr
        lock = project / "scripts" / "requirements.lock"
        lock.write_text(lock.read_text() + "# changed\n")
        assert "Installing packages" in start(project, PIP_FIND_LINKS=str(tmp_path)).stderr


def test_the_lock_files_are_whole_and_fit_the_project() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "lock.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (SCRIPTS / name).read_text()
        assert "://" not in text
        pins = [part for part in re.split(r"(?m)^(?=[a-z])", text) if not part.startswith("#")]
        assert len(pins) > 20
        for pin in pins:
            assert re.match(r"[a-z0-9.-]+==[\w.]+ ", pin) and "--hash=sha256:" in pin, pin


def test_one_package_can_be_left_out_of_a_lock(setup: ModuleType) -> None:
    text = (SCRIPTS / "requirements.lock").read_text()
    fewer = setup.without(text, "pocketsphinx")
    assert "pocketsphinx" in text and "pocketsphinx" not in fewer
    assert fewer.count("==") == text.count("==") - 1


def log_of(project: Path) -> str:
    return (project / ".venv" / "companion-setup.log").read_text()


def test_second_start_does_no_work(project: Path) -> None:
    before = log_of(project)
    done = start(project, stdin="text")
    assert (done.returncode, done.stderr) == (7, "")
    assert json.loads(done.stdout) == [[], "text"]
    assert log_of(project) == before


def test_new_dependencies_are_installed(project: Path) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT + "# another line\n")
    done = start(project)
    assert done.returncode == 7
    assert "Installing packages" in done.stderr
    assert "Making" not in done.stderr


@POSIX_ONLY
def test_an_interrupted_set_up_is_repaired(project: Path) -> None:
    # What a start leaves that was ended between making the environment and writing the stamp.
    (project / ".venv" / "companion-setup.json").unlink()
    for python in (project / ".venv" / "bin").glob("python*"):
        python.unlink()
    done = start(project)
    assert done.returncode == 7, done.stderr
    assert "Making a Python environment" in done.stderr


def test_two_at_once(project: Path) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT + "# yet another line\n")
    command = [sys.executable, str(project / "scripts" / "run.py")]
    environ = {**os.environ, "COMPANION_NO_FETCH": "1", "PIP_NO_INDEX": "1"}
    before = log_of(project).count(" install ")
    both = [
        subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for one in both:
        one.communicate()
    assert [one.returncode for one in both] == [7, 7]
    assert log_of(project).count(" install ") == before + 1


def test_packages_out_of_reach(project: Path) -> None:
    backend = (project / "backend.py").read_text()
    (project / "backend.py").write_text(backend.replace("DEPENDENCIES = []", 'DEPENDENCIES = ["no-such-package-here"]'))
    (project / "pyproject.toml").write_text(PYPROJECT + "# out of reach\n")
    done = start(project)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert "could not be installed. Check the internet connection" in line
    assert "Traceback" not in done.stderr
    (project / "backend.py").write_text(backend)
    assert start(project).returncode == 7  # the next start tries again


def test_what_the_tests_need_is_set_up_on_its_own_and_kept(project: Path, setup: ModuleType) -> None:
    shutil.copytree(project / ".venv", setup.VENV, symlinks=True, dirs_exist_ok=True)
    shutil.copy(project / "pyproject.toml", setup.ROOT)
    for extras in ([""], ["", "dev"]):
        setup.write_json(setup.VENV / setup.STAMP, {"key": setup.fingerprint(), "extras": extras})
        assert setup.is_ready("")
        assert setup.is_ready("dev") == ("dev" in extras)
    (setup.ROOT / "pyproject.toml").write_text("changed")
    assert not setup.is_ready("")
    (setup.VENV / setup.STAMP).write_text("{cut")
    assert not setup.is_ready("")


def test_a_package_that_must_be_built_is_named_as_the_cause(setup: ModuleType) -> None:
    log = setup.VENV / setup.LOG
    log.write_text("\n$ pip install x\nerror: failed-wheel-build-for-install\n")
    assert "C compiler" in setup.install_advice()
    log.write_text(log.read_text() + "\n$ pip install x\nERROR: No matching distribution found\n")  # the next start
    assert "internet connection" in setup.install_advice()


@pytest.mark.parametrize("name", ["run.py", "test.py", "fetch_model.py"])
def test_an_old_python_is_told_so(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (SCRIPTS / name).read_text()
    ast.parse(source, feature_version=(3, 6))  # else the old Python would say SyntaxError
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(SCRIPTS / name), run_name="__main__")
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("error: This is Python 3.9, and Companion needs 3.10 or newer.")
    assert said.count("\n") == 1


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The set-up's code, working on an empty folder."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    system, module = importlib.import_module("_system"), importlib.import_module("_setup")
    for part in (system, module):
        monkeypatch.setattr(part, "ROOT", tmp_path)
        monkeypatch.setattr(part, "VENV", tmp_path / ".venv")
    (tmp_path / ".venv").mkdir()
    yield module


def test_python_without_venv_or_pip(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "has_module", lambda name: False)
    monkeypatch.setattr(setup, "may_use_apt", lambda: False)
    with pytest.raises(setup.SetupError) as error:
        setup.make_venv()
    text = str(error.value)
    assert "venv or pip is missing" in text
    assert text.isprintable()


def test_debian_is_told_the_packages(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "systems_python", lambda: True)
    monkeypatch.setattr(setup.Path, "exists", lambda self: str(self) == "/etc/debian_version")
    assert "sudo apt-get install python3-venv python3-pip" in setup.missing_venv_line()


def test_root_on_debian_installs_what_is_missing(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(setup, "systems_python", lambda: True)
    monkeypatch.setattr(setup, "may_use_apt", lambda: True)
    monkeypatch.setattr(setup, "apt_install", lambda packages: bool(asked.append(packages)) or True)
    monkeypatch.setattr(setup, "try_venv", lambda: bool(asked))
    setup.make_venv()
    assert asked == [["python3-venv", "python3-pip"]]


@POSIX_ONLY
def test_a_python_beside_the_systems_is_not_offered_its_packages(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "python3"
    other.write_text("")
    monkeypatch.setattr(sys, "_base_executable", str(other))
    monkeypatch.setattr(sys, "executable", str(other))
    asked: list[list[str]] = []
    monkeypatch.setattr(setup, "may_use_apt", lambda: True)
    monkeypatch.setattr(setup, "apt_install", lambda packages: bool(asked.append(packages)) or True)
    monkeypatch.setattr(setup, "try_venv", lambda: False)
    with pytest.raises(setup.SetupError) as error:
        setup.make_venv()
    assert not asked
    assert "apt-get" not in str(error.value)
    assert f"{other} is not your system's Python" in str(error.value)


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the system has no Python of its own")
def test_the_systems_python_knows_itself_also_from_an_environment(tmp_path: Path) -> None:
    env = tmp_path / "env"
    made = subprocess.run(
        ["/usr/bin/python3", "-m", "venv", "--without-pip", str(env)], capture_output=True, check=False
    )
    pythons = ["/usr/bin/python3", *([str(env / "bin" / "python")] if made.returncode == 0 else [])]
    code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import _setup; print(_setup.systems_python())"
    for python in pythons:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if "No module named" in done.stderr or "SyntaxError" in done.stderr:
            pytest.skip("the system's Python is too old")
        assert done.stdout == "True\n", done.stderr


def test_without_ensurepip_the_outer_pip_installs(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    if not setup.has_module("pip"):
        pytest.skip("the Python that runs the tests has no pip to borrow")
    monkeypatch.setattr(setup, "has_module", lambda name: name in ("venv", "pip"))
    assert setup.try_venv()
    assert setup.pip_command() == [sys.executable, "-m", "pip", "--python", str(setup.venv_program("python"))]


def test_a_folder_of_somebody_else_is_left_alone(setup: ModuleType) -> None:
    mine = setup.VENV / "thesis.txt"
    mine.write_text("years of work")
    with pytest.raises(setup.SetupError, match="not a Python environment"):
        setup.make_venv()
    assert mine.read_text() == "years of work"


def tries(setup: ModuleType, monkeypatch: pytest.MonkeyPatch, code: int) -> list[list[str]]:
    """Stands in for the fetch script, which would reach for the network."""
    made: list[list[str]] = []

    def fake(command: list[str], **kept: object) -> SimpleNamespace:
        made.append(command)
        return SimpleNamespace(returncode=code)

    monkeypatch.setattr(setup.subprocess, "run", fake)
    monkeypatch.delenv("COMPANION_NO_FETCH", raising=False)
    return made


def test_models_that_came_are_not_tried_again(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tries(setup, monkeypatch, 0)
    for _ in range(3):
        setup.try_models([])
    assert len(made) == 1


def test_a_failed_try_waits_a_day(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tries(setup, monkeypatch, 1)
    now = time.time()
    for hours, count in ((0, 1), (1, 1), (23, 1), (25, 2), (26, 2), (50, 3)):
        monkeypatch.setattr(setup.time, "time", lambda hours=hours: now + hours * 3600)
        setup.try_models([])
        assert len(made) == count


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["model", "list"]])
def test_starts_that_need_no_model_do_not_try(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    made = tries(setup, monkeypatch, 0)
    setup.try_models(arguments)
    assert made == []


def test_a_checkout_that_cannot_be_written_still_starts(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in for missing rights, since root has them all.
    made = tries(setup, monkeypatch, 0)

    def refuse(path: Path, body: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(setup, "write_json", refuse)
    setup.try_models([])
    assert made == []


def test_no_fetch_is_obeyed(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tries(setup, monkeypatch, 0)
    monkeypatch.setenv("COMPANION_NO_FETCH", "1")
    setup.try_models([])
    assert made == []


def test_fetch_script_lists_without_the_project_installed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", str(SCRIPTS / "fetch_model.py"), "--list"],  # -S: the standard library alone
        env={**os.environ, "COMPANION_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "vosk-small",
        "vosk-lgraph",
        "minilm",
    ]


def test_a_try_without_an_answer_goes_on_in_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "fetch_model.py"), "--try", "vosk-small"],
        env={**os.environ, "COMPANION_HOME": str(tmp_path), "COMPANION_MODEL_MIRROR": "http://127.0.0.1:9/"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("vosk-small is not here yet: 127.0.0.1 did not answer")
    assert done.stderr.endswith("Companion goes on without it.\n")
    assert done.stderr.count("\n") == 1


def test_where_the_sentence_model_can_not_be_had_the_words_alone_are_learnt_at_once(tmp_path: Path) -> None:
    environment = {
        **os.environ, "COMPANION_HOME": str(tmp_path), "COMPANION_MODEL_MIRROR": "http://127.0.0.1:9/",
        "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_INDEX": "1", "PIP_RETRIES": "0",
    }  # fmt: skip
    environment.pop("PIP_FIND_LINKS", None)
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "fetch_model.py"), "--try", "minilm"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "minilm is not here yet: " in done.stderr
    assert done.stderr.endswith("Preparing the pack. This takes about a minute.\n")
    assert len(list(tmp_path.rglob("topics/*.npy"))) == 2, "its own sentences, and these with what was said"


def test_fetch_script_fails_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "fetch_model.py"), "vosk-small", "--from", str(tmp_path)],
        env={**os.environ, "COMPANION_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: There is no vosk-model-small-en-us-0.15.zip in ")
    assert done.stderr.count("\n") == 1


def test_every_pinned_package_stands_in_the_licence_list() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "licences.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
