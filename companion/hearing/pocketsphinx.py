"""PocketSphinx: the recogniser that needs no download. Its wheel carries the acoustic model.

Partial hypotheses come from decoding as the sound comes. The final one comes from decoding the whole utterance again,
from cepstra of our own (``features``): noise and rooms are taken out of them, the silence around the words is cut off,
and the mean is the utterance's own. Then it depends on nothing that was said before, and the likelihood ratio by which
it is trusted tells pack questions from other speech far better. By two voices that the network never heard, the
share of wrong words is 20 % in white noise of 15 dB (57 % with PocketSphinx's own front end), 19 % in babble of 15 dB
(33), 22 % in a large room (33), and in a small one (10) and in quiet (7) the same (``scripts/measure_cleaner.py``,
``tests/data/hearing_tune.tsv``, 2026-11-29). It costs a tenth of the utterance's length or more, so it is done ahead,
in the pause after which an end is expected.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.atomic import atomic_write_text
from companion.errors import EngineError
from companion.events import Hypothesis, Word
from companion.hearing import lm
from companion.hearing.decoding import (
    FRAMES_PER_SECOND,
    add_phone_loop,
    decode_features,
    later,
    loop_score,
    others,
    plain,
    seconds_of,
)
from companion.hearing.features import Features, features
from companion.hearing.frames import BLOCK, dithered
from companion.ports import SAMPLE_RATE

DOUBT = -1.6
"""Log-likelihood ratio per frame of the words against a loop of phones, below which the text is doubted. Set on
``tests/data/hearing_tune.tsv`` by two voices: 25 of 26 questions spoken in quiet lie above it, 13 of 16 sentences out
of scope below, and the router has no topic for the other three."""
SHORT_DOUBT = -1.0
"""The same for one or two words: a lone word is easily found in anything."""
REFUSE = -3.2
"""Below this it was no speech that the model knows: the text is dropped."""
LEAST_SNR = 12.0
"""Decibels. In more noise than that the text is doubted, for false accepts rise steeply."""
NOISE = 8.0
"""Decibels. In more noise than that nothing that was heard is worth asking about: the text is dropped."""
LEAST_PACE, LONG = 1.0, 2.5
"""Words a second, below which what is longer than so many seconds was noise: with its noise taken out, traffic is a few
words and much silence, which the ratio can't tell. Slow speech has 1.6."""
SHORT_REFUSE = -1.9
"""As `REFUSE`, for one or two words: one command by people in fourteen lies below, and "stop" by flite only just above.
In noise, where "what" was found at -2.1, `SHORT_DOUBT` is the limit."""
REPLY_SURE, REPLY_LEAST = -0.5, -1.2
"""Ratio from which a short reply that was awaited is trusted by itself, and from which it is asked about."""
TWICE_SURE, TWICE_LEAST = -1.2, -1.8
"""The same where the reply is found in the sound as it was heard, too, not only in the mended one. These and the next
are set on four voices of flite and with the recordings of people in view: of 48 digits 33 are found rightly both times,
30 of them at -1.2 or more, and one is taken for another digit; of 70 other sounds two are taken for a digit."""
REPLY_BEHIND = 0.2
"""By how much the ratio of an awaited reply may be behind that of what the language model finds: a lone digit is
nothing that the model of whole questions would think of."""
STEER_SURE, STEER_LEAST, STEER_AHEAD = {"stop": -1.8}, -0.5, 0.2
"""The same ratio for a command that may come at any moment, which must be found both times, and by how much it must be
ahead of what the language model finds. Of 24 commands by people 23 are found both times; of their other sounds one is
taken for a stop, and none for another command. A "stop" that nobody said costs least."""
REPLY_SECONDS, REPLY_REST = 1.2, 0.5
"""Speech that is longer is no short reply; nor is one where more than this is left beside the reply's words."""
_LEAST = SAMPLE_RATE // 10
"""Samples; nothing shorter holds a word."""
_MAX_SECONDS = 70
_REPLIES = "replies"
_ACTING = frozenset({"yes", "yes please"})
"""Replies that set something going at once, so both ways of decoding must find them: among so few replies "up" and
"go" were taken for a yes. Frequent words beside the replies (60 or 200) lost the digits with the false ones."""
_STEERING = frozenset({"stop", "next", "pause", "resume", "repeat"})
"""Commands: told from other sounds more strictly than an answer to a question."""
_REINSTALL = "Reinstall it: pip install --force-reinstall pocketsphinx."


