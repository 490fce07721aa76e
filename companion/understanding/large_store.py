"""Keeping the index of a large pack on disk."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from companion.atomic import atomic_write_bytes
from companion.understanding.postings import Postings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Stored:
    """All that an index holds; "wording" numbers run over all wordings of all entries."""

    ids: list[str]
    wordings: list[str]
    entry: NDArray[np.int32]
    """Of each wording, which entry it belongs to."""
    topic: NDArray[np.int32]
    frame: NDArray[np.int32]
    topics: list[str]
    frames: list[str]
    """Commonest first."""
    frame_words: list[str]
    codes: list[str]
    """Of each topic: its Metaphone codes."""
    skeletons: list[str]
    outlines: list[str]
    plain: list[str]
    """Of each wording: its tokens."""
    all_skeletons: list[str]
    all_outlines: list[str]
    words: list[str]
    """Stems …"""
    word_counts: NDArray[np.int32]
    """… and in how many wordings each stands."""
    postings: Postings


_TEXTS = ("ids", "wordings", "topics", "frames", "frame_words", "codes", "skeletons", "outlines", "plain",
          "all_skeletons", "all_outlines", "words")  # fmt: skip
_NUMBERS = ("entry", "topic", "frame", "word_counts")
_POSTINGS = ("starts", "holders", "values", "idf")


def save(path: Path, stored: Stored) -> None:
    """Write the index.

    Raises:
        OSError: It can't be written; ``path`` is then as it was.

    """
    import numpy as np

    texts = {name: getattr(stored, name) for name in _TEXTS} | {"terms": list(stored.postings.terms)}
    raw = json.dumps(texts, ensure_ascii=True).encode()
    arrays = {name: getattr(stored, name) for name in _NUMBERS} | {n: getattr(stored.postings, n) for n in _POSTINGS}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, texts=np.frombuffer(raw, dtype=np.uint8), **arrays)
    body = buffer.getvalue()
    atomic_write_bytes(path, body + hashlib.sha256(body).digest())


def load(path: Path) -> Stored | None:
    """The index kept in ``path``; None where there is none, or it is not whole (its checksum is at its end)."""
    import numpy as np

    try:
        raw = path.read_bytes()
        body = raw[:-32]
        if len(raw) <= 32 or hashlib.sha256(body).digest() != raw[-32:]:
            return None
        with np.load(io.BytesIO(body), allow_pickle=False) as file:
            texts = json.loads(file["texts"].tobytes())
            terms = {t: n for n, t in enumerate(texts.pop("terms"))}
            numbers = {n: file[n] for n in _NUMBERS}
            postings = Postings(terms, **{n: file[n] for n in _POSTINGS}, size=len(texts["topics"]))
        if set(texts) | set(numbers) | {"postings"} != {f.name for f in fields(Stored)}:
            return None
        return Stored(**texts, **numbers, postings=postings)
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
