"""Vosk: libvosk with a model that lies on the disk.

libvosk ends the whole process on some bad input, so whatever could make it do so is refused here before it is called,
and the engine lives in a worker process all the same (`companion.hearing.process`). Every guard stands for a crash or
a silent error that was seen with version 0.3.45.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import EngineError, ModelError
from companion.events import Hypothesis, Word
from companion.fetching import sha256_of
from companion.hearing.frames import BLOCK
from companion.model_check import read_manifest, vosk_problem
from companion.ports import SAMPLE_RATE

UNKNOWN = "[unk]"
BIG_VOCABULARY = 5_000
"""Words from which on a model hears better without a grammar: what isn't asked then has somewhere to go."""
_BYTES_A_WORD = 200
"""Of ``graph/Gr.fst``, which carries the words itself in the official small models."""
DOUBT = 0.6
"""Mean confidence of the words below which a text is doubted. Low is a sign, high is none: wrong texts have 1.0 too."""
GHOSTS = frozenset({"the", "huh", "uh", "hm", "a"})
"""What free decoding makes out of silence and breath, when it stands alone."""
_FETCH = "Fetch it again (companion model fetch vosk-small), or use --engine pocketsphinx."


class VoskRecognizer:
    """``ports.Recognizer`` on libvosk. Run it in a worker process: see `companion.hearing.process`.

    Args:
        model_dir: Folder with ``am``, ``conf`` and ``graph``.
        grammar: Phrases to choose from; those with a word that the model lacks are left out (see ``left_out``),
            and ``[unk]`` is added. None for free decoding.

    Attributes:
        left_out: Phrases that can't be heard because the model lacks a word of theirs.

    Raises:
        ModelError: The folder is no whole model.
        EngineError: Vosk isn't installed, can't load the model, or the model knows none of the phrases.

    """

    name = "vosk"

    def __init__(self, model_dir: Path, grammar: Sequence[str] | None = None) -> None:
        """Check the folder and load it; 4 ms to some seconds, by the model's size."""
        model_dir = Path(model_dir)
        check_model(model_dir)
        vosk = _vosk()
        try:
            # Never Model(lang=…): that downloads without a checksum and ends the process on unknown names.
            self._model: Any = vosk.Model(model_path=str(model_dir))
        except Exception as err:  # libvosk's binding raises plain Exception
            raise EngineError(f"Vosk can't load the model in {model_dir}.", _FETCH) from err
        self.left_out: tuple[str, ...] = ()
        self._phrases: frozenset[str] | None = None
        self._started = False
        self._before = self._fed = 0
        self._pieces: list[dict[str, Any]] = []
        self._partial = ""
        self._where = model_dir
        # libvosk ignores a grammar, without a word, when the graph is a static one.
        self._static = (model_dir / "graph" / "HCLG.fst").is_file()
        self._engine: Any = self._open(None if self._static else grammar)

    @property
    def grammar(self) -> frozenset[str] | None:
        """The phrases that can be heard; None in free decoding."""
        return self._phrases

    def missing_words(self, words: Iterable[str]) -> tuple[str, ...]:
        """Those of ``words`` that the model lacks, in their order, none twice."""
        return tuple(dict.fromkeys(w for w in words if not self._knows(w)))

    def set_grammar(self, phrases: Sequence[str] | None) -> None:
        """Listen for other phrases from the next utterance on; None for free decoding.

        Raises:
            EngineError: An utterance is under way (libvosk would abort), or the model knows none of the phrases.

        """
        if self._started:
            raise EngineError("The grammar can't be changed during an utterance.", "Finish or reset it first.")
        if not self._static:
            self._engine = self._open(phrases)
            self._before = self._fed = 0

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``."""
        if len(block) == 0:
            return None
        self._started = True
        samples = np.ascontiguousarray(block, dtype=np.int16)
        for start in range(0, len(samples), BLOCK):
            self._feed(samples[start : start + BLOCK].tobytes())
        text, _ = _split(" ".join([*(p.get("text", "") for p in self._pieces), self._under_way()]))
        if text == self._partial:
            return None
        self._partial = text
        return Hypothesis(text, final=False, engine=self.name)

    def pause(self) -> None:
        """See ``ports.Recognizer``. Nothing to do: libvosk's end takes some milliseconds."""

    def expect(self, replies: Sequence[str]) -> None:
        """See ``ports.Recognizer``. Nothing to do: the grammar holds the replies, and free decoding hears them."""

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``."""
        if not self._started:
            return Hypothesis("", engine=self.name)
        self._pieces.append(json.loads(self._engine.FinalResult()))
        pieces, offset = self._pieces, self._before / SAMPLE_RATE
        self._clear()
        return self._judge(pieces, offset)

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        if self._started:
            self._engine.FinalResult()
        self._clear()

    def close(self) -> None:
        """See ``ports.Recognizer``."""
        if self._engine is not None:
            self.reset()
        self._engine = self._model = None

    def _clear(self) -> None:
        self._started = False
        self._pieces, self._partial = [], ""
        # Times run on from utterance to utterance inside libvosk.
        self._before = self._fed

    def _feed(self, data: bytes) -> None:
        try:
            ended = self._engine.AcceptWaveform(data)
        except Exception as err:  # libvosk's binding raises plain Exception
            self._clear()
            raise EngineError("Vosk could not process the sound.", "Say it again.") from err
        self._fed += len(data) // 2
        if ended:  # the model's own idea of an end; ours comes with finish()
            self._pieces.append(json.loads(self._engine.Result()))

    def _under_way(self) -> str:
        return str(json.loads(self._engine.PartialResult()).get("partial", ""))

    def _knows(self, word: str) -> bool:
        return bool(word) and "\0" not in word and int(self._model.vosk_model_find_word(word)) >= 0

    def _open(self, phrases: Sequence[str] | None) -> Any:
        """A recogniser of libvosk; 4 ms, with a big grammar 60 ms."""
        vosk = _vosk()
        # An integer of at least 16,000: libvosk hangs at 0 and aborts on anything but a number.
        arguments: list[Any] = [self._model, SAMPLE_RATE]
        chosen: tuple[str, ...] | None = None
        if phrases is not None:
            chosen, self.left_out = self._sorted_out(phrases)
            if not chosen:
                raise EngineError("The Vosk model knows none of the pack's phrases.", _FETCH)
            arguments.append(grammar_json([*chosen, *([UNKNOWN] if self._knows(UNKNOWN) else [])]))
        try:
            engine = vosk.KaldiRecognizer(*arguments)
        except Exception as err:  # libvosk's binding raises plain Exception
            raise EngineError(f"Vosk can't use the graph of the model in {self._where}.", _FETCH) from err
        engine.SetWords(True)
        self._phrases = None if chosen is None else frozenset(chosen)
        return engine

    def _sorted_out(self, phrases: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Phrases that can be heard and those that can't: libvosk would drop single words of them in silence."""
        known: dict[str, bool] = {}
        for phrase in phrases:
            plain = " ".join(phrase.lower().split())
            if plain and plain != UNKNOWN:
                known[plain] = all(self._knows(w) for w in plain.split())
        return tuple(p for p, ok in known.items() if ok), tuple(p for p, ok in known.items() if not ok)

    def _judge(self, pieces: Sequence[dict[str, Any]], offset: float) -> Hypothesis:
        text, whole = _split(" ".join(p.get("text", "") for p in pieces))
        words = tuple(
            Word(
                str(w["word"]),
                round(max(0.0, w["start"] - offset), 3),
                round(max(0.0, w["end"] - offset), 3),
                round(min(1.0, max(0.0, float(w.get("conf", 1.0)))), 3),
            )
            for piece in pieces
            for w in piece.get("result", ())
            if w["word"] != UNKNOWN
        )
        if self._phrases is None and text in GHOSTS:
            return Hypothesis("", engine=self.name)
        if not text:
            return Hypothesis("", engine=self.name, trusted=whole)
        known = [w.confidence for w in words if w.confidence is not None]
        confidence = sum(known) / len(known) if known else None
        # A grammar is a bigram model over its words: half of one phrase may go on as half of another.
        fits = self._phrases is None or made_of(text, self._phrases)
        trusted = whole and fits and (confidence is None or confidence >= DOUBT)
        shown = None if confidence is None else round(confidence, 3)
        return Hypothesis(text, words=words, confidence=shown, engine=self.name, trusted=trusted)


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
        raise ModelError(f"The Vosk model in {model_dir} can't be used: {problem}.", _FETCH)
    for name, (_, digest) in (read_manifest(model_dir) or {}).items():
        try:
            right = sha256_of(model_dir / name) == digest
        except OSError as err:
            raise ModelError(f"{name} of the Vosk model in {model_dir} can't be read.", _FETCH) from err
        if not right:
            raise ModelError(f"The Vosk model in {model_dir} is damaged: {name} has a wrong checksum.", _FETCH)


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


