"""Words over the companion's voice for as long as a headset is worn: put on or taken off, it is noticed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from companion.errors import CompanionError
from companion.showing import told_fault


class Words(Protocol):
    """Hears words over the companion's voice; see ``hearing.over.WordsOver``."""

    def push(self, block: object, *, speaking: bool) -> Sequence[str]:
        """Take a block; the words that were heard."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class WhileWorn:
    """An ``ears.OverWords`` that hears words only while a headset is worn.

    Args:
        worn: Whether one is; asked by ``look``, in its caller's thread.
        make: Opens what hears the words, which takes a second; raises EngineError.
        changed: Called with True when words begin to be heard, with False when they no longer are; in any thread.

    """

    def __init__(
        self, worn: Callable[[], bool], make: Callable[[], Words], changed: Callable[[bool], None]
    ) -> None:
        """Hear nothing until a ``look``."""
        self._worn, self._make, self._changed = worn, make, changed
        self._words: Words | None = None
        self._wanted = False
        self._lock = threading.Lock()
        self._opening: threading.Thread | None = None

    def look(self) -> None:
        """Look whether a headset is worn, and begin or end to hear words; does not wait for it."""
        wanted = self._worn()
        with self._lock:
            if wanted is self._wanted:
                return
            self._wanted = wanted
        if wanted:
            self._opening = threading.Thread(target=self._open, name="headset", daemon=True)
            self._opening.start()
        elif (words := self._taken()) is not None:
            self._changed(False)
            words.close()

    def wait(self) -> bool:
        """Wait until what ``look`` began is done; whether words are heard."""
        if self._opening is not None:
            self._opening.join()
        return self._words is not None

    def push(self, block: object, *, speaking: bool) -> Sequence[str]:
        """See ``ears.OverWords``."""
        words = self._words
        return words.push(block, speaking=speaking) if words is not None else ()

    def close(self) -> None:
        """Hear nothing any more; a second call is harmless."""
        if (words := self._taken()) is not None:
            words.close()
        if self._opening is not None:
            self._opening.join(5.0)

    def _taken(self) -> Words | None:
        """What hears the words, which are no longer wanted; None where nothing does."""
        with self._lock:
            self._wanted = False
            words, self._words = self._words, None
        return words

    def _open(self) -> None:
        try:
            words = self._make()
        except CompanionError:
            return  # the keys are there all the same
        except Exception as error:  # noqa: BLE001, RUF100 - a thread of ours must not die silently
            told_fault("headset", error)
            return
        with self._lock:
            kept = self._wanted and self._words is None
            if kept:
                self._words = words
        if kept:
            self._changed(True)
        else:
            words.close()
