"""The voice: pyttsx3 in a worker process that is watched, replaced and retried; rendered speech is kept."""

from __future__ import annotations

import contextlib
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from companion.errors import EngineError
from companion.events import SpeechSettings, VoiceInfo
from companion.ports import Pcm
from companion.speaking.worker_process import WorkerLostError, WorkerProcess
from companion.text.lexicon import Lexicon
from companion.text.sentences import LONGEST, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLOWEST, FASTEST = 80, 449
"""Nominal words a minute; espeak-ng holds what is slower at 80 and changes its method from 450 on."""
PATIENCE = 10.0
"""Seconds for one sentence. espeak-ng takes some 6 ms; the engines of other systems less than a second."""
CACHE_BYTES = 32 * 1024 * 1024
"""Some twelve minutes of speech."""
PREPARED_BYTES = 8 * 1024 * 1024
"""The same for what is rendered before it is asked for; kept apart, so that a long narration can't push it out."""
_SILENT_RATE = 22_050


def engine_of_this_system() -> str:
    """The engine that pyttsx3 takes here by itself: "espeak", "sapi5" or "nsss"."""
    return {"darwin": "nsss", "win32": "sapi5"}.get(sys.platform, "espeak")


class Pyttsx3Voice:
    """``ports.Voice`` by pyttsx3. Thread-safe; sentences are rendered one after the other.

    Args:
        lexicon: A pack's ``speech`` (engine name to {text: what the voice is given}); the maps "all" and that
            of this engine are applied to each sentence just before it is rendered. None for none: the text is
            spoken as it is.
        driver: pyttsx3's driver name; None for the system's own.
        route: "direct" (espeak-ng by pyttsx3's binding, the default on Linux) or "pyttsx3" (its engine and
            ``save_to_file``, the default elsewhere); None for the default.
        patience: Seconds that a sentence may take before the worker counts as hung.
        spare: Keep a second worker warm once the first has spoken, so that a lost one costs no start-up time.
            False suits a program that renders a little and ends.
        cache_bytes: Rendered speech kept, in bytes; 0 keeps nothing.

    """

    def __init__(
        self,
        lexicon: Mapping[str, Mapping[str, str]] | None = None,
        *,
        driver: str | None = None,
        route: str | None = None,
        patience: float = PATIENCE,
        spare: bool = True,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        """Start nothing yet; ``warm`` or the first sentence does."""
        self.engine_name = driver or engine_of_this_system()
        self._lexicon = Lexicon.for_engine(lexicon or {}, self.engine_name)
        options = {"--driver": driver, "--route": route}
        self._arguments = [x for name, value in options.items() if value for x in (name, value)]
        self._patience = patience
        self._wants_spare = spare
        self._cache = _Cache(cache_bytes)
        self._prepared = _Cache(PREPARED_BYTES)
        self._prepared_for: tuple[int, str | None] | None = None
        self._lent = False  # the spare is preparing something
        self._lock = threading.RLock()  # one sentence at a time
        self._hands = threading.Lock()  # guards the three below; never held while waiting for a worker
        self._worker: WorkerProcess | None = None
        self._spare: WorkerProcess | None = None
        self._closed = False
        self._all: list[WorkerProcess] = []
        self._finalizer = weakref.finalize(self, _end_all, self._all)

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker in use; None before the first sentence."""
        worker = self._worker
        return worker.pid if worker else None

    @property
    def preparing(self) -> bool:
        """Whether ``prepare`` waits for the spare worker now."""
        return self._lent

    @property
    def prepared_bytes(self) -> int:
        """How much sound is kept that was prepared."""
        return self._prepared.size

    def warm(self) -> None:
        """Start the worker without waiting for it, so that the first sentence comes sooner."""
        with contextlib.suppress(WorkerLostError):
            self._take_worker()

    def render(self, text: str, settings: SpeechSettings) -> Pcm:
        """One sentence to sound; longer text is rendered sentence by sentence and joined.

        The rate is held within 80 to 449, the volume within 0 to 1. Text without a letter or digit gives no
        samples.

        Raises:
            EngineError: Unknown voice (names those spelled alike), or the voice hung or failed, also after a
                retry.

        """
        import numpy as np

        rate = _held(settings.rate)
        rendered = [self._sentence(piece, rate, settings.voice) for piece in self._pieces(text)]
        if not rendered:
            return Pcm(np.zeros(0, np.float32), _SILENT_RATE)
        volume = max(0.0, min(1.0, float(settings.volume)))
        joined = np.concatenate([samples for _, samples in rendered])
        return Pcm(joined.astype(np.float32) * np.float32(volume / 32768.0), rendered[0][0])

    def prepare(self, text: str, settings: SpeechSettings) -> bool:
        """Have a sentence ready for ``render``; whether it is.

        Done by the spare worker, so that it never holds up what is rendered meanwhile; False where there is none now.
        What was prepared for another rate or voice is dropped. The volume is put on later, and changes nothing here.
        """
        import numpy as np

        rate = _held(settings.rate)
        with self._hands:
            if self._prepared_for != (rate, settings.voice):
                self._prepared_for, self._prepared = (rate, settings.voice), _Cache(PREPARED_BYTES)
            prepared = self._prepared
        for piece in self._pieces(text):
            key = (piece, settings.voice, rate, self.engine_name)
            if prepared.get(key) is not None:
                continue
            reply = self._ask_spare({"text": piece, "rate": rate, "voice": settings.voice})
            if reply is None:
                return False
            header, sound = reply
            if header["ok"]:  # what can't be rendered is told when it is asked for
                prepared.put(key, (int(header["rate"]), np.frombuffer(sound, np.int16)))
        return True

    def voices(self) -> tuple[VoiceInfo, ...]:
        """The voices that can be asked for, by ``id``, by ``name`` or by language.

        Raises:
            EngineError: The voice could not be started.

        """
        header, _ = self._ask({"op": "voices"})
        return tuple(VoiceInfo(v["id"], v["name"], tuple(v["languages"])) for v in header["voices"])

    def close(self) -> None:
        """End the workers; from any thread, also twice. A sentence under way raises EngineError."""
        with self._hands:
            self._closed = True
            self._worker = self._spare = None
            workers, self._all[:] = list(self._all), []
        for worker in workers:
            worker.end()

    def __enter__(self) -> Pyttsx3Voice:
        """Use in a ``with`` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _pieces(self, text: str) -> list[str]:
        said = _speakable(self._lexicon.apply(text))
        return [piece for piece in (split(said) if len(said) > LONGEST else (said,)) if _has_words(piece)]

    def _sentence(self, text: str, rate: int, voice: str | None) -> tuple[int, NDArray[np.int16]]:
        import numpy as np

        key = (text, voice, rate, self.engine_name)
        kept = self._prepared.get(key) or self._cache.get(key)
        if kept is None:
            header, sound = self._ask({"text": text, "rate": rate, "voice": voice})
            kept = (int(header["rate"]), np.frombuffer(sound, np.int16))
            self._cache.put(key, kept)
        return kept

    def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Ask a worker; where it is lost or fails, ask another, once."""
        reason = ""
        with self._lock:
            for _ in range(2):
                worker: WorkerProcess | None = None
                try:
                    worker = self._take_worker()
                    header, sound = worker.ask(request, self._patience)
                except WorkerLostError as error:
                    reason = str(error)
                    self._drop(worker)
                    continue
                if header["ok"]:
                    if worker.engine == "sapi5":
                        # Later utterances of one process are lost (pyttsx3 issues 419 and 440).
                        self._drop(worker)
                    self._keep_spare()
                    return header, sound
                if header["kind"] == "voice":
                    near = ", ".join(header["near"])
                    raise EngineError(
                        f"The voice can't be used: {header['what']}.",
                        f"Near to it: {near}." if near else "Leave the voice out to take the default.",
                    )
                reason = header["what"]
                self._drop(worker)
        raise EngineError(
            f"The voice failed: {reason or 'it could not be started'}.",
            "Run companion doctor to see which part is missing; the text can still be read.",
        )

    def _ask_spare(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes] | None:
        """Ask the spare worker; None without one, or when it was lost."""
        with self._hands:
            worker, self._spare = self._spare, None
            self._lent = worker is not None
        if worker is None:
            return None
        reply = None
        with contextlib.suppress(WorkerLostError):
            reply = worker.ask(request, self._patience)
        with self._hands:
            self._lent = False
            # sapi5: as in _ask.
            if reply is not None and worker.engine != "sapi5" and self._spare is None and not self._closed:
                self._spare = worker
                return reply
        worker.kill()
        self._keep_spare()
        return reply

    def _take_worker(self) -> WorkerProcess:
        with self._hands:
            if self._closed:
                raise WorkerLostError("the voice was closed")
            if self._worker is not None and not self._worker.alive:
                self._worker.kill()
                self._worker = None
            if self._worker is None:
                self._worker, self._spare = self._spare, None
            if self._worker is None:
                self._worker = self._start()
            return self._worker

    def _start(self) -> WorkerProcess:
        worker = WorkerProcess(self._arguments)
        self._all[:] = [w for w in self._all if w.alive]
        self._all.append(worker)
        return worker

    def _drop(self, worker: WorkerProcess | None) -> None:
        with self._hands:
            if worker is not None and worker is self._worker:
                self._worker = None
        if worker is not None:
            worker.kill()

    def _keep_spare(self) -> None:
        with self._hands, contextlib.suppress(WorkerLostError):
            if self._wants_spare and not self._closed and not self._lent and self._spare is None:
                self._spare = self._start()


def _held(rate: int) -> int:
    return max(SLOWEST, min(FASTEST, int(rate)))


_Key = tuple[str, "str | None", int, str]
"""Text, voice, rate, engine."""


class _Cache:
    """Rendered sentences, the longest unused dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, tuple[int, NDArray[np.int16]]] = OrderedDict()

    @property
    def size(self) -> int:
        return self._bytes

    def get(self, key: _Key) -> tuple[int, NDArray[np.int16]] | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: _Key, value: tuple[int, NDArray[np.int16]]) -> None:
        with self._lock:
            if key in self._kept or value[1].nbytes > self._limit:
                return
            self._kept[key] = value
            self._bytes += value[1].nbytes
            while self._bytes > self._limit:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= dropped[1].nbytes


def _speakable(text: str) -> str:
    """One line; control characters, NUL and lone surrogates, which cut or break the text, become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _has_words(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _end_all(workers: list[WorkerProcess]) -> None:
    for worker in workers:
        worker.kill()