def grammar_json(phrases: Sequence[str]) -> str:
    """A grammar as libvosk takes it: anything but a non-empty JSON list of strings is a segmentation fault there.

    Raises:
        ValueError: No phrases, or one with upper case, doubled blanks or control characters.

    """
    if not phrases:
        raise ValueError("a grammar needs a phrase")
    for phrase in phrases:
        if phrase != " ".join(phrase.lower().split()) or not phrase.isprintable() or not phrase:
            raise ValueError(f"not a plain phrase: {phrase!r}")
    return json.dumps(list(dict.fromkeys(phrases)), ensure_ascii=False)


def made_of(text: str, phrases: frozenset[str]) -> bool:
    """Whether the text is one of the phrases, or several of them one after the other."""
    words = text.split()
    reached = [True] + [False] * len(words)
    for end in range(1, len(words) + 1):
        reached[end] = any(reached[start] and " ".join(words[start:end]) in phrases for start in range(end))
    return bool(words) and reached[-1]


def _split(text: str) -> tuple[str, bool]:
    """The text without ``[unk]``, and whether there was none."""
    words = text.split()
    return " ".join(w for w in words if w != UNKNOWN), UNKNOWN not in words


def _vosk() -> Any:
    # Vosk's own fetching is never used, and what it brings for that opens a socket as it is imported (urllib3 looks
    # whether there is IPv6). An empty module in its place opens none, and could not fetch anything.
    if "vosk" not in sys.modules:
        sys.modules.setdefault("requests", types.ModuleType("requests"))
    try:
        import vosk
    except (ImportError, OSError) as err:
        raise EngineError("Vosk can't be loaded.", "Run pip install vosk, or use --engine pocketsphinx.") from err
    vosk.SetLogLevel(-1)
    return vosk
