"""A pack's embeddings: made once, kept on disk by content, loaded in the background."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from companion.atomic import atomic_write_bytes
from companion.errors import CompanionError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from companion.understanding.minilm import SentenceEncoder

CHUNK = 256
"""Texts embedded between two looks at whether to stop."""
THREADS = 2
"""Pieces embedded side by side, once per pack; more would leave nothing for sound on a small machine."""


def cache_file(cache_dir: Path, model_dir: Path, texts: Sequence[str]) -> Path:
    """Where the embeddings of ``texts`` belong: named after the texts, the model and the code's version.

    The model counts with its size and time of change, since reading 90 MB for a checksum would cost more than it saves;
    the store checks the model's bytes when it is fetched.

    Raises:
        OSError: The model is not there.

    """
    from companion.understanding.minilm import CODE_VERSION

    key = hashlib.sha256()
    for name in ("model.safetensors", "tokenizer.json"):
        status = (model_dir / name).stat()
        key.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    key.update(f"{CODE_VERSION} {len(texts)}\n".encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        key.update(f"{len(raw)} ".encode() + raw)
    return cache_dir / "embeddings" / f"{key.hexdigest()[:32]}.npy"


def load_embeddings(path: Path, count: int) -> NDArray[np.float32] | None:
    """The vectors kept in ``path``, shape (count, 384); None where there are none, or they are not whole."""
    from companion.understanding.minilm import DIMENSIONS

    return load_array(path, (count, DIMENSIONS))


def load_array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """The array that ``save_embeddings`` kept in ``path``; None where there is none of that shape, or it is not whole.

    The file ends with the SHA-256 of what comes before it.
    """
    import numpy as np

    try:
        raw = path.read_bytes()
        body, digest = raw[:-32], raw[-32:]
        if len(raw) <= 32 or hashlib.sha256(body).digest() != digest:
            return None
        vectors = np.load(io.BytesIO(body), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.shape == shape and vectors.dtype == np.float32 else None


def save_embeddings(path: Path, vectors: NDArray[np.float32]) -> None:
    """Keep the vectors in ``path``.

    Raises:
        OSError: They can't be written; ``path`` is then as it was.

    """
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, vectors, allow_pickle=False)
    body = buffer.getvalue()
    atomic_write_bytes(path, body + hashlib.sha256(body).digest())


class LazySemantics:
    """Similarities to fixed texts. Loads in a thread of its own; until then, and when that fails, there are none."""

    def __init__(self, model_dir: Path, texts: Sequence[str], cache_dir: Path | None) -> None:
        """Begin to load, and return at once.

        Args:
            model_dir: Folder of all-MiniLM-L6-v2.
            texts: What queries are compared with; the order of the similarities.
            cache_dir: Where embeddings are kept; None to keep nothing. One that can't be written only costs time at
                the next start.

        """
        self.reason: str | None = None
        """Why there are no similarities, one or two sentences; None while loading and when ready."""
        self._texts = tuple(texts)
        self._loaded: tuple[SentenceEncoder, NDArray[np.float32]] | None = None
        self._closed = threading.Event()
        self._done = threading.Event()
        # A daemon, so that a fault in it can't keep the program; ended, not cut off, on leaving: see ``leave``.
        thread = threading.Thread(target=self._run, args=(model_dir, cache_dir), name="semantics", daemon=True)
        weakref.finalize(self, leave, thread, self._closed)
        thread.start()

    @property
    def ready(self) -> bool:
        """True once ``similarities`` answers."""
        return self._loaded is not None

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until loading has ended, well or not, at most ``timeout`` seconds (None: as long as it takes).

        Returns:
            ``ready``.

        """
        self._done.wait(timeout)
        return self.ready

    def close(self) -> None:
        """Give up loading if that is still under way; a second call is harmless."""
        self._closed.set()

    @property
    def vectors(self) -> NDArray[np.float32] | None:
        """The texts' embeddings, shape (number of texts, 384); None when not ready."""
        loaded = self._loaded
        return None if loaded is None else loaded[1]

    def embed(self, query: str) -> NDArray[np.float32] | None:
        """The query's embedding, shape (384,), length 1; None when not ready. Never raises."""
        loaded = self._loaded
        if loaded is None:
            return None
        try:
            result: NDArray[np.float32] = loaded[0].encode([query])[0]
        except Exception as error:  # noqa: BLE001, RUF100 - a fault here must cost the semantic layer, not the answer
            self._fail(error)
            return None
        return result

    def similarities(self, query: str) -> NDArray[np.float32] | None:
        """Cosine of the query to each text, shape (number of texts,), -1 to 1; None when not ready. Never raises."""
        vectors, embedded = self.vectors, self.embed(query)
        if vectors is None or embedded is None:
            return None
        result: NDArray[np.float32] = vectors @ embedded
        return result

    def _run(self, model_dir: Path, cache_dir: Path | None) -> None:
        try:
            self._loaded = encoded(model_dir, self._texts, cache_dir, self._closed.is_set)
        except Exception as error:  # noqa: BLE001, RUF100 - as above: whatever breaks, the program goes on without
            self._fail(error)
        finally:
            self._done.set()

    def _fail(self, error: Exception) -> None:
        self._loaded = None
        if isinstance(error, CompanionError):
            self.reason = str(error)
        elif isinstance(error, ImportError):
            self.reason = f"{error.name or 'A package'} is not installed or can't be loaded."
        elif isinstance(error, OSError):
            self.reason = f"The sentence model can't be read ({error.strerror or 'unknown reason'})."
        else:
            self.reason = f"The sentence model failed ({type(error).__name__})."


