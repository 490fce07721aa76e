"""Same words, same answer: across threads, processes and hash seeds."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from companion.content import load_pack
from companion.understanding.normal import stem

ROOT = Path(__file__).resolve().parent.parent
_SPEC = importlib.util.spec_from_file_location("golden", ROOT / "scripts" / "golden.py")
assert _SPEC is not None and _SPEC.loader is not None
golden = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(golden)


@pytest.mark.parametrize("path", sorted(golden.GOLDEN.glob("*.txt")), ids=lambda p: p.stem)
def test_golden_conversations_go_as_before(path: Path) -> None:
    """When a change is meant: ``scripts/golden.py --write``, and read the difference."""
    assert golden.replayed(path) == path.read_text(encoding="utf-8")


def test_the_same_words_get_the_same_answer_in_every_process(tmp_path: Path) -> None:
    """Whatever order Python's sets and dictionaries of text come in."""
    pack = load_pack()
    lines = [w for item in pack.items for w in (item.question, *item.wordings)[:6]]
    lines += [f"um {w} or so, I gather" for w in lines[::5]] + [p for r in pack.urgent for p in r.prototypes[:3]]
    lines += [*pack.advice_prototypes[:20], *pack.decoys[:20], "metastisis", "spred of canser", "next", "three"]
    answers = []
    for number, seed in enumerate(("0", "1", "4294967295")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "COMPANION_HOME": str(tmp_path / str(number % 2))}
        done = subprocess.run(
            [sys.executable, "-m", "companion", "ask", "--batch", "--explain"], input="\n".join([*lines, ""]),
            capture_output=True, text=True, encoding="utf-8", cwd=ROOT, env=env, check=True,
        )  # fmt: skip
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(rows) == len(lines) > 150
        for row in rows:
            del row["seconds"]
        answers.append(rows)
    for first, *others in zip(*answers, strict=True):
        assert all(other == first for other in others), first["heard"]


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
