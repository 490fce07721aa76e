"""One word out of a few, or none: the armed words against other words and a loop of phones, on PocketSphinx."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.errors import EngineError
from companion.events import Hypothesis
from companion.hearing.decoding import FRAMES_PER_SECOND, add_phone_loop, decode, loop_score
from companion.hearing.frames import dithered
from companion.hearing.pocketsphinx import log_ratio
from companion.ports import SAMPLE_RATE

LEAST = -1.5
"""Log-likelihood ratio per frame of the word against a loop of phones, below which it is nothing."""
BEHIND = {"stop": 0.4, "stop it": 0.4}
OTHERS_BEHIND = 0.2
"""By how much the ratio may be behind that of the best other word. A "stop" that nobody said costs least. Both set on
one voice of flite, three people's "stop" and the recordings of some others, over narration at -10 dB."""
LEAST_FRAMES = 28
"""Frames of 10 ms that the word must take: what is found in less is a part of something else."""
OTHERS: tuple[str, ...] = tuple(
    (
        "the to i and a of you that in is for but know was have they like be not so with are one this he yeah "
        "just my we as what if do at or about all think there would from two me people can your get out no "
        "said up more when an had right well hundred really has thousand will oh because how time them she "
        "been by some who their his were now then good mean than going her see could much other five got "
        "three even too only want did him something very where here way four six seven eight nine ten yes "
        "okay please thanks "
    ).split()
)
"""The most frequent words by PocketSphinx's language model, numbers, short answers: what else may be said."""
_LEAST = SAMPLE_RATE // 10
_ARMED, _OTHERS = "armed", "others"


class WordSpotter:
    """``ports.Recognizer`` for pieces that hold one word; "" is the final text when it is none of them.

    Args:
        words: Lower-case words and phrases, all in the dictionary of PocketSphinx.

    Attributes:
        ratio: Of the last final hypothesis; None where nothing was found.

    Raises:
        EngineError: PocketSphinx can't be loaded.

    """

    name = "pocketsphinx"

    def __init__(self, words: Sequence[str]) -> None:
        """Load the model."""
        try:
            import pocketsphinx
        except (ImportError, OSError) as err:
            raise EngineError("PocketSphinx can't be loaded.", "Run pip install pocketsphinx.") from err
        pocketsphinx.set_loglevel("FATAL")
        home = Path(pocketsphinx.get_model_path("en-us"))
        try:
            self._words: Any = pocketsphinx.Decoder(
                hmm=str(home / "en-us"), dict=str(home / "cmudict-en-us.dict"), lm=None, beam=1e-60, wbeam=1e-40,
                samprate=float(SAMPLE_RATE), cmn="batch", loglevel="FATAL",
            )  # fmt: skip
            for name, choice in ((_ARMED, words), (_OTHERS, OTHERS)):
                rules = " | ".join(choice)
                self._words.add_jsgf_string(name, f"#JSGF V1.0;\ngrammar r;\npublic <word> = {rules};\n")
            self._words.activate_search(_ARMED)
            add_phone_loop(self._words, home / "en-us-phone.lm.bin")
        except (RuntimeError, ValueError, OSError) as err:
            raise EngineError("PocketSphinx can't load its model.", "Reinstall it.") from err
        self._armed = frozenset(words)
        self._sound: list[NDArray[np.int16]] = []
        self.ratio: float | None = None

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``; there are no partial hypotheses."""
        self._sound.append(np.ascontiguousarray(block, dtype=np.int16))
        return None

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``."""
        sound = np.concatenate([np.zeros(0, np.int16), *self._sound])
        self.reset()
        self.ratio = None
        if len(sound) < _LEAST:
            return Hypothesis("", engine=self.name)
        sound = dithered(sound, np.random.default_rng(0))
        try:
            self._words.activate_search(_ARMED)
            words, score, frames = decode(self._words, sound)
            text = " ".join(w.text for w in words)
            length = sum(round((w.end - w.start) * FRAMES_PER_SECOND) for w in words)
            # At the end of the sound the grammar may stand in the middle of a phrase.
            if text not in self._armed or length < LEAST_FRAMES:
                return Hypothesis("", engine=self.name)
            loop = loop_score(self._words, lambda: decode(self._words, sound))
            self._words.activate_search(_OTHERS)
            _, other, _ = decode(self._words, sound)
        except RuntimeError as err:
            raise EngineError("PocketSphinx could not process the sound.", "Say it again.") from err
        self.ratio = log_ratio(score, loop, frames)
        if self.ratio < LEAST or log_ratio(score, other, frames) < -BEHIND.get(text, OTHERS_BEHIND):
            return Hypothesis("", engine=self.name, trusted=False)
        return Hypothesis(text, engine=self.name)

    def pause(self) -> None:
        """See ``ports.Recognizer``."""

    def expect(self, replies: Sequence[str]) -> None:
        """See ``ports.Recognizer``; nothing but the words is ever awaited."""

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        self._sound = []

    def close(self) -> None:
        """See ``ports.Recognizer``."""
        self.reset()
