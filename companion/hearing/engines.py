"""Which recogniser to open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from companion.hearing.process import Engine, ProcessRecognizer
from companion.ports import Recognizer
from companion.store import vosk_model_for


def open_recognizer(engine: str, model: Path | None, phrases: Sequence[str], cache: Path) -> Recognizer:
    """Vosk where its model is found, else PocketSphinx; always in a process of its own.

    Args:
        engine: "auto", "vosk" or "pocketsphinx".
        model: A Vosk model's folder or name; None to search (``COMPANION_MODEL``, the store, ``models/``).
        phrases: What a listener may say, lower case without punctuation: grammar and language model.
        cache: Folder for what is made from the phrases.

    Raises:
        ModelError: The named model is missing or damaged, or "vosk" was asked for and there is none.
        EngineError: The engine can't be loaded.
    """
    chosen = choose(engine, model, phrases, cache)
    return ProcessRecognizer(chosen)


def choose(engine: str, model: Path | None, phrases: Sequence[str], cache: Path) -> Engine:
    """What ``open_recognizer`` opens.

    Raises:
        ModelError: As there.
    """
    from companion.errors import ModelError
    from companion.hearing.vosk import BIG_VOCABULARY, check_model, vocabulary_size

    if engine != "pocketsphinx":
        folder = vosk_model_for(model)
        if folder is not None:
            check_model(folder)
            # A large model is best left free; what it hears is matched afterwards.
            free = vocabulary_size(folder) > BIG_VOCABULARY
            return Engine("vosk", folder, None if free else tuple(phrases), cache)
        if engine == "vosk":
            raise ModelError(
                "There is no Vosk model.", "Run companion model fetch vosk-small, or use --engine pocketsphinx."
            )
    return Engine("pocketsphinx", None, tuple(phrases), cache)
