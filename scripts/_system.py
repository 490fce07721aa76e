"""The system around the project: places, running programs, system packages. Standard library only."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
WINDOWS = sys.platform == "win32"
LOG = "companion-setup.log"
APT_SECONDS = 900
TEST_PACKAGES = {
    "pulseaudio": "pulseaudio",
    "pactl": "pulseaudio-utils",
    "flite": "flite",
    "espeak-ng": "espeak-ng",
    "sox": "sox",
    "strace": "strace",
    "unshare": "util-linux",
}
"""Program to Debian package, for tests on a virtual sound card, with synthetic voices, and of what reaches out."""


def lock_file(extra: str) -> Path:
    """The list of packages with their hashes, for an extra."""
    return ROOT / "scripts" / f"requirements{f'-{extra}' if extra else ''}.lock"


def needs_digest() -> str:
    """Changes when pyproject.toml asks for other packages; comments and settings of tools don't count."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    found = re.findall(r"(?ms)^(?:requires-python|dependencies|dev) *= *(?:\[.*?^\]|.*?$)", text)
    lines = [line.split(" #")[0].strip() for part in found for line in part.splitlines()]
    return hashlib.sha256("\n".join(x for x in lines if x and not x.startswith("#")).encode()).hexdigest()[:16]


def locked_for(extra: str) -> str:
    """What the lock file says that it was made for; "" where there is none."""
    try:
        found = re.search(r"(?m)^# needs: (\w+)$", lock_file(extra).read_text("utf-8"))
    except OSError:
        return ""
    return found[1] if found else ""


def say(line: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def venv_program(name: str) -> Path:
    """A program of the environment."""
    return VENV / ("Scripts" if WINDOWS else "bin") / (f"{name}.exe" if WINDOWS else name)


def quiet_run(command: list[str], timeout: float | None = None, **environ: str) -> bool:
    """Run a program without a terminal, its words into the log; True when it ended well."""
    log = VENV / LOG
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as out:
        out.write(("\n$ " + " ".join(command) + "\n").encode())
        out.flush()
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=timeout,
                check=False,
                env={**os.environ, **environ},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            out.write(f"{error}\n".encode())
            return False
    return done.returncode == 0


def may_use_apt() -> bool:
    """True on Debian and its kin, as root."""
    root = not WINDOWS and os.geteuid() == 0
    return root and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def apt_install(packages: list[str]) -> bool:
    """Install system packages; the lists are brought up to date only when it fails without."""
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    if quiet_run(install, APT_SECONDS, **quietly):
        return True
    return quiet_run(["apt-get", "update"], APT_SECONDS, **quietly) and quiet_run(install, APT_SECONDS, **quietly)


def see_to_portaudio() -> None:
    """On Linux the sound library comes from the system. Without it Companion works in text."""
    if not sys.platform.startswith("linux"):
        return  # the wheels for Windows and macOS carry it
    with contextlib.suppress(OSError):
        ctypes.CDLL("libportaudio.so.2")
        return
    if may_use_apt():
        say("Installing the sound library libportaudio2.")
        if apt_install(["libportaudio2"]):
            return
    how = "apt-get install libportaudio2" if shutil.which("apt-get") else "install PortAudio with your system's tools"
    say(f"There is no sound library yet, so Companion works in text. For sound: {how}")


def see_to_test_tools() -> None:
    """The programs that only the tests use. Without them some tests are skipped."""
    if not sys.platform.startswith("linux"):
        say("Tests on a virtual sound card need PulseAudio on Linux; here they are skipped.")
        return
    missing = sorted(package for program, package in TEST_PACKAGES.items() if shutil.which(program) is None)
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        missing.append("libasound2-plugins")
    if not missing:
        return
    names = " ".join(missing)
    if may_use_apt():
        say(f"Installing what the tests need: {names}.")
        if apt_install(missing):
            return
    say(f"Some tests on sound and speech will be skipped. To run them, install: {names}")
