"""The ways of hearing that ``evaluate_hearing.py`` compares, each from a sound to decisions of the router."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import extractOne

from companion.content.types import Pack
from companion.events import FRESH, Context, Decision, Hypothesis
from companion.hearing.endpoint import Endpointer, webrtc_detector
from companion.hearing.engines import choose
from companion.hearing.frames import BLOCK
from companion.hearing.process import ProcessRecognizer
from companion.ports import SAMPLE_RATE, Recognizer
from companion.understanding import Router
from companion.understanding.normal import tokens

Sound = NDArray[np.int16]
Decide = Callable[[Hypothesis, Context], Decision]
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass
class Heard:
    """What an engine made of a sound: one hypothesis for each utterance that the endpointer cut out of it."""

    hypotheses: list[Hypothesis]
    waits: list[float]
    """Seconds from an utterance's last block to its text, by the clock."""


@dataclass
class Ear:
    """An engine as it is used: endpointer, recogniser in its own process."""

    name: str
    recognizer: Recognizer
    known: frozenset[str]
    audio: float = 0.0
    """Seconds of sound that were decoded."""
    peak: float = 0.0
    """MB resident at most."""
    waits: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    """Seconds of work ahead in a pause. What exceeds the rest of the endpoint's silence comes on top of the waiting."""

    def hear(self, sound: Sound, replies: Sequence[str] = ()) -> Heard:
        """Block by block, as from a microphone, after a question to which ``replies`` are the likely answers."""
        endpointer = Endpointer(webrtc_detector())
        out = Heard([], [])
        text = ""
        for at in range(0, len(sound), BLOCK):
            for step in endpointer.push(sound[at : at + BLOCK], known=text in self.known):
                if step.kind == "start":
                    self.recognizer.reset()
                    self.recognizer.expect(replies)
                    text = ""
                found = None if step.idle else self.recognizer.accept(step.audio)
                text = text if found is None else found.text
                self.audio += len(step.audio) / SAMPLE_RATE
                if step.kind == "pause":
                    began = time.perf_counter()
                    self.recognizer.pause()
                    self.pauses.append(time.perf_counter() - began)
                if step.kind == "end":
                    self._end(out)
                    text = ""
        if endpointer.finish():
            self._end(out)
        self.waits += out.waits
        self.peak = max(self.peak, megabytes(pid_of(self.recognizer)))
        return out

    def _end(self, out: Heard) -> None:
        began = time.perf_counter()
        hypothesis = self.recognizer.finish()
        out.waits.append(time.perf_counter() - began)
        if hypothesis.text:
            out.hypotheses.append(hypothesis)

    @property
    def real_time_factor(self) -> float:
        """Processor seconds of the engine's process for each second of decoded sound."""
        return processor_seconds(pid_of(self.recognizer)) / self.audio if self.audio else 0.0


class Bundled:
    """PocketSphinx with its bundled language model, as a recogniser that knows nothing of the pack. In this process."""

    name = "bundled"

    def __init__(self) -> None:
        import pocketsphinx

        pocketsphinx.set_loglevel("FATAL")
        self._decoder: Any = pocketsphinx.Decoder(samprate=float(SAMPLE_RATE), loglevel="FATAL")
        self._sound: list[Sound] = []

    def accept(self, block: Sound) -> Hypothesis | None:
        """See ``ports.Recognizer``; no partial hypotheses."""
        self._sound.append(block)
        return None

    def finish(self) -> Hypothesis:
        """See ``ports.Recognizer``."""
        sound = np.concatenate(self._sound) if self._sound else np.zeros(0, np.int16)
        self.reset()
        if len(sound) < SAMPLE_RATE // 10:
            return Hypothesis("", engine=self.name)
        self._decoder.start_utt()
        self._decoder.process_raw(sound.tobytes(), False, True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return Hypothesis(str(found.hypstr) if found else "", engine=self.name)

    def pause(self) -> None:
        """See ``ports.Recognizer``; nothing is done ahead."""

    def expect(self, replies: Sequence[str]) -> None:
        """See ``ports.Recognizer``; it knows of no replies."""

    def reset(self) -> None:
        """See ``ports.Recognizer``."""
        self._sound = []

    def close(self) -> None:
        """See ``ports.Recognizer``."""


def open_ear(
    name: str,
    phrases: Sequence[str],
    model: Path | None,
    cache: Path,
    *,
    partials: bool = True,
    said: Sequence[str] = (),
) -> Ear:
    """An engine by its name: pocketsphinx, vosk, vosk-free, bundled. Without partials no endpoint comes early."""
    if name == "bundled":
        return Ear(name, Bundled(), frozenset())
    engine = choose("vosk" if name.startswith("vosk") else name, model, phrases, cache, said=said)
    if name == "vosk-free":
        engine = replace(engine, phrases=None, check=())
    return Ear(name, ProcessRecognizer(replace(engine, partials=partials)), frozenset(phrases))


def by_router(router: Router) -> Decide:
    """As the companion decides."""
    return router.decide


def by_distance(pack: Pack, cutoff: float) -> Decide:
    """As wyoming-vosk's corrected mode: the nearest of the pack's sentences by a weighted Levenshtein distance.

    Insertions and deletions cost 1, substitutions 3; a cutoff of 0 forces the nearest sentence, else a distance above
    it leaves the text as it is (here: declined). Source: wyoming-vosk's README ("Corrected") and its
    ``--correct-sentences``.
    """
    sentences = {" ".join(tokens(w)): i.id for i in pack.items for w in (i.question, i.title, *i.wordings)}

    def decide(heard: Hypothesis, context: Context = FRESH) -> Decision:
        nearest, distance, _ = extractOne(
            heard.text, list(sentences), scorer=Levenshtein.distance, scorer_kwargs={"weights": (1, 1, 3)}
        )
        near = cutoff <= 0 or distance <= cutoff
        return Decision("answer", sentences[nearest]) if near else Decision("decline", None)

    return decide


def together(first: Sequence[Decision], second: Sequence[Decision]) -> list[Decision]:
    """Two engines on one sound: content is answered at once only where both answer the same, else it is offered."""
    if not first or not second:
        return [_offered(d) for d in (first or second)]
    same = {d.id for d in second if d.kind in {"answer", "confirm", "command"}}
    out = [d if d.id in same else _offered(d) for d in first]
    # What the first has nothing for, the second may offer.
    return out if any(d.kind != "decline" for d in out) else [_offered(d) for d in second]


def _offered(decision: Decision) -> Decision:
    return replace(decision, kind="confirm", then=None) if decision.kind == "answer" else decision


def pid_of(recognizer: Recognizer) -> int:
    """The process in which it decodes."""
    return getattr(recognizer, "pid", None) or os.getpid()


def megabytes(pid: int) -> float:
    """Most memory that a process ever had resident (Linux; elsewhere 0)."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def processor_seconds(pid: int) -> float:
    """Of a process, loading included (Linux; elsewhere 0)."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICK
    return 0.0
