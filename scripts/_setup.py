"""Setting the project up in ``.venv``: the shared part of run.py and test.py. The standard library only."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from _system import (
    LOG,
    ROOT,
    VENV,
    WINDOWS,
    apt_install,
    lock_file,
    locked_for,
    may_use_apt,
    needs_digest,
    quiet_run,
    say,
    see_to_portaudio,
    see_to_test_tools,
    venv_program,
)

STAMP = "companion-setup.json"
LOCK = "companion-setup.lock"
TRIED = "companion-models.json"
MODELS = ("vosk-small", "minilm")
# It has ready-made wheels for Python 3.11 and 3.13 only, and building it takes a C compiler.
MAY_BE_MISSING = "pocketsphinx"
NO_POCKETSPHINX = (
    "PocketSphinx could not be built for this Python, so listening needs 3.11 or 3.13. All else works."
)
RETRY_SECONDS = 24 * 3600
"""After a try without an answer the next start that may wait for the network is a day later."""
QUICK = {"-h", "--help", "--version", "model", "pack"}
"""Arguments of starts that need no model, or see to it themselves."""
NO_FETCH = "COMPANION_NO_FETCH"
"""Set to anything: run.py never tries to fetch a model."""


class SetupError(Exception):
    """Set-up can't go on; the text is one line for a person."""


def fingerprint() -> str:
    """Changes when a set-up is out of date: dependencies, the checkout's place, the Python underneath."""
    python = venv_program("python").stat()  # of what the link leads to
    parts = (str(ROOT), sys.platform, str(python.st_size), str(int(python.st_mtime)))
    locks = b"".join(lock_file(e).read_bytes() for e in ("", "dev") if lock_file(e).is_file())
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + locks + "\0".join(parts).encode()).hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """An object from a file; {} when there is none that can be read."""
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def write_json(path: Path, body: dict[str, Any]) -> None:
    """Write an object; a reader sees the old file or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    fresh.write_text(json.dumps(body) + "\n", "utf-8")
    fresh.replace(path)


def is_ready(extra: str) -> bool:
    """True when nothing has to be done before the start."""
    stamp = read_json(VENV / STAMP)
    try:
        return bool(stamp) and stamp.get("key") == fingerprint() and extra in stamp.get("extras", ())
    except OSError:
        return False


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Hold the set-up's lock: of two starts at once one works and the other waits."""
    sys.path.insert(0, str(ROOT))
    from companion.locking import file_lock

    try:
        VENV.mkdir(exist_ok=True)
        with file_lock(VENV / LOCK, lambda: say("Another start is setting up; waiting for it.")):
            yield
    except OSError as error:
        denied = isinstance(error, PermissionError)
        to_do = "Copy the project into a folder of your own." if denied else "Start again."
        raise SetupError(f"{error.filename or VENV} can't be written ({error.strerror or error}). {to_do}") from error


def venv_works() -> bool:
    """True when the environment's Python starts and is new enough."""
    check = "import sys, encodings; sys.exit(sys.version_info < (3, 10))"
    return venv_program("python").exists() and quiet_run([str(venv_program("python")), "-c", check], 60)


def clear_venv() -> None:
    """Remove a broken environment, but not the lock that is being held."""
    for path in VENV.iterdir():
        if path.name in (LOCK, LOG):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def has_module(name: str) -> bool:
    """True when this Python can import it."""
    return importlib.util.find_spec(name) is not None


def pip_command() -> list[str] | None:
    """How to install into the environment: its own pip, or this Python's pointed at it; None for neither."""
    python = str(venv_program("python"))
    if quiet_run([python, "-m", "pip", "--version"], 120):
        return [python, "-m", "pip"]
    # --python came with pip 22.3; an older one fails here.
    outer = [sys.executable, "-m", "pip", "--python", python]
    return outer if has_module("pip") and quiet_run([*outer, "--version"], 120) else None


