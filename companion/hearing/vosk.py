"""Vosk: libvosk with a model that lies on the disk.

libvosk ends the whole process on some bad input, so whatever could make it do so is refused here before it is called,
and the engine lives in a worker process all the same (`companion.hearing.process`). Every guard stands for a crash or
a silent error that was seen with version 0.3.45.
"""

from __future__ import annotations

import contextlib
import json
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import EngineError
from companion.events import Hypothesis, Word
from companion.hearing.frames import BLOCK
from companion.hearing.grammar import FREE, UNKNOWN, Grammar, agreed, grammar_json, made, made_of
from companion.hearing.vosk_files import FETCH, check_model
from companion.ports import SAMPLE_RATE

BIG_VOCABULARY = 5_000
"""Words from which on a model hears better without a grammar: what isn't asked then has somewhere to go."""
DOUBT = 0.6
"""Mean confidence of the words below which a text is doubted. Low is a sign, high is none: wrong texts have 1.0 too."""
GHOSTS = frozenset({"the", "huh", "uh", "hm", "a"})
"""What free decoding makes out of silence and breath, when it stands alone."""


class VoskRecognizer:
    """``ports.Recognizer`` on libvosk. Run it in a worker process: see `companion.hearing.process`.

    Args:
        model_dir: Folder with ``am``, ``conf`` and ``graph``.
        grammar: Phrases to choose from; those with a word that the model lacks, and that no spelling helps, are left
            out (see ``left_out``), and ``[unk]`` is added. None for free decoding.
        check: In free decoding, phrases for a second recogniser on the same model: what is heard freely is held
            against what it makes of the sound (`grammar.agreed`). () for none.
        spellings: Word to what it sounds like, for words that the model lacks.
        decoys: Words that are listened for and mean nothing.

    Raises:
        ModelError: The folder is no whole model.
        EngineError: Vosk isn't installed, can't load the model, or the model knows none of the phrases.

    """

    name = "vosk"

    def __init__(
        self,
        model_dir: Path,
        grammar: Sequence[str] | None = None,
        *,
        check: Sequence[str] = (),
        spellings: Mapping[str, Sequence[str]] | None = None,
        decoys: Sequence[str] = (),
    ) -> None:
        """Check the folder and load it; 4 ms to some seconds, by the model's size."""
        model_dir = Path(model_dir)
        check_model(model_dir)
        vosk = _vosk()
        try:
            # Never Model(lang=…): that downloads without a checksum and ends the process on unknown names.
            self._model: Any = vosk.Model(model_path=str(model_dir))
        except Exception as err:  # libvosk's binding raises plain Exception
            raise EngineError(f"Vosk can't load the model in {model_dir}.", FETCH) from err
        self._spellings = spellings or {}
        self._decoys = tuple(decoys)
        self._started = False
        self._partial = ""
        self._where = model_dir
        # libvosk ignores a grammar, without a word, when the graph is a static one.
        self._static = (model_dir / "graph" / "HCLG.fst").is_file()
        self._main = self._open(None if self._static else grammar)
        self._second: _Stream | None = None
        if check and grammar is None and not self._static:
            with contextlib.suppress(EngineError):  # a model that knows none of the phrases hears freely all the same
                self._second = self._open(check)

    @property
    def grammar(self) -> frozenset[str] | None:
        """The phrases that can be heard; None in free decoding."""
        return self._main.grammar.known if self._main.limited else None

    @property
    def left_out(self) -> tuple[str, ...]:
        """Phrases that can't be heard because the model lacks a word of theirs."""
        return self._main.grammar.left_out

    def missing_words(self, words: Iterable[str]) -> tuple[str, ...]:
        """Those of ``words`` that the model lacks, in their order, none twice."""
        return tuple(dict.fromkeys(w for w in words if not self._knows(w)))

    def lacking(self, words: Iterable[str]) -> dict[str, str]:
        """The words that the model lacks, each with the spelling that is listened for instead, or ""."""
        # The first spelling is the author's first.
        used: dict[str, str] = {}
        for row, word in (self._second or self._main).grammar.meant.items():
            used.setdefault(word, " ".join(row))
        return {w: used.get(w, "") for w in self.missing_words(words)}

    def set_grammar(self, phrases: Sequence[str] | None) -> None:
        """Listen for other phrases from the next utterance on; None for free decoding.

        Raises:
            EngineError: An utterance is under way (libvosk would abort), or the model knows none of the phrases.

        """
        if self._started:
            raise EngineError("The grammar can't be changed during an utterance.", "Finish or reset it first.")
        if not self._static:
            self._main, self._second = self._open(phrases), None

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``."""
        if len(block) == 0:
            return None
        self._started = True
        samples = np.ascontiguousarray(block, dtype=np.int16)
        for start in range(0, len(samples), BLOCK):
            self._feed(samples[start : start + BLOCK].tobytes())
        text, _ = self._main.grammar.split(self._main.under_way(), partial=True)
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
        heard = _judged(self._main)
        if self._second:
            heard = agreed(heard, _judged(self._second), self._second.grammar.known)
        self._clear()
        return heard

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        if self._started:
            for stream in self._streams():
                stream.finish()
        self._clear()

    def close(self) -> None:
        """See ``ports.Recognizer``."""
        self.reset()
        self._main.engine = self._second = self._model = None

    def _streams(self) -> list[_Stream]:
        return [self._main, *([self._second] if self._second else [])]

    def _clear(self) -> None:
        self._started = False
        self._partial = ""
        for stream in self._streams():
            stream.clear()

    def _feed(self, data: bytes) -> None:
        try:
            for stream in self._streams():
                stream.feed(data)
        except Exception as err:  # libvosk's binding raises plain Exception
            self._clear()
            raise EngineError("Vosk could not process the sound.", "Say it again.") from err

    def _knows(self, word: str) -> bool:
        return bool(word) and "\0" not in word and int(self._model.vosk_model_find_word(word)) >= 0

    def _open(self, phrases: Sequence[str] | None) -> _Stream:
        """A recogniser of libvosk; 4 ms, with a big grammar 60 ms."""
        vosk = _vosk()
        # An integer of at least 16,000: libvosk hangs at 0 and aborts on anything but a number.
        arguments: list[Any] = [self._model, SAMPLE_RATE]
        grammar = FREE
        if phrases is not None:
            # libvosk would drop single words that it lacks in silence: whole phrases go, or are spelled otherwise.
            grammar = made(phrases, self._knows, self._spellings, self._decoys)
            if not grammar.known:
                raise EngineError("The Vosk model knows none of the pack's phrases.", FETCH)
            arguments.append(grammar_json([*grammar.phrases, *([UNKNOWN] if self._knows(UNKNOWN) else [])]))
        try:
            engine = vosk.KaldiRecognizer(*arguments)
        except Exception as err:  # libvosk's binding raises plain Exception
            raise EngineError(f"Vosk can't use the graph of the model in {self._where}.", FETCH) from err
        engine.SetWords(True)
        return _Stream(engine, grammar, limited=phrases is not None)


class _Stream:
    """A recogniser of libvosk, and what it has made of the utterance under way."""

    def __init__(self, engine: Any, grammar: Grammar, *, limited: bool) -> None:
        self.engine = engine
        self.grammar = grammar
        self.limited = limited
        self.pieces: list[dict[str, Any]] = []
        self._before = self._fed = 0

    @property
    def offset(self) -> float:
        """Seconds that libvosk had heard before: its times run on from utterance to utterance."""
        return self._before / SAMPLE_RATE

    def feed(self, data: bytes) -> None:
        ended = self.engine.AcceptWaveform(data)
        self._fed += len(data) // 2
        if ended:  # the model's own idea of an end; ours comes with finish()
            self.pieces.append(json.loads(self.engine.Result()))

    def under_way(self) -> str:
        last = str(json.loads(self.engine.PartialResult()).get("partial", ""))
        return " ".join([*(p.get("text", "") for p in self.pieces), last])

    def finish(self) -> None:
        self.pieces.append(json.loads(self.engine.FinalResult()))

    def clear(self) -> None:
        self.pieces = []
        self._before = self._fed


def _judged(stream: _Stream) -> Hypothesis:
    """End the stream's utterance: what was said, and whether to trust it."""
    stream.finish()
    name = VoskRecognizer.name
    grammar = stream.grammar
    text, whole = grammar.split(" ".join(p.get("text", "") for p in stream.pieces))
    if not stream.limited and text in GHOSTS:
        return Hypothesis("", engine=name)
    if not text:
        return Hypothesis("", engine=name, trusted=whole)
    words = grammar.words([_word(w, stream.offset) for piece in stream.pieces for w in piece.get("result", ())])
    known = [w.confidence for w in words if w.confidence is not None]
    confidence = sum(known) / len(known) if known else None
    # A grammar is a bigram model over its words: half of one phrase may go on as half of another.
    fits = not stream.limited or made_of(text, grammar.known)
    trusted = whole and fits and (confidence is None or confidence >= DOUBT)
    shown = None if confidence is None else round(confidence, 3)
    return Hypothesis(text, words=words, confidence=shown, engine=name, trusted=trusted)


def _word(row: Mapping[str, Any], offset: float) -> Word:
    return Word(
        str(row["word"]),
        round(max(0.0, row["start"] - offset), 3),
        round(max(0.0, row["end"] - offset), 3),
        round(min(1.0, max(0.0, float(row.get("conf", 1.0)))), 3),
    )


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
