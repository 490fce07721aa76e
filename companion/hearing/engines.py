"""Which recogniser to open."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from companion.errors import ModelError, UsageError
from companion.hearing.process import Engine, ProcessRecognizer
from companion.store import vosk_model_for

ENGINES = ("auto", "vosk", "pocketsphinx")


def open_recognizer(
    engine: str,
    model: Path | None,
    phrases: Sequence[str],
    cache_dir: Path,
    *,
    partials: bool = True,
    spellings: Mapping[str, Sequence[str]] | None = None,
    said: Sequence[str] = (),
) -> ProcessRecognizer:
    """Vosk where its model is found, else PocketSphinx; always in a process of its own.

    Args:
        engine: "auto", "vosk" or "pocketsphinx".
        model: A Vosk model's folder or name; None to search (``COMPANION_MODEL``, the store, ``models/``).
        phrases: What a listener may say, lower case without punctuation: grammar and language model.
        cache_dir: Folder for what is made from the phrases.
        partials: False where only final hypotheses count, as with recordings; saves PocketSphinx half of its work.
        spellings: Word to what it sounds like, for words that a Vosk model lacks.
        said: How people ask in other words than the phrases; PocketSphinx's language model learns from it.

    Raises:
        ModelError: A model that was named or found is missing or damaged, or "vosk" was asked for and there is none.
        EngineError: The engine can't be loaded.
        UsageError: There is no such engine.

    """
    chosen = choose(engine, model, phrases, cache_dir, spellings, said=said)
    return ProcessRecognizer(replace(chosen, partials=partials))


def choose(
    engine: str,
    model: Path | None,
    phrases: Sequence[str],
    cache_dir: Path,
    spellings: Mapping[str, Sequence[str]] | None = None,
    *,
    said: Sequence[str] = (),
) -> Engine:
    """What `open_recognizer` opens.

    Raises:
        ModelError: As there.
        UsageError: As there.

    """
    if engine not in ENGINES:
        raise UsageError(f"There is no engine {engine!r}.", f"The engines are {', '.join(ENGINES)}.")
    # There are systems for which Vosk is not published; a model that lies there is then of no use.
    if engine == "vosk" or (engine == "auto" and importlib.util.find_spec("vosk") is not None):
        folder = vosk_model_for(model)
        if folder is not None:
            grammar = _grammar(folder, phrases)
            check = tuple(phrases) if grammar is None else ()
            spelled = {word: tuple(ways) for word, ways in (spellings or {}).items()}
            return Engine("vosk", folder, grammar, cache_dir, check=check, spellings=spelled)
        if engine == "vosk":
            raise ModelError(
                "There is no Vosk model.", "Run companion model fetch vosk-small, or use --engine pocketsphinx."
            )
    return Engine("pocketsphinx", None, tuple(phrases), cache_dir, said=tuple(said))


def _grammar(folder: Path, phrases: Sequence[str]) -> tuple[str, ...] | None:
    """The phrases for a small model; None for a large one, best left free: what it hears is held against them."""
    from companion.hearing.vosk import BIG_VOCABULARY
    from companion.hearing.vosk_files import vocabulary_size

    return None if not phrases or vocabulary_size(folder) > BIG_VOCABULARY else tuple(phrases)
