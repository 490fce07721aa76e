"""What takes long to make, made in a thread while the listener is already spoken to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from companion.events import Context, Decision, Hypothesis
from companion.ports import Router

T = TypeVar("T")


class Later(Generic[T]):
    """A thing being made.

    The thread is no daemon: it ends by itself, and one that is cut off inside a numerical library can keep the
    program from ending.

    Args:
        make: Makes it; called once, in the thread.

    """

    def __init__(self, make: Callable[[], T]) -> None:
        """Wait for ``begin``, or for the first who asks."""
        self._make = make
        self._made: list[T] = []
        self._error: Exception | None = None
        self._drop: Callable[[T], object] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Begin to make it; a second call is harmless."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="later")
                self._thread.start()

    def get(self) -> T:
        """The thing, waited for.

        Raises:
            Exception: Whatever making it raised, each time.

        """
        self.begin()
        assert self._thread is not None
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._made[0]

    def discard(self, drop: Callable[[T], object]) -> None:
        """Nobody will ask for it: ``drop`` it as soon as it is made. Does not wait."""
        with self._lock:
            if self._thread is None:
                return
            self._drop = drop
            made, self._made = self._made, []
        for thing in made:
            drop(thing)

    def _run(self) -> None:
        try:
            made = self._make()
        except Exception as error:  # noqa: BLE001, RUF100 - it is raised where the thing is asked for
            self._error = error
            return
        with self._lock:
            if self._drop is None:
                self._made = [made]
                return
        self._drop(made)


class LaterRouter:
    """``ports.Router``: the first to ask waits until there is one."""

    def __init__(self, make: Callable[[], Router]) -> None:
        """Begin with ``begin``, or with the first question."""
        self._router = Later(make)
        self.begin = self._router.begin
        """Make the router now, in the background."""

    def decide(self, heard: Hypothesis | str, context: Context) -> Decision:
        """See ``ports.Router``."""
        return self._router.get().decide(heard, context)
