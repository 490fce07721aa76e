"""The topic model of a pack, made ready in the background and kept on disk by content."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from companion.content.types import Pack
from companion.errors import CompanionError
from companion.understanding.embeddings import encoded, leave
from companion.understanding.exemplars import Exemplar, Subject, exemplars, normal_text
from companion.understanding.normal import tokens
from companion.understanding.topics import Scores, Sentence, TopicModel, content_key, weights_shape
from companion.understanding.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from companion.understanding.minilm import SentenceEncoder

    Floats = NDArray[np.float32]

PATIENCE = 60.0
"""Seconds that the first question waits for the model at most. It is there in a second or two, or in a minute when
the pack is new; the same words must get the same answer whether they come early or late."""
LARGEST = 10_000
"""Sentences; the time of a fit grows with their third power (9,000: half a minute and a gigabyte, once)."""
REMEMBERED = 512
"""Utterances whose scores are kept: partial hypotheses and repeated questions come again."""


class Topics:
    """Scores utterances against one pack. Loads in a thread of its own; without MiniLM it goes by words alone."""

    def __init__(self, pack: Pack, vocabulary: Vocabulary, model_dir: Path | None, cache_dir: Path | None) -> None:
        """Begin to load, and return at once.

        Args:
            pack: Whose exemplars are learnt.
            vocabulary: The pack's words.
            model_dir: Folder of all-MiniLM-L6-v2; None to go by words alone.
            cache_dir: Where embeddings and weights are kept; None to keep nothing.

        """
        self.reason: str | None = None
        """Why MiniLM, or the whole model, is not in use; None when all is well or not yet known."""
        self.vocabulary = vocabulary
        """The pack's words."""
        self._subject = Subject.of(pack, vocabulary)
        self._model: TopicModel | None = None
        self._own: TopicModel | None = None
        self._encoder: SentenceEncoder | None = None
        self._recent: dict[tuple[bool, str], Scores] = {}
        self._vectors_of: dict[str, Floats] = {}
        self._done = threading.Event()
        self._leaving = threading.Event()
        # A daemon, so that a fault in it can't keep the program; ended, not cut off, on leaving: see ``leave``.
        thread = threading.Thread(target=self._run, args=(pack, model_dir, cache_dir), name="topics", daemon=True)
        weakref.finalize(self, leave, thread, self._leaving)
        thread.start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until loading has ended, at most ``timeout`` seconds (None: as long as it takes).

        Returns:
            Whether there is a model.

        """
        self._done.wait(timeout)
        return self._model is not None

    @property
    def knows_meaning(self) -> bool:
        """Whether MiniLM takes part."""
        return self._encoder is not None

    @property
    def model(self) -> TopicModel | None:
        """The fitted model; None before it is there."""
        return self._model

    @property
    def own_model(self) -> TopicModel | None:
        """The model fitted without what people have said; None before it is there."""
        return self._own

    def scores(self, words: Sequence[str]) -> Scores | None:
        """Which topic an utterance points to; None when there is no model. Never raises.

        Args:
            words: Tokens.

        """
        return self._scored(words, own=False)

    def by_own(self, words: Sequence[str]) -> Scores | None:
        """The same by the pack's own sentences alone, for what is about safety: None when there is no model.

        What people have said asks for topics, thousands of times; among it a cry for help would look like a question.
        """
        return self._scored(words, own=True)

    def meaning(self, words: Sequence[str]) -> Floats | None:
        """MiniLM's embedding of an utterance as the model sees it, shape (384,); None without MiniLM. Never raises."""
        return self._embedded(lambda: (self.sentence(words).text,))

    def as_said(self, words: Sequence[str]) -> Floats | None:
        """MiniLM's embedding of the words as they were said, shape (384,); None without MiniLM. Never raises."""
        return self._embedded(lambda: (" ".join(words),))

    def foresee(self, question: Sequence[str], words: Sequence[str]) -> None:
        """Embed at once what ``by_own`` and ``as_said`` will ask for: much less work than one after the other.

        Args:
            question: Tokens without what stands around the question.
            words: All tokens, as they were said.

        """
        self._embedded(lambda: (self.sentence(question).text, " ".join(words)))

    def _embedded(self, texts: Callable[[], Sequence[str]]) -> Floats | None:
        if not self.wait(PATIENCE) or self._encoder is None:
            return None
        try:
            return self._vectors_for(self._encoder, texts())[0]
        except Exception as error:  # noqa: BLE001, RUF100 - as in ``_scored``
            self._model, self.reason = None, _why(error)
            return None

    def _scored(self, words: Sequence[str], *, own: bool) -> Scores | None:
        if not self.wait(PATIENCE) or self._model is None or self._own is None:
            return None
        own = own and self._own is not self._model  # without what was said, there is one model, asked once
        key = own, " ".join(words)
        if (known := self._recent.get(key)) is not None:
            return known
        try:
            sentence = self.sentence(words)
            vector = self._vectors_for(self._encoder, [sentence.text])[0] if self._encoder else None
            found = (self._own if own else self._model).scores(sentence, vector)
        except Exception as error:  # noqa: BLE001, RUF100 - a fault here must cost the model, not the conversation
            self._model, self.reason = None, _why(error)
            return None
        if len(self._recent) >= REMEMBERED:
            self._recent.clear()
        self._recent[key] = found
        return found

    def _vectors_for(self, encoder: SentenceEncoder, texts: Sequence[str]) -> list[Floats]:
        known = {text: self._vectors_of[text] for text in texts if text in self._vectors_of}
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= zip(new, encoder.encode(new), strict=True)
            if len(self._vectors_of) >= REMEMBERED:
                self._vectors_of.clear()
            self._vectors_of |= known
        return [known[text] for text in texts]

    def sentence(self, words: Sequence[str]) -> Sentence:
        """An utterance as the model sees it."""
        return as_sentence(words, self.vocabulary, self._subject)

    def _run(self, pack: Pack, model_dir: Path | None, cache_dir: Path | None) -> None:
        try:
            self._load(pack, model_dir, cache_dir)
        except Exception as error:  # noqa: BLE001, RUF100 - whatever breaks, the lexical layer goes on alone
            self._model, self.reason = None, _why(error)
        finally:
            self._done.set()

    def _load(self, pack: Pack, model_dir: Path | None, cache_dir: Path | None) -> None:
        rows = exemplars(pack, self.vocabulary)
        if len(rows) > LARGEST:
            self.reason = f"The pack has {len(rows)} sentences; the topic model is made for {LARGEST} at most."
            return
        sentences = [as_sentence(tokens(row.text), self.vocabulary, self._subject) for row in rows]
        vectors = self._vectors([s.text for s in sentences], model_dir, cache_dir)
        own = len(exemplars(replace(pack, said={}), self.vocabulary))  # what was said comes last
        self._own = self._fitted(rows[:own], sentences[:own], vectors, cache_dir)
        self._model = self._own
        if own < len(rows):
            try:
                self._model = self._fitted(rows, sentences, vectors, cache_dir)
            except MemoryError:
                # Its own sentences alone take a third of the memory, and answer a little less at once.
                self.reason = "There is too little memory to learn from what people have said."

    def _fitted(
        self, rows: Sequence[Exemplar], sentences: Sequence[Sentence], vectors: Floats | None, cache_dir: Path | None
    ) -> TopicModel:
        path = None
        if cache_dir is not None:
            meaning = "words" if vectors is None else "minilm"
            path = cache_dir / "topics" / f"{content_key(rows, sentences, meaning)}.npy"
        weights = _kept(path, weights_shape(rows))
        mine = None if vectors is None else vectors[: len(rows)]
        model = TopicModel(rows, sentences, mine, weights, self._leaving.is_set)
        if weights is None and path is not None:
            _keep(path, model.weights)
        return model

    def _vectors(self, texts: Sequence[str], model_dir: Path | None, cache_dir: Path | None) -> Floats | None:
        if model_dir is None:
            self.reason = "The sentence model is not there. To get it: companion model fetch minilm."
            return None
        try:
            loaded = encoded(model_dir, texts, cache_dir, self._leaving.is_set)
        except (CompanionError, OSError, ImportError, ValueError) as error:
            self.reason = _why(error)
            return None
        if loaded is None:
            return None
        self._encoder, vectors = loaded
        return vectors


def as_sentence(words: Sequence[str], vocabulary: Vocabulary, subject: Subject) -> Sentence:
    """An utterance as the model sees it, given as tokens."""
    text = normal_text(words, vocabulary, subject)
    return Sentence(text, tuple(c.key for c in vocabulary.concepts(text.split(), repair=False)))


def _kept(path: Path | None, shape: tuple[int, int]) -> Floats | None:
    from companion.understanding.embeddings import load_array

    return None if path is None else load_array(path, shape)


def _keep(path: Path, array: Floats) -> None:
    from companion.understanding.embeddings import save_embeddings

    with contextlib.suppress(OSError):  # a cache that can't be written costs time at the next start, nothing else
        save_embeddings(path, array)


def _why(error: Exception) -> str:
    if isinstance(error, CompanionError):
        return str(error)
    if isinstance(error, ImportError):
        return f"{error.name or 'A package'} is not installed or can't be loaded."
    return f"The topic model failed ({type(error).__name__})."
