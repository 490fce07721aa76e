"""``ports.Recognizer`` in a worker process that may hang or die without taking anything with it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import EngineError
from companion.events import Hypothesis, Word

LOAD_PATIENCE = 60.0
"""Seconds for loading a model; a large one from a slow disk takes its time."""
PATIENCE = 20.0
"""Seconds for one block or one final hypothesis; libvosk hangs for ever on some inputs."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What the worker opens."""

    engine: str
    """"vosk" or "pocketsphinx"."""
    model: Path | None
    """A Vosk model's folder; None for PocketSphinx."""
    phrases: tuple[str, ...] | None
    """See the engines' own classes."""
    cache: Path


class ProcessRecognizer:
    """A recogniser in a worker.

    Args:
        engine: What to open.
        patience: Seconds that one block may take before the worker counts as hung.

    Raises:
        EngineError: The worker can't be started, or died while loading.
        ModelError: As told by the engine (passed on as an EngineError with its words).
    """

    def __init__(self, engine: Engine, patience: float = PATIENCE) -> None:
        self.name = engine.engine
        self._engine = engine
        self._patience = patience
        self._worker: _Worker | None = None
        self._ready()

    def _ready(self) -> _Worker:
        if self._worker is None:
            worker = _Worker()
            e = self._engine
            self._worker = worker
            self._ask(
                {
                    "op": "open",
                    "engine": e.engine,
                    "model": str(e.model) if e.model else None,
                    "phrases": e.phrases,
                    "cache": str(e.cache),
                },
                patience=LOAD_PATIENCE,
            )
        return self._worker

    def _ask(self, request: dict[str, Any], data: bytes = b"", patience: float | None = None) -> dict[str, Any]:
        worker = self._worker
        assert worker is not None
        reply = worker.ask({**request, "bytes": len(data)}, data, patience or self._patience)
        if reply is None:
            self.close()
            raise EngineError(
                f"The recogniser {self.name} has failed.",
                "Say it again; if it fails each time, choose another model or --engine pocketsphinx.",
            )
        if "what" in reply:
            self.close()
            raise EngineError(reply["what"], reply["to_do"])
        return reply

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``.

        Raises:
            EngineError: The worker died or hung. The next block starts a new one.
        """
        if len(block) == 0:
            return None
        self._ready()
        return _hypothesis(self._ask({"op": "accept"}, np.ascontiguousarray(block, dtype=np.int16).tobytes()))

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``.

        Raises:
            EngineError: As ``accept``.
        """
        self._ready()
        return _hypothesis(self._ask({"op": "finish"})) or Hypothesis("", engine=self.name)

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        if self._worker is not None:
            self._ask({"op": "reset"})

    def close(self) -> None:
        """End the worker; twice is harmless."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


def _hypothesis(reply: dict[str, Any]) -> Hypothesis | None:
    row = reply.get("hypothesis")
    if row is None:
        return None
    words = tuple(Word(**w) for w in row.pop("words"))
    return Hypothesis(**row, words=words)


class _Worker:
    """The process and a thread that reads it, so that waiting has an end."""

    def __init__(self) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "companion.hearing.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libvosk and PocketSphinx log there
                env=environment,
                # Ctrl-C is the program's business; it ends the worker itself.
                start_new_session=sys.platform != "win32",
            )
        except OSError as err:
            raise EngineError(f"The recogniser's process can't be started: {err.strerror}.", "Free some memory.") from err
        self._replies: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._replies.put(json.loads(line))
        self._replies.put(None)

    def ask(self, request: dict[str, Any], data: bytes, patience: float) -> dict[str, Any] | None:
        """The reply; None when the worker died or took too long."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n" + data)
            self._process.stdin.flush()
            return self._replies.get(timeout=patience)
        except (OSError, ValueError, queue.Empty):
            return None

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdout is not None
            self._process.stdout.close()
