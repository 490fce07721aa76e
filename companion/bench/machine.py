"""What this process and its workers cost: processor time, memory, threads, files. Read from /proc, so Linux only."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """At one moment, over this process and its children."""

    cpu: float
    """Processor seconds so far."""
    memory: float
    """Resident megabytes."""
    threads: int
    files: int
    """Open file descriptors."""
    folders: int
    """Entries of the folder for temporary files."""


def cost() -> Cost | None:
    """The cost so far; None where there is no /proc."""
    if not Path("/proc/self/stat").exists():
        return None
    cpu = memory = 0.0
    threads = files = 0
    for pid in _family(os.getpid()):
        try:
            # Behind the name, which may hold anything but a closing bracket; fields as in proc(5).
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            open_files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
        except OSError:
            continue  # it has ended meanwhile
        cpu += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        memory += int(stat[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        threads += int(stat[17])
        files += open_files
    return Cost(cpu, memory, threads, files, sum(1 for _ in Path(tempfile.gettempdir()).iterdir()))


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in children:
            found += _family(int(child))
    return found


def described() -> str:
    """The machine, its load and the date, for beside the figures."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{system}, {os.cpu_count()} cores{load}, {time.strftime('%Y-%m-%d')}"
