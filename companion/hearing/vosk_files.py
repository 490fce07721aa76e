"""Whether the files of a Vosk model are whole: what would crash libvosk, or make it hear wrong words without a sign."""

from __future__ import annotations

import re
from pathlib import Path

from companion.errors import ModelError
from companion.fetching import sha256_of
from companion.model_check import read_manifest, vosk_problem

FETCH = "Fetch it again (companion model fetch vosk-small), or use --engine pocketsphinx."
_BYTES_A_WORD = 200
"""Of ``graph/Gr.fst``, which carries the words itself in the official small models."""


def vocabulary_size(model_dir: Path) -> int:
    """How many words the model knows; a rough figure where it has no ``words.txt``, 0 where nothing can be read."""
    graph = Path(model_dir) / "graph"
    try:
        if (graph / "words.txt").is_file():
            with (graph / "words.txt").open("rb") as lines:
                return sum(1 for _ in lines)
        return (graph / "Gr.fst").stat().st_size // _BYTES_A_WORD
    except OSError:
        return 0


def check_model(model_dir: Path) -> None:
    """Refuse a folder that would crash libvosk, or make it hear wrong words without a sign.

    Raises:
        ModelError: Something is missing, empty, cut, or has a wrong checksum.

    """
    if problem := vosk_problem(model_dir) or _conf_problem(model_dir) or _words_problem(model_dir):
        raise ModelError(f"The Vosk model in {model_dir} can't be used: {problem}.", FETCH)
    for name, (_, digest) in (read_manifest(model_dir) or {}).items():
        try:
            right = sha256_of(model_dir / name) == digest
        except OSError as err:
            raise ModelError(f"{name} of the Vosk model in {model_dir} can't be read.", FETCH) from err
        if not right:
            raise ModelError(f"The Vosk model in {model_dir} is damaged: {name} has a wrong checksum.", FETCH)


def _conf_problem(model_dir: Path) -> str | None:
    """Without the phones of silence libvosk aborts at the first sound."""
    try:
        conf = (model_dir / "conf" / "model.conf").read_text("utf-8", errors="replace")
    except OSError:
        return "conf/model.conf can't be read"
    if not re.search(r"^\s*--endpoint\.silence-phones=\d", conf, re.MULTILINE):
        return "conf/model.conf doesn't name the phones of silence"
    return None


def _words_problem(model_dir: Path) -> str | None:
    """A cut list of words makes libvosk write other words, or none: every number up to the last must be there."""
    file = model_dir / "graph" / "words.txt"
    if not file.is_file():
        return None
    try:
        raw = file.read_bytes()
    except OSError:
        return "graph/words.txt can't be read"
    lines = raw.splitlines()
    try:
        numbers = sorted(int(line.rsplit(None, 1)[1]) for line in lines)
    except (IndexError, ValueError):
        return "graph/words.txt is damaged"
    if not raw.endswith(b"\n") or numbers != list(range(len(numbers))):
        return "graph/words.txt is cut short"
    return None