class PocketSphinxRecognizer:
    """``ports.Recognizer`` on PocketSphinx with a language model of the pack's phrases.

    Args:
        phrases: Lower-case phrases without punctuation, at least one.
        cache: Folder for the language model, kept by content hash.
        partials: Decode as the sound comes, too; False saves that half of the work where only the final text counts.
        said: How people ask in other words, for the language model alone.

    Attributes:
        model: The language model in use.
        ratio: Log-likelihood ratio per frame of the last final hypothesis; None before one, and without words.
        snr: Signal-to-noise ratio of the last utterance, decibels; None before one.

    Raises:
        EngineError: PocketSphinx isn't installed, can't load its model, or was given no phrases.

    """

    name = "pocketsphinx"

    def __init__(
        self, phrases: Sequence[str], cache: Path, *, partials: bool = True, said: Sequence[str] = ()
    ) -> None:
        """Make or find the language model (0.7 s, then 0.1 s) and load it."""
        if not any(p.split() for p in phrases):
            raise EngineError("There are no phrases to listen for.", "Check the pack: companion pack check.")
        try:
            import pocketsphinx
        except (ImportError, OSError) as err:
            raise EngineError("PocketSphinx can't be loaded.", "Run pip install pocketsphinx.") from err
        pocketsphinx.set_loglevel("FATAL")
        home = Path(pocketsphinx.get_model_path("en-us"))
        dictionary = home / "cmudict-en-us.dict"
        try:
            background = frequent_words(home / "en-us.lm.bin", dictionary, cache)
            self.model = lm.build(phrases, dictionary, background, cache, said=said)
            try:
                self._words: Any = self._decoder(home)
            except RuntimeError:
                # The cache was damaged from outside.
                self.model = lm.build(phrases, dictionary, background, cache, said=said, anew=True)
                self._words = self._decoder(home)
            add_phone_loop(self._words, home / "en-us-phone.lm.bin")
        except (RuntimeError, ValueError, OSError) as err:
            raise EngineError("PocketSphinx can't load its model.", _REINSTALL) from err
        self.ratio: float | None = None
        self.snr: float | None = None
        self._partials = partials
        self._noise = np.random.default_rng(0)
        self._sound: list[NDArray[np.int16]] = []
        self._length = 0
        self._open = False
        self._partial = ""
        self._before = ""
        self._ahead: Hypothesis | None = None
        self._questions = self._words.current_search()
        self._replies: tuple[str, ...] = ()

    def accept(self, block: NDArray[np.int16]) -> Hypothesis | None:
        """See ``ports.Recognizer``. What comes after 70 seconds of an utterance is dropped."""
        # An empty block raises inside PocketSphinx.
        if len(block) == 0 or self._length > _MAX_SECONDS * SAMPLE_RATE:
            return None
        # Digital zeros bring ghost words and spoil the next utterance.
        samples = dithered(np.ascontiguousarray(block, dtype=np.int16), self._noise)
        self._sound.append(samples)
        self._length += len(samples)
        self._ahead = None
        if not self._partials:
            return None
        try:
            if not self._open:
                self._words.reinit_feat()
                self._words.start_utt()  # without it, sound is ignored without a word
                self._open = True
            for start in range(0, len(samples), BLOCK):
                self._words.process_raw(samples[start : start + BLOCK].tobytes(), False, False)
            found = self._words.hyp()
        except RuntimeError as err:
            raise self._failed() from err
        text = " ".join([*self._before.split(), *(plain(found.hypstr) if found else "").split()])
        if text == self._partial:
            return None
        self._partial = text
        return Hypothesis(text, final=False, engine=self.name)

    def pause(self) -> None:
        """See ``ports.Recognizer``: the whole utterance is decoded while the endpoint still waits."""
        self._end_partials()
        if self._sound:
            self._ahead = self._judge(np.concatenate(self._sound))
            self._before = self._ahead.text

    def expect(self, replies: Sequence[str]) -> None:
        """See ``ports.Recognizer``. Replies with a word that is not in the dictionary are left out.

        Raises:
            EngineError: An utterance is under way.

        """
        known = tuple(r for r in dict.fromkeys(replies) if r and all(map(self._words.lookup_word, r.split())))
        if known == self._replies:
            return
        if self._sound:
            raise EngineError("What is awaited can't be changed during an utterance.", "Finish or reset it first.")
        self._replies = known
        if known:
            rules = " | ".join(known)
            self._words.add_jsgf_string(_REPLIES, f"#JSGF V1.0;\ngrammar r;\npublic <reply> = {rules};\n")
            # What was added last is not what is decoded with.
            self._words.activate_search(self._questions)

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``. ``confidence`` is the phone-loop ratio mapped to 0 to 1, not a probability."""
        ahead, sound = self._ahead, self._sound
        self.reset()
        return ahead or self._judge(np.concatenate(sound) if sound else np.zeros(0, np.int16))

    def _judge(self, sound: NDArray[np.int16]) -> Hypothesis:
        self.ratio = self.snr = None
        if len(sound) < _LEAST:
            return Hypothesis("", engine=self.name)
        heard = features(sound)
        self.snr, shift = heard.snr, heard.start / FRAMES_PER_SECOND
        try:
            words, score, frames = decode_features(self._words, heard.mended)
            else_said = others(self._words, " ".join(w.text for w in words)) if words else ()
            loop = loop_score(self._words, lambda: decode_features(self._words, heard.mended))
        except RuntimeError as err:
            raise self._failed() from err
        ratio = log_ratio(score, loop, frames) if words else None
        if self._replies and (found := self._reply(heard, loop, words, ratio)):
            return replace(found, words=later(found.words, shift))
        if ratio is None:
            return Hypothesis("", engine=self.name)
        self.ratio = ratio
        short = len(words) <= 2
        refuse = REFUSE if not short else SHORT_REFUSE if self.snr >= LEAST_SNR else SHORT_DOUBT
        seconds = len(heard.mended) / FRAMES_PER_SECOND
        sparse = seconds > LONG and len(words) < LEAST_PACE * seconds
        if self.ratio < refuse or self.snr < NOISE or sparse:
            return Hypothesis("", engine=self.name, trusted=False, confidence=0.0)
        doubt = SHORT_DOUBT if short else DOUBT
        confidence = 1.0 / (1.0 + math.exp(-3.0 * (self.ratio - doubt)))
        return Hypothesis(
            " ".join(w.text for w in words),
            words=later(words, shift),
            confidence=round(confidence, 3),
            engine=self.name,
            trusted=self.ratio >= doubt and self.snr >= LEAST_SNR,
            alternatives=else_said,
        )

    def _reply(
        self, heard: Features, loop: float, free: tuple[Word, ...], ratio: float | None
    ) -> Hypothesis | None:
        """The awaited reply, where the sound is one: decoded again with nothing but the replies, and compared.

        Args:
            heard: The utterance.
            loop: Score of the loop of phones.
            free: What the language model found.
            ratio: Its ratio; None without words.

        """
        if self.snr is None or self.snr < NOISE or seconds_of(free) > REPLY_SECONDS:
            return None
        words, score, frames = self._among_replies(heard.mended)
        text = " ".join(w.text for w in words)
        # At the end of the sound the grammar may stand in the middle of a reply, or have left most of it to silence.
        if text not in self._replies or seconds_of(free) - seconds_of(words) > REPLY_REST:
            return None
        own = log_ratio(score, loop, frames)
        if own < TWICE_LEAST or (ratio is not None and own < ratio - REPLY_BEHIND):
            return None
        seen_twice = text == " ".join(w.text for w in self._among_replies(heard.plain)[0])
        if own < REPLY_LEAST and not seen_twice:
            return None
        # One word more is easily found in the breath after a reply ("yes please send").
        agreed = len(free) <= len(words) + 1 and text == " ".join(w.text for w in free[: len(words)])
        if text in _STEERING and not agreed:
            sure = own >= STEER_SURE.get(text, STEER_LEAST) and (ratio is None or own >= ratio + STEER_AHEAD)
            if not (seen_twice and sure):
                return None
        if self.snr < LEAST_SNR and (text in _STEERING or text.startswith("no")):
            return None
        sure = own >= (TWICE_SURE if seen_twice else REPLY_SURE) and (ratio is None or own >= ratio)
        trusted = (agreed or sure) and self.snr >= LEAST_SNR
        if text in _ACTING and not (agreed and trusted):
            return None
        self.ratio = own
        confidence = 1.0 / (1.0 + math.exp(-3.0 * (own - REPLY_SURE)))
        return Hypothesis(text, words=words, confidence=round(confidence, 3), engine=self.name, trusted=trusted)

    def _among_replies(self, rows: NDArray[np.float32]) -> tuple[tuple[Word, ...], float, int]:
        try:
            self._words.activate_search(_REPLIES)
            return decode_features(self._words, rows)
        except RuntimeError as err:
            raise self._failed() from err
        finally:
            self._words.activate_search(self._questions)

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        self._end_partials()
        self._clear()

    def close(self) -> None:
        """See ``ports.Recognizer``."""
        self.reset()

    def _end_partials(self) -> None:
        if self._open:
            with suppress(RuntimeError):
                self._words.end_utt()
        self._open = False

    def _clear(self) -> None:
        self._partial, self._before, self._ahead = "", "", None
        self._sound, self._length = [], 0
        # The same sound gives the same text.
        self._noise = np.random.default_rng(0)

    def _failed(self) -> EngineError:
        self.reset()
        return EngineError("PocketSphinx could not process the sound.", "Say it again.")

    def _decoder(self, home: Path) -> Any:
        import pocketsphinx

        return pocketsphinx.Decoder(
            hmm=str(home / "en-us"), lm=str(self.model.arpa), dict=str(self.model.dictionary),
            # Of the whole utterance where it is decoded whole, else as it comes.
            cmn="batch",
            samprate=float(SAMPLE_RATE), loglevel="FATAL",
        )  # fmt: skip


def log_ratio(words: float, loop: float, frames: int) -> float:
    """Natural-log likelihood ratio per frame of two scores of PocketSphinx, which are shifted by ten bits: 1,024.

    Where there is no score to compare with the result is `DOUBT` less a little: doubted, but not refused.
    """
    if words <= 0 or loop <= 0:
        return DOUBT - 0.1
    return 1024.0 * (math.log(words) - math.log(loop)) / frames


def frequent_words(language: Path, dictionary: Path, cache: Path) -> dict[str, float]:
    """The most frequent words by the bundled language model; read once, then from the cache."""
    kept = cache / "pocketsphinx" / f"frequent-{lm.BACKGROUND_WORDS}.json"
    with suppress(OSError, ValueError, TypeError, AttributeError):
        return {str(w): float(p) for w, p in json.loads(kept.read_text(encoding="utf-8")).items()}
    from pocketsphinx import LogMath, NGramModel

    model, base = NGramModel.readfile(str(language)), LogMath()
    with dictionary.open(encoding="utf-8", errors="replace") as lines:
        words = {line.split(None, 1)[0] for line in lines if line.strip()}
    scored = sorted(((base.exp(model.prob([w])), w) for w in words if w.isalpha()), reverse=True)
    found = {w: p for p, w in scored[: lm.BACKGROUND_WORDS]}
    with suppress(OSError):  # only the time of the next start would be lost
        atomic_write_text(kept, json.dumps(found))
    return found