def try_venv() -> bool:
    """Make the environment in one of the ways that this Python offers; True when it can be installed into."""
    ways = []
    if has_module("venv"):
        if has_module("ensurepip"):
            ways.append([sys.executable, "-m", "venv", str(VENV)])
        ways.append([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    if has_module("virtualenv"):
        ways.append([sys.executable, "-m", "virtualenv", str(VENV)])
    for way in ways:
        if quiet_run(way, 600) and venv_works() and pip_command() is not None:
            return True
        clear_venv()
    return False


def make_venv() -> None:
    """Make ``.venv``.

    Raises:
        SetupError: Python's own tools for it are missing; the text says what to install.

    """
    # A folder whose making was cut off may lack pyvenv.cfg, but has one of the others.
    known = {"pyvenv.cfg", "bin", "lib", "lib64", "include", "Scripts", "Lib", "Include"}
    found = {path.name for path in VENV.iterdir()} - {LOCK, LOG, STAMP, TRIED}
    if found and not found & known:
        raise SetupError(f"{VENV} is not a Python environment. Move it away, and start again.")
    clear_venv()
    say("Making a Python environment in .venv.")
    if try_venv():
        return
    if systems_python() and may_use_apt():
        say("Installing python3-venv and python3-pip.")
        if apt_install(["python3-venv", "python3-pip"]) and try_venv():
            return
    raise SetupError(missing_venv_line())


def systems_python() -> bool:
    """Whether the system's own packages belong to this Python: it is the one that /usr/bin/python3 is.

    Debian's python3-venv serves that one only. A Python of pyenv, conda or /usr/local would be none the better for it.
    """
    own = Path("/usr/bin/python3")
    here = Path(getattr(sys, "_base_executable", None) or sys.executable)
    return own.exists() and own.resolve() == here.resolve()


def missing_venv_line() -> str:
    """What to install where Python came without venv or pip."""
    if not WINDOWS and sys.platform != "darwin" and not systems_python():
        how = f"{sys.executable} is not your system's Python: install it anew with both, or use another"
    elif Path("/etc/debian_version").exists():
        how = "Run: sudo apt-get install python3-venv python3-pip"
    elif shutil.which("dnf"):
        how = "Run: sudo dnf install python3-pip"
    elif WINDOWS or sys.platform == "darwin":
        how = "Install Python from python.org, which carries both"
    else:
        how = "Install the packages python3-venv and python3-pip of your system"
    return f"This Python can't make an environment: venv or pip is missing. {how}, and start again."


def install(extra: str) -> None:
    """Install the project and what it needs.

    Raises:
        SetupError: pip failed.

    """
    say("Installing packages. This takes a minute the first time.")
    pip = pip_command()
    if pip is None:
        raise SetupError(missing_venv_line())
    what = f"{ROOT}[{extra}]" if extra else str(ROOT)
    flags = ["--disable-pip-version-check", "--no-input", "--retries", "2"]
    if install_locked(extra, [*pip, "install", *flags]):
        return
    if quiet_run([*pip, "install", *flags, "--editable", what]):
        return
    if install_without(MAY_BE_MISSING, extra, [*pip, "install", *flags]):
        say(NO_POCKETSPHINX)
        return
    raise SetupError(f"The packages could not be installed. {install_advice()} The details are in {VENV / LOG}")


def install_locked(extra: str, command: list[str]) -> bool:
    """Install exactly the packages of the lock file, each checked by its hash; True when that worked."""
    if not locked_for(extra):
        return False  # a copy without lock files
    if locked_for(extra) != needs_digest() or sys.platform == "darwin":
        why = "this system" if sys.platform == "darwin" else "this version of the project"
        say(f"The list of checked packages does not fit {why}; taking the newest packages that do.")
        return False
    # With the build's own need locked too, nothing that is not pinned is fetched for the project itself.
    own = [*command, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
    if quiet_run([*command, "--require-hashes", "-r", str(lock_file(extra))]):
        return quiet_run(own)
    if must_build():
        fewer = VENV / "companion-setup.lock-without"
        fewer.write_text(without(lock_file(extra).read_text("utf-8"), MAY_BE_MISSING), "utf-8")
        if quiet_run([*command, "--require-hashes", "-r", str(fewer)]) and quiet_run(own):
            say(NO_POCKETSPHINX)
            return True
    say("The checked packages could not be installed as they are; taking the newest that fit.")
    return False


def without(lock: str, package: str) -> str:
    """A lock file's text without one package."""
    return "".join(part for part in re.split(r"(?m)^(?=[a-z])", lock) if not part.startswith(f"{package}=="))


def install_without(package: str, extra: str, command: list[str]) -> bool:
    """Install the project and all it needs but one package; True when that worked."""
    if not quiet_run([*command, "--no-deps", "--editable", str(ROOT)]):
        return False
    listing = "import importlib.metadata as m; print('\\n'.join(m.requires('audio-companion')))"
    done = subprocess.run([str(venv_program("python")), "-c", listing], stdout=subprocess.PIPE, check=False)
    needs = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        need, _, marker = line.partition(";")
        if need.strip().lower().startswith(package):
            continue
        if "extra ==" in marker:
            if extra and extra in marker:
                needs.append(need.strip())
            continue
        needs.append(line)
    return done.returncode == 0 and quiet_run([*command, *needs])


def must_build() -> bool:
    """Whether pip failed last because a package has to be built here."""
    words = (VENV / LOG).read_text("utf-8", "replace").rpartition("\n$ ")[2]
    return "failed-wheel-build" in words or "Failed building wheel" in words or "CMAKE_C_COMPILER" in words


def install_advice() -> str:
    """What to do after pip has failed, as far as its words tell."""
    if must_build():
        # pocketsphinx 5.1.1 comes ready-made for Python 3.11 and 3.13, not for 3.10 and 3.12.
        return "One must be built here: use Python 3.11 or 3.13, or install a C compiler, and start again."
    return "Check the internet connection and start again."


def set_up(extra: str) -> None:
    """Bring ``.venv`` up to date.

    Args:
        extra: "" for what Companion needs, "dev" for what the tests need as well.

    Raises:
        SetupError: With one line for a person. The next start tries again.

    """
    with locked():
        if is_ready(extra):  # done by the start that held the lock
            return
        extras = set(read_json(VENV / STAMP).get("extras", [])) | {"", extra}
        (VENV / STAMP).unlink(missing_ok=True)  # until all is done again, nothing counts as done
        if not venv_works():
            make_venv()
        install("dev" if "dev" in extras else "")
        see_to_portaudio()
        write_json(VENV / STAMP, {"key": fingerprint(), "extras": sorted(extras)})


def try_models(arguments: list[str]) -> None:
    """Fetch the models once; after a failure at most once a day. Never fatal."""
    if os.environ.get(NO_FETCH) or QUICK & set(arguments):
        return
    notes = read_json(VENV / TRIED)
    if notes.get("models") == list(MODELS):
        tried = notes.get("tried")
        since = time.time() - tried if isinstance(tried, int | float) else RETRY_SECONDS
        if notes.get("done") is True or 0 <= since < RETRY_SECONDS:
            return
    fetch = [str(venv_program("python")), str(ROOT / "scripts" / "fetch_model.py"), "--try", *MODELS]
    try:
        # Noted before the try: a start that is ended while it waits must not make every next one wait too.
        write_json(VENV / TRIED, {"models": list(MODELS), "tried": time.time(), "done": False})
    except OSError:
        return  # a checkout that was set up by somebody else; it can't be remembered that there was a try
    done = subprocess.run(fetch, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    write_json(VENV / TRIED, {"models": list(MODELS), "tried": time.time(), "done": done.returncode == 0})


def become(command: list[str]) -> int:
    """Turn into ``command``: its input, output and exit code are this program's."""
    sys.stderr.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    with subprocess.Popen(command) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the child has got it too, and decides


def again_in_venv(script: Path, arguments: list[str]) -> int:
    """Run a script of this folder with the environment's Python, once there is one."""
    if Path(sys.prefix).resolve() == VENV.resolve() or not venv_program("python").exists():
        fail("The project is not set up yet. Run once: python3 scripts/run.py --version")
    return become([str(venv_program("python")), str(script), *arguments])


def fail(line: str) -> NoReturn:
    """End with 1 and one line."""
    say(f"error: {line}")
    raise SystemExit(1)


def run(arguments: list[str]) -> int:
    """Start Companion; the exit code."""
    try:
        if not is_ready(""):
            set_up("")
        try_models(arguments)
    except SetupError as error:
        fail(str(error))
    except OSError as error:
        fail(f"The set-up failed ({error}). Start again.")
    except KeyboardInterrupt:
        say("Stopped. The next start goes on.")
        return 130
    # The installed command, not "-m companion": that would let files of the working folder shadow packages.
    companion = str(venv_program("companion"))
    python = [] if WINDOWS else [str(venv_program("python"))]
    return become([*python, companion, *arguments])


def test(arguments: list[str]) -> int:
    """Run the checks, all of them or those that pytest's arguments choose; the exit code is pytest's."""
    try:
        if not is_ready("dev"):
            set_up("dev")
        try_models([])  # what needs MiniLM is skipped without it
        see_to_test_tools()
    except SetupError as error:
        fail(str(error))
    except OSError as error:
        fail(f"The set-up failed ({error}). Start again.")
    except KeyboardInterrupt:
        say("Stopped. The next start goes on.")
        return 130
    os.chdir(ROOT)
    if arguments[:1] == ["--branches"]:
        return become([str(venv_program("python")), str(ROOT / "scripts" / "branches.py"), *arguments[1:]])
    if not arguments:
        return become([str(venv_program("python")), str(ROOT / "scripts" / "phases.py")])
    return become([str(venv_program("python")), "-m", "pytest", *arguments])
