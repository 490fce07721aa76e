"""Same words, same answer: across threads, processes and hash seeds."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from companion.understanding.normal import stem


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads change places far more often than usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_two_threads_stem_as_one_does(hasty: None) -> None:
    """The topic model is made in a thread of its own, while the first question is already being stemmed."""
    words = "spreading breathing bleeding metastasis treatments symptoms conditional generously relational".split()
    right = {w: stem.__wrapped__(w) for w in words}
    wrong: list[str] = []

    def work() -> None:
        for _ in range(600):
            for word in words:
                try:
                    found = stem.__wrapped__(word)
                except Exception as error:
                    found = type(error).__name__
                if found != right[word]:
                    wrong.append(f"{word}: {found}")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
