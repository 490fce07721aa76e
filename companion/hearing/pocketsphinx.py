"""PocketSphinx: the recogniser that needs no download. Its wheel carries the acoustic model."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.atomic import atomic_write_text
from companion.errors import EngineError
from companion.events import Hypothesis, Word
from companion.hearing import lm
from companion.hearing.frames import dithered
from companion.ports import SAMPLE_RATE

FRAMES_PER_SECOND = 100
DOUBT = -2.1
"""Log-likelihood ratio per frame of the words against a loop of phones, below which the text is doubted.
Pack questions by four flite voices lie between -0.1 and -2.1, other speech mostly below -2."""
SHORT_DOUBT = -1.5
"""The same for one or two words: a lone word is easily found in anything."""
REFUSE = -4.5
"""Below this it was no speech that the model knows: the text is dropped."""
_MAX_SECONDS = 70


class PocketSphinxRecognizer:
    """``ports.Recognizer`` on PocketSphinx with a language model of the pack's phrases.

    Args:
        phrases: Lower-case phrases without punctuation, at least one.
        cache: Folder for the language model, kept by content hash.

    Raises:
        EngineError: PocketSphinx isn't installed, or can't load its model.

    """

    name = "pocketsphinx"

    def __init__(self, phrases: Sequence[str], cache: Path) -> None:
        try:
            import pocketsphinx
        except (ImportError, OSError) as err:
            raise EngineError("PocketSphinx can't be loaded.", "Run pip install pocketsphinx.") from err
        pocketsphinx.set_loglevel("FATAL")
        home = Path(pocketsphinx.get_model_path("en-us"))
        dictionary = home / "cmudict-en-us.dict"
        background = _frequent_words(home / "en-us.lm.bin", dictionary, cache)
        self.model = lm.build(phrases, dictionary, background, cache)
        try:
            self._words = pocketsphinx.Decoder(
                hmm=str(home / "en-us"),
                lm=str(self.model.arpa),
                dict=str(self.model.dictionary),
                samprate=float(SAMPLE_RATE),
                # One pass: the text stands 5 ms after the last block instead of 100, at the same accuracy.
                fwdflat=False,
                bestpath=True,
                loglevel="FATAL",
            )
            # A loop of all phones: how well would any sounds at all explain what was heard?
            self._phones = pocketsphinx.Decoder(
                hmm=str(home / "en-us"), allphone=str(home / "en-us-phone.lm.bin"), samprate=float(SAMPLE_RATE),
                lw=2.0, beam=1e-20, pbeam=1e-20, loglevel="FATAL",
            )  # fmt: skip
        except (RuntimeError, ValueError, OSError) as err:
            raise EngineError("PocketSphinx can't load its model.", "Reinstall the package pocketsphinx.") from err
        self._noise = np.random.default_rng(0)
        self._open = False
        self._samples = 0
        self._partial = ""

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``. What comes after 70 seconds of an utterance is dropped."""
        # An empty block raises inside PocketSphinx, and zeros bring ghost words.
        if len(block) == 0 or self._samples > _MAX_SECONDS * SAMPLE_RATE:
            return None
        if not self._open:
            self._words.start_utt()
            self._phones.start_utt()
            self._open = True
        data = dithered(np.ascontiguousarray(block, dtype=np.int16), self._noise).tobytes()
        self._words.process_raw(data, False, False)
        self._phones.process_raw(data, False, False)
        self._samples += len(block)
        found = self._words.hyp()
        text = _plain(found.hypstr) if found else ""
        if text == self._partial:
            return None
        self._partial = text
        return Hypothesis(text, final=False, engine=self.name)

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``. ``confidence`` is the phone-loop ratio mapped to 0 to 1, not a probability."""
        if not self._open:
            return Hypothesis("", engine=self.name)
        self._words.end_utt()
        self._phones.end_utt()
        found, loop = self._words.hyp(), self._phones.hyp()
        words = self._segments()
        frames = max(1, self._words.n_frames())
        self._clear()
        if not found or not words:
            return Hypothesis("", engine=self.name)
        ratio = _log_ratio(found, loop, frames)
        if ratio < REFUSE:
            return Hypothesis("", engine=self.name, trusted=False, confidence=0.0)
        confidence = 1.0 / (1.0 + math.exp(-2.0 * (ratio - DOUBT)))
        return Hypothesis(
            " ".join(w.text for w in words), words=words, confidence=round(confidence, 3), engine=self.name, trusted=ratio >= (SHORT_DOUBT if len(words) <= 2 else DOUBT),
        )

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        if self._open:
            self._words.end_utt()
            self._phones.end_utt()
        self._clear()

    def close(self) -> None:
        """See ``ports.Recognizer``."""
        self.reset()

    def _clear(self) -> None:
        self._open, self._samples, self._partial = False, 0, ""

    def _segments(self) -> tuple[Word, ...]:
        # Read out at once: a segment iterator that outlives its utterance reads freed memory.
        rows = [(s.word, s.start_frame, s.end_frame) for s in (self._words.seg() or ())]
        return tuple(
            Word(_plain(w), start / FRAMES_PER_SECOND, (end + 1) / FRAMES_PER_SECOND)
            for w, start, end in rows
            if w[:1] not in "<[" and _plain(w)
        )


def _plain(text: str) -> str:
    """Without the markers of pronunciation variants."""
    return " ".join(w.split("(", 1)[0] for w in text.split() if w[:1] not in "<[")


def _log_ratio(words: Any, loop: Any, frames: int) -> float:
    """Natural-log likelihood ratio per frame. PocketSphinx shifts its scores by ten bits, hence 1,024."""
    if loop is None or words.best_score <= 0 or loop.best_score <= 0:
        return 0.0
    return 1024.0 * (math.log(words.best_score) - math.log(loop.best_score)) / frames


def _frequent_words(language: Path, dictionary: Path, cache: Path) -> dict[str, float]:
    """The most frequent words by the bundled language model; read once, then from the cache."""
    kept = cache / "pocketsphinx" / f"frequent-{lm.BACKGROUND_WORDS}.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    from pocketsphinx import LogMath, NGramModel

    model = NGramModel.readfile(str(language)) if hasattr(NGramModel, "readfile") else None
    if model is None:
        return {}
    base = LogMath()
    with dictionary.open(encoding="utf-8", errors="replace") as lines:
        words = {line.split(None, 1)[0] for line in lines if line.strip() and "(" not in line.split(None, 1)[0]}
    scored = sorted(((base.exp(model.prob([w])), w) for w in words if w.isalpha()), reverse=True)[: lm.BACKGROUND_WORDS]
    found = {w: p for p, w in scored}
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        atomic_write_text(kept, json.dumps(found))
    except OSError:
        pass  # only the time of the next start is lost
    return found
