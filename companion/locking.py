"""One process at a time: an advisory lock that the system takes back when its owner ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_SECONDS = 0.1


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def file_lock(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold ``path`` locked; waits without limit for another process, which Ctrl-C ends.

    Args:
        path: The lock file; it is made and stays. Its folder must exist.
        waiting: Called once when somebody else holds the lock, so that the caller can say so.

    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _try_lock(handle):
            if waiting is not None:
                waiting()
            while not _try_lock(handle):
                time.sleep(POLL_SECONDS)
        yield
    finally:
        os.close(handle)