def encoded(
    model_dir: Path, texts: Sequence[str], cache_dir: Path | None, stopped: Callable[[], bool]
) -> tuple[SentenceEncoder, NDArray[np.float32]] | None:
    """The encoder, and the texts' embeddings, shape (len(texts), 384): kept ones, or made and kept now.

    Args:
        model_dir: Folder of all-MiniLM-L6-v2.
        texts: What is embedded.
        cache_dir: Where embeddings are kept; None to keep nothing. One that can't be written only costs time later.
        stopped: Asked between pieces of work.

    Returns:
        None when ``stopped`` said so.

    Raises:
        ModelError: A file of the model is missing or damaged.
        OSError: It can't be read.

    """
    from companion.understanding.minilm import SentenceEncoder

    encoder = SentenceEncoder(model_dir)
    path = cache_file(cache_dir, model_dir, texts) if cache_dir is not None else None
    vectors = load_embeddings(path, len(texts)) if path is not None else None
    if vectors is None:
        vectors = embed(encoder, texts, stopped)
        if vectors is None:
            return None
        if path is not None:
            with contextlib.suppress(OSError):
                save_embeddings(path, vectors)
    encoder.encode(["warm up"])  # brings the weights into memory before the first question does
    return encoder, vectors


def leave(thread: threading.Thread, leaving: threading.Event) -> None:
    """Ask a loading thread to end, and wait for it: a fraction of a second, since it looks between pieces of work.

    A thread that is cut off inside numpy's linear algebra can keep the process from ever ending.
    """
    leaving.set()
    if thread.is_alive() and thread is not threading.current_thread():
        thread.join()


def embed(
    encoder: SentenceEncoder, texts: Sequence[str], stopped: Callable[[], bool] = lambda: False
) -> NDArray[np.float32] | None:
    """Embeddings, shape (len(texts), 384), in pieces that let other threads run; None when ``stopped`` said so."""
    import numpy as np

    from companion.understanding.minilm import DIMENSIONS

    vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
    # Texts of one length are multiplied together, so neighbours of about the same length make the quickest pieces.
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))

    pieces = iter(range(0, len(order), CHUNK))
    lock = threading.Lock()
    failures: list[Exception] = []

    def fill() -> None:
        while not (stopped() or failures):
            with lock:
                at = next(pieces, None)
            if at is None:
                return
            part = order[at : at + CHUNK]
            try:
                vectors[part] = encoder.encode([texts[n] for n in part])
            except Exception as error:  # noqa: BLE001, RUF100 - raised below, in the thread that asked
                failures.append(error)

    # No pool of concurrent.futures: a leaving program waits for those before it can say that it is leaving.
    workers = [threading.Thread(target=fill, name="embedding", daemon=True) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return None if stopped() else vectors
