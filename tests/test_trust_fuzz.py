"""Any bytes in: a short pass of scripts/fuzz.py over its small corpus, from a fixed seed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_SPEC = importlib.util.spec_from_file_location("fuzz", ROOT / "scripts" / "fuzz.py")
assert _SPEC is not None and _SPEC.loader is not None
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_no_bytes_end_in_anything_but_a_result_or_a_line(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a crash's input would be written
    assert len(fuzz.corpus(target)) >= 2
    fuzz.at_random(target, 150, seed=1)


def test_the_corpus_has_a_folder_for_every_target() -> None:
    assert {p.name for p in fuzz.CORPUS.iterdir()} == set(fuzz.TARGETS)
    assert sum(p.stat().st_size for p in fuzz.CORPUS.rglob("*")) < 500_000


def test_a_fault_is_found_and_its_input_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(data: bytes) -> None:
        if b"spell" in data:
            raise KeyError("x")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(fuzz.TARGETS, "text", faulty)
    with pytest.raises(AssertionError, match="spell"):
        fuzz.at_random("text", 10, seed=1)
    assert b"spell" in (tmp_path / "crash-text").read_bytes()
