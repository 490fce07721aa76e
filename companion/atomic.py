"""Writing files so that a reader sees the old content or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make a rename inside ``folder`` durable; quietly nothing where folders can't be synced (Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def atomic_write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``: temporary file in the same folder, fsync, rename.

    Makes the folder if needed.

    Raises:
        OSError: The disk is full, the folder can't be written …; ``path`` is then as it was.

    """
    import tempfile  # slow to import (it brings the archive formats), and seldom needed

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def atomic_write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 with its line ends as they are; otherwise like `atomic_write_bytes`."""
    atomic_write_bytes(path, text.encode("utf-8"))
