"""``ports.Recognizer`` in a worker process that may hang or die without taking anything with it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import companion
from companion.errors import CompanionError, EngineError, ModelError
from companion.events import Hypothesis, Word

LOAD_PATIENCE = 90.0
"""Seconds for loading a model; a large one from a slow disk takes its time."""
PATIENCE = 20.0
"""Seconds for one block or one final hypothesis; libvosk hangs for ever on some inputs."""
_PIPE = 16_384
"""Bytes that every system's pipe takes in, whether somebody reads from it or not."""
_LONGEST_LINE = 4_000_000
_ERRORS: Mapping[str, type[CompanionError]] = {"EngineError": EngineError, "ModelError": ModelError}


@dataclass(frozen=True, slots=True)
class Engine:
    """What the worker opens."""

    engine: str
    """"vosk", "pocketsphinx", or "words": nothing but the phrases, each spoken by itself."""
    model: Path | None
    """A Vosk model's folder; None for PocketSphinx."""
    phrases: tuple[str, ...] | None
    """Grammar or language model, as the engines' own classes take it; None for free decoding (Vosk only)."""
    cache: Path
    """Folder for what is made from the phrases."""
    partials: bool = True
    """False where only final hypotheses count; saves PocketSphinx half of its work."""
    check: tuple[str, ...] = ()
    """Phrases against which free decoding is held (Vosk only)."""
    spellings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Word to what it sounds like, for words that the model lacks (Vosk only)."""
    said: tuple[str, ...] = ()
    """How people ask in other words than the phrases, for the language model (PocketSphinx only)."""


class ProcessRecognizer:
    """A recogniser in a worker. Answers block by block, exactly as the engine would in this process.

    After a failure the utterance under way is lost; the next block opens a new worker.

    Args:
        engine: What to open.
        patience: Seconds that one block may take before the worker counts as hung.

    Raises:
        EngineError: The worker can't be started, or died while loading.
        ModelError: The model is missing or damaged.

    """

    def __init__(self, engine: Engine, patience: float = PATIENCE) -> None:
        """Start the worker and wait until the engine has been loaded."""
        self.name = engine.engine
        self._engine = engine
        self._patience = patience
        self._worker: _Worker | None = None
        self._replies: tuple[str, ...] = ()
        self._ready()

    @property
    def pid(self) -> int | None:
        """The worker's process id; None while there is none."""
        return None if self._worker is None else self._worker.pid

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``.

        Raises:
            EngineError: The worker died or hung.

        """
        if len(block) == 0:
            return None
        self._ready()
        return self._hypothesis(self._ask({"op": "accept"}, np.ascontiguousarray(block, dtype=np.int16).tobytes()))

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``.

        Raises:
            EngineError: The worker died or hung.

        """
        if self._worker is None:
            return Hypothesis("", engine=self.name)
        return self._hypothesis(self._ask({"op": "finish"})) or Hypothesis("", engine=self.name)

    def pause(self) -> None:
        """See ``ports.Recognizer``.

        Raises:
            EngineError: The worker died or hung.

        """
        if self._worker is not None:
            self._ask({"op": "pause"})

    def expect(self, replies: Sequence[str]) -> None:
        """See ``ports.Recognizer``. A new worker is told, too.

        Raises:
            EngineError: The worker died or hung.

        """
        if self._replies == tuple(replies):
            return
        self._replies = tuple(replies)
        if self._worker is not None:
            self._ask({"op": "expect", "replies": self._replies})

    def lacking(self, words: Sequence[str]) -> dict[str, str]:
        """The words that the model lacks, each with the spelling that is listened for instead, or "".

        {} for PocketSphinx, which guesses how a word is said that it lacks.

        Raises:
            EngineError: The worker died or hung.

        """
        self._ready()
        found = self._ask({"op": "lacking", "words": list(words)}).get("lacking")
        return {str(word): str(said) for word, said in found.items()} if isinstance(found, dict) else {}

    def reset(self) -> None:
        """See ``ports.Recognizer``. A worker that can't even do that is replaced at the next block."""
        if self._worker is not None:
            with contextlib.suppress(EngineError):
                self._ask({"op": "reset"})

    def close(self) -> None:
        """End the worker; twice is harmless."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _ready(self) -> None:
        if self._worker is not None:
            return
        self._worker = _Worker()
        e = self._engine
        # Absolute: the worker's working directory is another one.
        model = None if e.model is None else str(e.model.absolute())
        cache = str(e.cache.absolute())
        request: dict[str, Any] = {"op": "open", "engine": e.engine, "model": model, "cache": cache}
        request |= {"phrases": e.phrases, "partials": e.partials, "check": e.check, "spellings": dict(e.spellings)}
        request["said"] = e.said
        self._ask(request, patience=LOAD_PATIENCE)
        if self._replies:
            self._ask({"op": "expect", "replies": self._replies})

    def _ask(self, request: dict[str, Any], data: bytes = b"", patience: float | None = None) -> dict[str, Any]:
        worker = self._worker
        assert worker is not None
        try:
            reply = worker.ask({**request, "bytes": len(data)}, data, patience or self._patience)
        except BaseException:
            # Ctrl-C: a reply that nobody took would be read as the answer to the next request.
            self.close()
            raise
        if reply is None:
            self.close()
            raise self._lost(loading=request["op"] == "open")
        if "what" in reply:
            self.close()
            raise _ERRORS.get(str(reply.get("error")), EngineError)(str(reply["what"]), str(reply.get("to_do", "")))
        return reply

    def _hypothesis(self, reply: dict[str, Any]) -> Hypothesis | None:
        row = reply.get("hypothesis")
        if row is None:
            return None
        try:
            words, others = tuple(Word(**w) for w in row["words"]), tuple(map(str, row["alternatives"]))
            found = Hypothesis(**{**row, "words": words, "alternatives": others})
            if isinstance(found.text, str):
                return found
        except (TypeError, KeyError):
            pass
        self.close()  # what it writes is no hypothesis
        raise self._lost(loading=False)

    def _lost(self, *, loading: bool) -> EngineError:
        if not loading:
            return EngineError(f"The recogniser {self.name} failed and was started anew.", "Say it again.")
        if self._engine.model is not None:
            return EngineError(
                f"The recogniser {self.name} failed on the model in {self._engine.model}.",
                "Fetch it again (companion model fetch vosk-small), or use --engine pocketsphinx.",
            )
        return EngineError(f"The recogniser {self.name} could not start.", "Look at what companion doctor says.")


class _Worker:
    """The process, and a thread that reads from it, so that waiting has an end."""

    def __init__(self) -> None:
        if not sys.executable:
            raise EngineError("This program does not know its Python, so no recogniser can be started.", "Use --text.")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "companion.hearing.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libvosk and PocketSphinx log there
                env=_environment(),
                # Python looks for modules in the working directory first: take that of its own library.
                cwd=str(Path(os.__file__).parent),
                # Ctrl-C at the terminal is for the owner, who then ends the worker.
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as err:
            why = err.strerror or err
            raise EngineError(f"The recogniser's process can't be started ({why}).", "Free some memory.") from err
        self._replies: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="recogniser-reader", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: dict[str, Any], data: bytes, patience: float) -> dict[str, Any] | None:
        """The reply; None when the worker died or took too long."""
        payload = json.dumps(request).encode("ascii") + b"\n" + data
        try:
            if len(payload) <= _PIPE:
                self._write(payload)
            else:
                # A worker that hangs takes nothing in, and this would hang with it.
                threading.Thread(target=self._write_quietly, args=(payload,), daemon=True).start()
            return self._replies.get(timeout=patience)
        except (OSError, ValueError):
            return None
        except queue.Empty:
            self._process.kill()  # first, for closing its input would wait for the writer
            return None

    def _write(self, payload: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(payload)
        self._process.stdin.flush()

    def _write_quietly(self, payload: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._write(payload)

    def close(self) -> None:
        """Let it go by itself for a moment, then end it."""
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=5)

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream, contextlib.suppress(OSError, ValueError, RecursionError, MemoryError):
            while line := stream.readline(_LONGEST_LINE):
                reply = json.loads(line)
                if not isinstance(reply, dict):
                    break
                self._replies.put(reply)
        self._replies.put(None)


def _environment() -> dict[str, str]:
    """The environment in which the worker finds the same package, also out of a checkout."""
    environment = dict(os.environ)
    root = str(Path(companion.__file__).resolve().parent.parent)
    given = [str(Path.cwd() / p) for p in environment.get("PYTHONPATH", "").split(os.pathsep) if p]
    environment["PYTHONPATH"] = os.pathsep.join([root, *given])
    return environment
