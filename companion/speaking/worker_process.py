"""The owner's end of a voice worker: started, asked, watched, ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import companion
from companion.speaking.worker import PREFIX

START_PATIENCE = 20.0
"""Seconds; a cold disk and a busy processor are slow, a worker that is not ready by then never will be."""

_LONGEST_LINE = 4_000_000
_MOST_BYTES = 256 * 1024 * 1024
"""Of one sentence's sound: more than an hour of speech."""


class WorkerLostError(Exception):
    """The worker hung, died, or never came up."""


class WorkerProcess:
    """One worker and the thread that reads from it. Not thread-safe but for ``kill``.

    Args:
        arguments: Handed to ``companion.speaking.worker``.

    Raises:
        WorkerLostError: No process could be started.

    """

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        """Start the process; ``ready`` waits for it."""
        if not sys.executable:
            raise WorkerLostError("this program does not know its Python")
        # Made here, so that it can be removed however the worker ends; the worker does, should this process be killed.
        self._folder = tempfile.mkdtemp(prefix=PREFIX)
        self.engine: str | None = None
        self.route: str | None = None
        self._ready = False
        self._replies: queue.SimpleQueue[tuple[dict[str, Any], bytes] | None] = queue.SimpleQueue()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "companion.speaking.worker", "--folder", self._folder, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                # Python looks for modules in the working directory first: take that of its own library.
                cwd=str(Path(os.__file__).parent),
                # Ctrl-C at the terminal is for the owner, who then ends the worker.
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise WorkerLostError(str(error)) from error
        threading.Thread(target=self._read, name="voice-reader", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ready(self) -> None:
        """Wait until the engine has started.

        Raises:
            WorkerLostError: It did not, with the worker's own reason where it gave one.

        """
        if self._ready:
            return
        header, _ = self._next(START_PATIENCE)
        if not header.get("ok"):
            raise WorkerLostError(str(header.get("what", "")))
        self.engine, self.route = str(header.get("engine")), str(header.get("route"))
        self._ready = True

    def ask(self, request: dict[str, Any], patience: float) -> tuple[dict[str, Any], bytes]:
        """Send a request and wait for its reply.

        Args:
            request: See ``companion.speaking.worker``.
            patience: Seconds.

        Raises:
            WorkerLostError: No reply in that time, or the process ended.

        """
        self.ready()
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise WorkerLostError(f"the voice's process has ended ({error})") from error
        return self._next(patience)

    def end(self) -> None:
        """Let the process go by itself, half a second long; then ``kill``."""
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self.kill()

    def kill(self) -> None:
        """End the process at once and remove what it left. From any thread, also twice."""
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _next(self, patience: float) -> tuple[dict[str, Any], bytes]:
        try:
            reply = self._replies.get(timeout=patience)
        except queue.Empty:
            raise WorkerLostError("the voice gave no answer in time") from None
        if reply is None:
            self._replies.put(None)
            raise WorkerLostError("the voice's process has ended")
        return reply

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        # Whatever else it writes than replies, it is lost: nothing after that could be told apart.
        with stream, contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError, MemoryError):
            while line := stream.readline(_LONGEST_LINE):
                header = json.loads(line)
                if not isinstance(header, dict) or not isinstance(header.get("ok"), bool):
                    break
                size = int(header.get("bytes", 0))
                if not 0 <= size <= _MOST_BYTES:
                    break
                sound = stream.read(size) if size else b""
                if len(sound) < size or (size and not 1_000 <= int(header["rate"]) <= 400_000):
                    break
                self._replies.put((header, sound))
        self._replies.put(None)


def _environment() -> dict[str, str]:
    """The environment in which the worker finds the same package, also out of a checkout."""
    environment = dict(os.environ)
    root = str(Path(companion.__file__).resolve().parent.parent)
    given = [str(Path.cwd() / p) for p in environment.get("PYTHONPATH", "").split(os.pathsep) if p]
    environment["PYTHONPATH"] = os.pathsep.join([root, *given])
    environment["PYTHONIOENCODING"] = "utf-8"
    return environment
